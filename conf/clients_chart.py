# SPDX-License-Identifier: Apache-2.0
"""docs/clients.svg: how long after the server's FIN each client closed a connection that it had left idle
after one request."""

import html
import math

LEFT, RIGHT, TOP, LINE, WIDTH = 250, 90, 78, 17, 860
FIRST_MS, LAST_MS = 10, 70_000
TICKS = {10: "10 ms", 100: "0.1 s", 1000: "1 s", 10_000: "10 s", 60_000: "60 s"}
MARKS = {"HTTP/1.1": "plain", "HTTP/1.1 in TLS": "tls", "HTTP/2": "h2"}
STAYS = WIDTH - RIGHT + 45
HEAD = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" aria-labelledby="title">
  <!-- SPDX-License-Identifier: Apache-2.0; made from conf/clients.csv by make clients -->
  <title id="title">{title}</title>
  <style>
    svg {{ --ink: #1f2328; --faint: #59636e; --paper: #ffffff; --rule: #d9dee3; --plain: #0a5fc2; --tls: #1a7f37; --h2: #a85500; }}
    @media (prefers-color-scheme: dark) {{
      svg {{ --ink: #e6edf3; --faint: #9aa5b1; --paper: #0d1117; --rule: #2d343c; --plain: #6cb2ff; --tls: #56d364; --h2: #f0a860; }}
    }}
    text {{ font: 12px system-ui, sans-serif; fill: var(--ink); }}
    .head {{ font-size: 14px; font-weight: 600; }}
    .faint {{ fill: var(--faint); }}
    .end {{ text-anchor: end; }}
    .mid {{ text-anchor: middle; }}
    line {{ stroke: var(--rule); }}
    .plain {{ fill: var(--plain); }}
    .tls {{ fill: var(--tls); }}
    .h2 {{ fill: var(--h2); }}
  </style>
  <rect width="{width}" height="{height}" style="fill: var(--paper)"/>
  <text class="head" x="16" y="26">{title}</text>
"""
TITLE = "Time from the server's FIN to the client's, on a connection left idle after one request"


def place(ms):
    share = math.log(max(ms, FIRST_MS) / FIRST_MS) / math.log(LAST_MS / FIRST_MS)
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def mark(x, y, protocol):
    kind = MARKS[protocol]
    if kind == "plain":
        return f'  <circle class="{kind}" cx="{x:.0f}" cy="{y}" r="4.5"/>\n'
    turn = f' transform="rotate(45 {x:.0f} {y})"' if kind == "h2" else ""
    return f'  <rect class="{kind}" x="{x - 4:.0f}" y="{y - 4}" width="8" height="8"{turn}/>\n'


def time_of(row):
    """Its place: closed first is at once, and who never closed has a column of its own."""
    if row["outcome"] == "timeout":
        return math.inf
    return int(row["fin_wait_2_ms"])


def axis(height):
    text = ""
    for ms, label in TICKS.items():
        x = place(ms)
        text += (f'  <line x1="{x:.0f}" x2="{x:.0f}" y1="{TOP - 10}" y2="{height - 10}"/>\n'
                 f'  <text class="mid faint" x="{x:.0f}" y="{TOP - 16}">{label}</text>\n')
    text += f'  <text class="mid" x="{STAYS}" y="{TOP - 16}">never</text>\n'
    for i, protocol in enumerate(MARKS):
        x = LEFT + i * 140
        text += mark(x, 42, protocol) + f'  <text x="{x + 10}" y="46">{protocol}</text>\n'
    return text


def chart_of(clients):
    """clients: {name: its rows}, one for each protocol."""
    timed = {name: [row for row in rows if row["outcome"] not in ("", "varies")]
             for name, rows in clients.items()}
    order = sorted((name for name in timed if timed[name]),
                   key=lambda name: (max(map(time_of, timed[name])), name.lower()))
    height = TOP + LINE * len(order) + 16
    text = HEAD.format(width=WIDTH, height=height, title=html.escape(TITLE)) + axis(height)
    for i, name in enumerate(order):
        y = TOP + LINE * i + 6
        text += f'  <text class="end" x="{LEFT - 14}" y="{y + 4}">{html.escape(name)}</text>\n'
        for j, row in enumerate(timed[name]):
            time = time_of(row)
            text += mark(STAYS + (j - 1) * 12 if time == math.inf else place(time), y, row["protocol"])
    return text + "</svg>\n"
