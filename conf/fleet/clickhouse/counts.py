# SPDX-License-Identifier: Apache-2.0
"""What is counted of closes: each column's name, how one comes from Records, and its key in a tally line."""

from words import BOUNDS, BUCKETS, CAUSES, DRAINS, OUTCOMES

IS_STUCK = ("({state} = 'fin_wait_2' AND {probe} != 'silent' AND {drain} IN ('idle_timeout', 'deadline'))")
IS_IDLE = "({cause} IN ('keepalive_timeout', 'workers_busy') AND {http_version} != '2' AND {via} = 0)"


def buckets():
    """(name, condition on fin_wait_2_ms)"""
    below = 0
    for bound in BOUNDS:
        yield str(bound), f"{{fin_wait_2_ms}} > {below} AND {{fin_wait_2_ms}} <= {bound}"
        below = bound
    yield BUCKETS[-1], f"{{fin_wait_2_ms}} > {below}"


def counts():
    """(column, expression over Records, key after `finwait.tally.`; None: a tally does not tell)"""
    yield "closes", "count()", "closes"
    yield "stuck", f"countIf({IS_STUCK})", "stuck"
    yield "preventable", f"countIf({IS_STUCK} AND {IS_IDLE})", "preventable"
    for column in "requests", "drained_bytes", "fin_wait_2_ms":
        yield column, f"sum({{{column}}})", column
    yield "remedied_closes", "countIf({remedy} != '')", "remedied.closes"
    yield "remedied_stuck", f"countIf({{remedy}} != '' AND {IS_STUCK})", "remedied.stuck"
    yield "remedied_fin_wait_2_ms", "sumIf({fin_wait_2_ms}, {remedy} != '')", "remedied.fin_wait_2_ms"
    for kind, words in ("outcome", OUTCOMES), ("cause", CAUSES), ("drain", DRAINS):
        for word in words:
            yield f"{kind}_{word}", f"countIf({{{kind}}} = '{word}')", f"{kind}.{word}"
    for word in CAUSES:
        yield f"stuck_cause_{word}", f"countIf({IS_STUCK} AND {{cause}} = '{word}')", None
    for name, condition in buckets():
        yield f"bucket_{name}", f"countIf({condition})", f"fin_wait_2_bucket.{name}"


COUNTS = list(counts())
COLUMNS = [column for column, _, _ in COUNTS]


def of_records(names):
    """`names`: what the expressions call state, cause, ..."""
    return [f"{expression.format_map(names)} AS {column}" for column, expression, _ in COUNTS]


def of_tallies(name):
    """`name(key)`: the expression for a key of a tally line."""
    return [f"sum({name(key)}) AS {column}" if key else f"toUInt64(0) AS {column}" for column, _, key in COUNTS]
