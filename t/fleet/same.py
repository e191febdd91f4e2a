# SPDX-License-Identifier: Apache-2.0
"""Whether two reports (--json) tell the same: every figure, but for address counts over 1,024, which are estimates of both."""

EXACT_MAX, ESTIMATED_WITHIN = 1024, 0.08  # five times the standard error of the report's own
OF_READING = {"made_ms", "sources", "reading", "program_version"}


def is_same_count(a, b):
    return a == b if max(a, b) <= EXACT_MAX else abs(a - b) <= ESTIMATED_WITHIN * max(a, b)


def of_a_network(row):
    """An engine's proxies that --anonymize makes one row of: at least so many addresses."""
    return bool(row.get("peer")) and row.get("addresses_at_least") is True


def differences(a, b, where=""):
    if isinstance(a, dict) and isinstance(b, dict):
        for key in a.keys() | b.keys():
            if key in OF_READING or key == "addresses_at_least" and of_a_network(b):
                continue
            if key == "addresses" and of_a_network(b) and b[key] <= a.get(key, 0):
                continue
            if key == "addresses" and key in a and key in b:
                if not is_same_count(a[key], b[key]):
                    yield f"{where}.{key}", a[key], b[key]
            else:
                yield from differences(a.get(key), b.get(key), f"{where}.{key}")
    elif isinstance(a, list) and isinstance(b, list):
        if len(a) != len(b):
            yield f"{where} has so many", len(a), len(b)
        for number, (one, other) in enumerate(zip(a, b)):
            name = one.get("name", number) if isinstance(one, dict) else number
            yield from differences(one, other, f"{where}[{name}]")
    elif isinstance(a, float) and isinstance(b, float):
        if abs(a - b) > 1e-9 * max(abs(a), abs(b), 1e-9):
            yield where, a, b
    elif a != b:
        yield where, a, b


def figures(report):
    """How many are compared."""
    if isinstance(report, dict):
        return sum(figures(value) for key, value in report.items() if key not in OF_READING)
    return sum(map(figures, report)) if isinstance(report, list) else 1
