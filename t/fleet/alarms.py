# SPDX-License-Identifier: Apache-2.0
"""The alarms of conf/fleet/prometheus and the dashboard of conf/fleet/grafana: on themselves (promtool, amtool), on a real
httpd's metrics, and from a real Apache's stuck sockets to the message that alertmanager sends. A part of t/fleet/check, and
t/fleet/alarms alone."""

import json
import pathlib
import re
import shutil
import subprocess
import tempfile

import cache

TREE = pathlib.Path(__file__).resolve().parent.parent.parent
PROMETHEUS = TREE / "conf" / "fleet" / "prometheus"
RULES = PROMETHEUS / "finwait-rules.yml"
RULES_TESTS = sorted(PROMETHEUS.glob("finwait-rules*_test.yml"))
ALERTMANAGER = PROMETHEUS / "alertmanager.yml"
DASHBOARD = TREE / "conf" / "fleet" / "grafana" / "finwait-dashboard.json"

RECORD = r"\b[a-z_]+:finwait_[a-z0-9_]+:[a-z0-9_]+"
METRIC = r"(?<![:\w])finwait_[a-z0-9_]+(?![:\w])"


class Failed(Exception):
    pass


def output_of(*command):
    done = subprocess.run(command, cwd=TREE, capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise Failed(" ".join(map(str, command)) + "\n" + done.stdout + done.stderr)
    return done.stdout


def alerts():
    """{name: severity} as the rules have them, in their order."""
    return dict(re.findall(r"- alert: (\w+)\n(?:(?!- alert).*\n)*?    labels: \{severity: (\w+)\}", RULES.read_text()))


def records():
    return re.findall(r"- record: (\S+)", RULES.read_text())


def without_comments(text):
    return re.sub(r"(?m)^\s*#.*$", "", text)


def panels():
    return [panel for panel in json.loads(DASHBOARD.read_text())["panels"] if panel["type"] != "row"]


def expressions():
    """{a panel's title and query: its PromQL, with Grafana's variables replaced}."""
    found = {}
    for panel in panels():
        for query in panel["targets"]:
            found[f"{panel['title']} {query['refId']}"] = (
                query["expr"].replace("$__rate_interval", "1m").replace("$instance", ".*"))
    return found


def check_rules():
    """promtool reads the rules and Prometheus' configuration."""
    output_of("promtool", "check", "rules", "--lint-fatal", RULES)
    output_of("promtool", "check", "config", PROMETHEUS / "prometheus.yml")


def check_rule_tests():
    """Each alarm rings when it should, and not before."""
    output_of("promtool", "test", "rules", *RULES_TESTS)


def check_that_nothing_is_untested():
    """Each alarm has a test that it rings, one that it does not, and a paragraph on what to do."""
    if len(alerts()) != 10 or len(alerts()) != RULES.read_text().count("- alert:"):
        raise Failed(f"there are to be ten alarms: {', '.join(alerts())}")
    tests, documents = "".join(test.read_text() for test in RULES_TESTS), (TREE / "docs" / "fleet.md").read_text()
    alarms = documents[documents.find("\n## Alarms\n"):]
    for name in alerts():
        if not re.search(rf"alertname: {name}, eval_time: \w+, exp_alerts: \[\]", tests):
            raise Failed(f"{name}: no test that it stays silent")
        if not re.search(rf"alertname: {name}\n +eval_time: \w+\n +exp_alerts:\n", tests):
            raise Failed(f"{name}: no test that it rings")
        if f"\n### {name}\n" not in alarms or f"docs/fleet.md#{name.lower()}\n" not in RULES.read_text():
            raise Failed(f"{name}: docs/fleet.md, Alarms, does not say what to do")
    for record in records():
        if not any(record in text for text in (tests, DASHBOARD.read_text(), *alert_expressions())):
            raise Failed(f"nobody asks for {record}")


def alert_expressions():
    return RULES.read_text().split("- alert:")[1:]


def check_routes():
    """amtool: alertmanager's configuration, and who hears of each alarm."""
    amtool = cache.debian_package("prometheus-alertmanager") / "usr" / "bin" / "amtool"
    output_of(amtool, "check-config", ALERTMANAGER)
    for name, severity in alerts().items():
        receiver = "page" if severity == "critical" else "team"
        output_of(amtool, "config", "routes", "test", f"--config.file={ALERTMANAGER}",
            f"--verify.receivers={receiver}", f"alertname={name}", f"severity={severity}", "instance=web1")


def made_dashboard():
    if not shutil.which("node"):
        raise cache.NotHad("node is not installed")
    modules = cache.npm_packages(TREE / "t" / "fleet" / "dashboard")
    return output_of("node", DASHBOARD.parent / "make_dashboard.mjs", modules / "@grafana" / "grafana-foundation-sdk")


def check_that_the_dashboard_is_made():
    """finwait-dashboard.json is what make_dashboard.mjs makes."""
    if made_dashboard() != DASHBOARD.read_text():
        raise Failed("it is not: run t/fleet/alarms --write")


def check_dashboard():
    """Each expression is PromQL, each of the rules' names is recorded, each panel has its number and place."""
    with tempfile.TemporaryDirectory() as folder:
        rules = pathlib.Path(folder) / "rules.yml"
        rules.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": [
            {"record": f"panel:{number}", "expr": expr} for number, expr in enumerate(expressions().values())]}]}))
        output_of("promtool", "check", "rules", rules)
    unknown = set(re.findall(RECORD, DASHBOARD.read_text())) - set(records())
    if unknown:
        raise Failed("nobody records " + ", ".join(unknown))
    for what in (lambda panel: panel["id"], lambda panel: (panel["gridPos"]["x"], panel["gridPos"]["y"])):
        if len({what(panel) for panel in panels()}) != len(panels()):
            raise Failed("two panels have the same number or place")


def names_asked_for():
    text = without_comments(RULES.read_text()) + DASHBOARD.read_text()
    return set(re.findall(METRIC, text)) - {"finwait_dashboard"}


def check_names_on(page):
    """Every metric that rules and dashboard ask for is on a page that a real httpd was asked for."""
    kinds = dict(re.findall(r"(?m)^# TYPE (\w+) (\w+)$", page))
    known = {name + suffix for name, kind in kinds.items()
             for suffix in (("_bucket", "_sum", "_count") if kind == "histogram" else ("",))}
    unknown = names_asked_for() - known
    # A network namespace, so a container, does not show the machine's.
    if not pathlib.Path("/proc/sys/net/ipv4/tcp_max_orphans").exists():
        unknown.discard("finwait_kernel_max_orphans")
    if unknown:
        raise Failed("httpd has no " + ", ".join(sorted(unknown)))


def check_a_real_fleet():
    """Stuck sockets of a real Apache ring, alertmanager tells it, every panel shows something."""
    import alarm_chain
    with alarm_chain.Chain(cache.debian_package("prometheus-alertmanager")) as chain:
        chain.fill_fin_wait_2()
        check_names_on(chain.metrics())
        chain.expect("team", "FinWait2BuildUp", "firing")
        empty = [name for name, expr in expressions().items()
                 if not chain.answers(expr) and not name.startswith(alarm_chain.MAY_BE_EMPTY)]
        if empty:
            raise Failed("nothing to see in: " + ", ".join(empty))
        chain.stop_httpd()
        chain.expect("page", "FinWaitCloserDown", "firing")
        chain.start_httpd()
        chain.expect("page", "FinWaitCloserDown", "resolved")


CHECKS = [check_rules, check_rule_tests, check_that_nothing_is_untested, check_routes,
          check_that_the_dashboard_is_made, check_dashboard, check_a_real_fleet]


def write_dashboard():
    DASHBOARD.write_text(made_dashboard())


def run(tally, _closes=0, wanted=()):
    for check in CHECKS:
        name = check.__name__.removeprefix("check_")
        if wanted and name not in wanted:
            continue
        try:
            check()
            tally.that(True, f"{name}: {check.__doc__}")
        except cache.NotHad as reason:
            tally.skip(f"{name}: {reason}")
        except (Failed, OSError, RuntimeError, subprocess.SubprocessError) as error:
            tally.that(False, f"{name}: {check.__doc__}\n{error}")
