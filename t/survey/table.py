# SPDX-License-Identifier: Apache-2.0
"""What `make survey` says when all is measured: the table, what differed, and whether finwait-report sees
in the same logs the same culprits."""

import csv
import json
import subprocess

from clients import HERE, all_clients
from root import DOMAIN, STATE
from server import CELLS, DRAIN_SECONDS, PROTOCOLS, SITUATIONS, httpd, numbers_of, peer_address
from verdicts import Results, ends_stuck, rows_of, speaks_h2 as is_h2

TABLE = httpd.TREE / "conf" / "clients.csv"
CONF = httpd.TREE / "conf" / "finwait-clients.conf"
NOT_HAD = HERE / "not_had.csv"
REPORT = httpd.OUT / "finwait-report"


def speaks_h2(run, cell):
    records = run.records.get(cell.address.rpartition(".")[0] + f".{CELLS.index(('h2', 'one')) + 1}", [])
    if not records:  # of an earlier log
        result = Results(run.name).records.get(f"{cell.client.slug}-h2-one")
        records = [result] if result else []
    return any(is_h2(record) for record in records)


def cell_text(row, situation):
    outcome = row["outcome" if situation == "one" else situation]
    ms = row["fin_wait_2_ms" if situation == "one" else f"{situation}_ms"]
    return f"{outcome} {int(ms) / 1000:.1f}" if outcome else "-"


def show(rows):
    print(f"{'client':30} {'':16} {'one':17} {'ten':17} {'half':17} {'probe':9} {'GOAWAY':7} version")
    for row in rows:
        cells = " ".join(f"{cell_text(row, situation):17}" for situation in ("one", "ten", "half"))
        print(f"{row['client']:30} {row['protocol']:16} {cells} {row['probe']:9} {row['goaway']:7} "
              f"{row['version']}")


def show_missing(clients, results):
    """Returns the clients of which there is no Record at all."""
    reasons = json.loads((STATE / "missing.json").read_text())
    with open(NOT_HAD, newline="") as file:
        reasons |= {row["client"]: row["why"] for row in csv.DictReader(file)}
    for client in clients:
        if client.name not in reasons and not any(result.verdicts(client) for result in results):
            reasons[client.name] = results[0].why_not(client, "http1", "one") or "no Record"
    for name, reason in sorted(reasons.items()):
        print(f"cannot be had: {name}: {reason}")
    return set(reasons)


def show_gaps(clients, results):
    for client in clients:
        for protocol, situation in CELLS:
            reason = next((cell["failed"] for result in results
                           if (cell := result.cells.get(f"{client.slug}-{protocol}-{situation}")) and
                           "failed" in cell), None)
            if reason:
                print(f"no Record: {client.name}, {protocol} {situation}: {reason}")


def differences(clients, results):
    different = 0
    for client in clients:
        first, second = (result.verdicts(client) for result in results)
        unlike = [f"{protocol} {situation}: {first.get((protocol, situation), '-')}, then "
                  f"{second.get((protocol, situation), '-')}"
                  for protocol, situation in CELLS
                  if first.get((protocol, situation)) != second.get((protocol, situation))]
        different += bool(unlike)
        for text in unlike:
            print(f"differs: {client.name}, {text}")
    print(f"the same in both runs: {len(clients) - different} of {len(clients)} clients")


def read_back(clients, results):
    """The Record of each row again, by finwait-report: `show` tells how that connection ended."""
    asked = missed = 0
    for client in clients:
        for protocol in PROTOCOLS:
            found = [(result, record) for result in results for situation in SITUATIONS
                     if (record := result.record(client, protocol, situation))
                     and record["finwait.socket_cookie"] != "0"]  # without a drain it has none
            if not found:
                continue
            result, record = found[0]
            asked += 1
            said = subprocess.run([REPORT, "--no-progress", "show", record["finwait.socket_cookie"], *result.logs],
                                  capture_output=True, text=True).stdout
            if f"\noutcome       {record['finwait.outcome']}:" not in said:
                missed += 1
                print(f"finwait-report does not find it: {client.name}, {protocol}")
    print(f"read back by finwait-report: {asked - missed} of {asked} rows")
    return missed == 0


def blamed_by_report(cell, names, results):
    """Of the closes of one protocol and situation, in both runs. Each client has an address of its own, so a row
    of --by address is a row of the table."""
    lines = []
    for result in results:
        # A client may have been measured before, or been stopped in the midst of it.
        counts = {(entry["log"], entry["address"]) for entry in result.cells.values()
                  if (entry["protocol"], entry["situation"]) == cell}
        lines += [line for log in result.logs for line in log.read_text().splitlines(True)
                  if (log.name, json.loads(line).get("network.local.address")) in counts]
    said = subprocess.run([REPORT, "--no-progress", "--json", "--by", "address", "--min", "2", "-"],
                          input="".join(lines), capture_output=True, text=True, check=True).stdout
    return {names[row["peer"] or row["name"]] for row in json.loads(said)["rows"] if row["judgement"] == "culprit"}


def compare_with_report(clients, results):
    """Of what was not the same in both runs, nobody says that it is stuck."""
    names, is_same = {peer_address(number): slug for slug, number in numbers_of(clients).items()}, True
    for protocol, situation in CELLS:
        ends = {client.slug: ends_stuck(client, protocol, situation, results) for client in clients}
        stuck = {slug for slug, answers in ends.items() if answers == {True}}
        blamed = {slug for slug in blamed_by_report((protocol, situation), names, results)
                  if len(ends.get(slug, ())) == 1}
        for name in sorted(blamed - stuck):
            print(f"finwait-report blames {name} on {protocol} {situation}, the table does not")
        for name in sorted(stuck - blamed):
            print(f"the table calls {name} stuck on {protocol} {situation}, finwait-report does not blame it")
        print(f"{protocol} {situation}: finwait-report blames {len(blamed)} clients, the table calls {len(stuck)} stuck")
        is_same &= blamed == stuck
    return is_same


def remedied_in_table():
    """(client, protocol) of those that have one against what was seen there."""
    with open(TABLE, newline="") as file:
        return {(row["client"], row["protocol"]) for row in csv.DictReader(file) if row["remedy"]}


def tell_remedies(clients, name):
    """nokeepalive is to make it close by itself, where httpd heeds it; finwait-timeout to let go of it soon."""
    results, is_well = Results(name), True
    for client in clients:
        for protocol in PROTOCOLS:
            record = results.record(client, protocol, "one")
            if record:
                helps = record["finwait.fin_wait_2_ms"] < (DRAIN_SECONDS + 5) * 1000
                is_well &= helps
                print(f"{client.name:30} {protocol:6} {record['finwait.cause']:18} {record['finwait.outcome']:13} "
                      f"{record['finwait.fin_wait_2_ms'] / 1000:5.1f} s{'' if helps else '  NO HELP'}")
    return 0 if is_well else 1


def write(rows, clients):
    """In place of what the survey wrote before of these clients; the rows of the page of 1997 stay first."""
    columns = rows[0].keys()
    names, written = [client.name for client in all_clients()], {client.name for client in clients}
    with open(TABLE, newline="") as file:
        there = list(csv.DictReader(file))
    old = [row for row in there if row["seen"] == "1997"]
    kept = [row for row in there if row["client"] in names and row["client"] not in written]
    rows = sorted(kept + rows, key=lambda row: names.index(row["client"]))
    with open(TABLE, "w", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n", restval="")
        writer.writeheader()
        writer.writerows(old + rows)


def tell(clients, runs, goaway_runs, is_to_write):
    results, goaway_results = ([Results(name) for name in names] for names in (runs, goaway_runs))
    missing = show_missing(clients, results)
    clients = [client for client in clients if client.name not in missing]
    show_gaps(clients, results)
    rows = [row for client in clients for row in rows_of(client, results, goaway_results)]
    show(rows)
    differences(clients, results)
    is_well = read_back(clients, results) & compare_with_report(clients, results)
    if is_to_write:
        write(rows, clients)
    return 0 if is_well else 1
