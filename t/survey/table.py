# SPDX-License-Identifier: Apache-2.0
"""What `make survey` says when all is measured: the table, what differed, and whether finwait-report sees
in the same logs the same culprits."""

import csv
import json
import subprocess

from clients import HERE
from root import DOMAIN, STATE
from server import CELLS, PROTOCOLS, httpd, numbers_of, peer_address
from verdicts import Results, remedy_of, rows_of, stuck_situations, speaks_h2 as is_h2

TABLE = httpd.TREE / "conf" / "clients.csv"
NOT_HAD = HERE / "not_had.csv"
REPORT = httpd.OUT / "finwait-report"


def speaks_h2(run, cell):
    records = run.records.get(cell.address.rpartition(".")[0] + f".{CELLS.index(('h2', 'one')) + 1}", [])
    if not records:  # of an earlier log
        result = Results(run.number).records.get(f"{cell.client.slug}-h2-one")
        records = [result] if result else []
    return any(is_h2(record) for record in records)


def cell_text(row, situation):
    outcome = row["outcome" if situation == "one" else situation]
    ms = row["fin_wait_2_ms" if situation == "one" else f"{situation}_ms"]
    return f"{outcome} {int(ms) / 1000:.1f}" if outcome else "-"


def show(rows):
    print(f"{'client':30} {'':16} {'one':17} {'ten':17} {'half':17} {'probe':9} version")
    for row in rows:
        cells = " ".join(f"{cell_text(row, situation):17}" for situation in ("one", "ten", "half"))
        print(f"{row['client']:30} {row['protocol']:16} {cells} {row['probe']:9} {row['version']}")


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
    """Each Record again, by finwait-report: `show` tells how that connection ended."""
    asked = missed = 0
    for result in results:
        for client in clients:
            for cell in CELLS:
                record = result.record(client, *cell)
                if not record or record["finwait.socket_cookie"] == "0":
                    continue  # it had no drain, and so no cookie
                asked += 1
                said = subprocess.run([REPORT, "--no-progress", "show", record["finwait.socket_cookie"],
                                       *result.logs], capture_output=True, text=True).stdout
                if record["finwait.outcome"] not in said:
                    missed += 1
                    print(f"finwait-report does not find it: {client.name}, {cell}")
    print(f"read back by finwait-report: {asked - missed} of {asked} Records")
    return missed == 0


def blamed_by_report(protocol, names, results):
    """Each client has an address of its own, so a row of --by address is a row of the table."""
    said = subprocess.run([REPORT, "--no-progress", "--json", "--by", "address", "--vhost", f"{protocol}.{DOMAIN}",
                           "--min", "2", *(log for result in results for log in result.logs)],
                          capture_output=True, text=True, check=True).stdout
    return {names[row["peer"] or row["name"]] for row in json.loads(said)["rows"] if row["judgement"] == "culprit"}


def compare_with_report(clients, results):
    numbers = numbers_of(clients)
    names = {peer_address(number): slug for slug, number in numbers.items()}
    is_same = True
    for protocol in PROTOCOLS:
        blamed = blamed_by_report(protocol, names, results)
        stuck = {client.slug for client in clients if stuck_situations(client, protocol, results)}
        for name in sorted(blamed - stuck):
            print(f"finwait-report blames {name} on {protocol}, the table does not")
        for name in sorted(stuck - blamed):
            print(f"the table calls {name} stuck on {protocol}, finwait-report does not blame it")
        print(f"{protocol}: finwait-report blames {len(blamed)} clients, the table calls {len(stuck)} stuck")
        is_same &= blamed == stuck
    return is_same


def write(rows):
    """In place of what the survey wrote before; the rows of the page of 1997 stay."""
    with open(TABLE, newline="") as file:
        old = [row for row in csv.DictReader(file) if row["seen"] == "1997"]
    with open(TABLE, "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n", restval="")
        writer.writeheader()
        writer.writerows(old + rows)


def one_remedy_for_each_pattern(rows):
    """httpd knows a client by its User-Agent alone: what one of that name needs, all of them get."""
    words = {}
    for row in rows:
        words.setdefault(row["pattern"], set()).update(row["remedy"].split())
    for row in rows:
        row["remedy"] = " ".join(sorted(words[row["pattern"]], reverse=True)) if row["pattern"] else ""


def tell(clients, runs, is_to_write):
    results = [Results(number) for number in runs]
    missing = show_missing(clients, results)
    clients = [client for client in clients if client.name not in missing]
    show_gaps(clients, results)
    rows = [row for client in clients for row in rows_of(client, results, remedy_of(client, results))]
    one_remedy_for_each_pattern(rows)
    show(rows)
    differences(clients, results)
    is_well = read_back(clients, results) & compare_with_report(clients, results)
    if is_to_write:
        write(rows)
    return 0 if is_well else 1
