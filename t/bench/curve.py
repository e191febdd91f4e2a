# SPDX-License-Identifier: Apache-2.0
"""A figure as SVG, readable in light and dark: curves over a logarithmic axis from 0, values on a
logarithmic one, each curve's name and last value at its end."""

import dataclasses
import html
import math

LEFT, RIGHT, TOP, BOTTOM = 70, 520, 60, 400
WIDTH, HEIGHT = 840, 460
LABEL_HEIGHT = 19

STYLE = """\
    svg { --ink: #1f2328; --faint: #59636e; --paper: #ffffff; --rule: #d9dee3; --stock: #a85500; --module: #0a5fc2; }
    @media (prefers-color-scheme: dark) {
      svg { --ink: #e6edf3; --faint: #9aa5b1; --paper: #0d1117; --rule: #2d343c; --stock: #f0a860; --module: #6cb2ff; }
    }
    text { font: 14px system-ui, sans-serif; fill: var(--ink); }
    .small { font-size: 12px; fill: var(--faint); }
    .head { font-weight: 600; }
    .end { text-anchor: end; }
    .mid { text-anchor: middle; }
    .rule { stroke: var(--rule); }
    .curve { fill: none; stroke-width: 2.5; stroke-linejoin: round; }
    .stock { stroke: var(--stock); }
    .module { stroke: var(--module); }
    .nginx { stroke: var(--faint); }
    text.stock { fill: var(--stock); stroke: none; }
    text.module { fill: var(--module); stroke: none; }
    text.nginx { fill: var(--faint); stroke: none; }
    .worker { stroke-dasharray: 9 4; }
    .prefork { stroke-dasharray: 2 4; }
    .lead { stroke-width: 1; stroke-dasharray: none; opacity: 0.6; }
"""


@dataclasses.dataclass
class Line:
    name: str
    style: str  # classes of STYLE
    points: list  # (x, value), in order


def svg(title, x_title, lines):
    """As text. `lines` have the same x, from 0; values are more than 0."""
    xs = [x for x, _ in lines[0].points]
    values = [value for line in lines for _, value in line.points]
    low, high = min(values) * 0.8, max(values) * 1.2

    def place(x, value):
        across = math.log1p(x) / math.log1p(xs[-1])
        up = math.log(value / low) / math.log(high / low)
        return LEFT + across * (RIGHT - LEFT), BOTTOM - up * (BOTTOM - TOP)

    parts = [*head(title), *axes(xs, low, high, place),
             f'  <text class="small mid" x="{(LEFT + RIGHT) / 2}" y="{BOTTOM + 42}">{html.escape(x_title)}</text>',
             *curves(lines, place), *labels(lines, place), "</svg>"]
    return "\n".join(parts) + "\n"


def head(title):
    yield (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
           f'height="{HEIGHT}" role="img" aria-labelledby="title">')
    yield "  <!-- SPDX-License-Identifier: Apache-2.0 -->"
    yield f'  <title id="title">{html.escape(title)}</title>'
    yield f"  <style>\n{STYLE}  </style>"
    yield f'  <rect width="{WIDTH}" height="{HEIGHT}" style="fill: var(--paper)"/>'
    yield f'  <text class="head" x="16" y="30">{html.escape(title)}</text>'


def axes(xs, low, high, place):
    for value in (digit * 10 ** power for power in range(9) for digit in (1, 2, 5)):
        if low <= value <= high:
            _, y = place(0, value)
            yield f'  <line class="rule" x1="{LEFT}" y1="{y:.1f}" x2="{RIGHT}" y2="{y:.1f}"/>'
            yield f'  <text class="small end" x="{LEFT - 8}" y="{y + 4:.1f}">{value:,}</text>'
    for x in xs:
        across, _ = place(x, low)
        yield f'  <line class="rule" x1="{across:.1f}" y1="{TOP}" x2="{across:.1f}" y2="{BOTTOM + 5}"/>'
        yield f'  <text class="small mid" x="{across:.1f}" y="{BOTTOM + 20}">{x}</text>'


def curves(lines, place):
    for line in lines:
        points = " ".join("{:.1f},{:.1f}".format(*place(*point)) for point in line.points)
        yield f'  <polyline class="curve {line.style}" points="{points}"/>'


def labels(lines, place):
    """From the top down, none over another, each joined to the end of its curve."""
    ends = sorted(((place(*line.points[-1]), line) for line in lines), key=lambda end: end[0][1])
    tops = [end[0][1] for end in ends]
    tops[0] = max(TOP - 12, tops[0] - LABEL_HEIGHT * crowd(tops) / 2)
    for i in range(1, len(tops)):
        tops[i] = max(tops[i], tops[i - 1] + LABEL_HEIGHT)
    for y, ((x, end), line) in zip(tops, ends):
        yield (f'  <line class="lead {line.style}" x1="{x:.1f}" y1="{end:.1f}" x2="{RIGHT + 28}" '
               f'y2="{y:.1f}"/>')
        yield (f'  <text class="{line.style}" x="{RIGHT + 34}" y="{y + 5:.1f}">{html.escape(line.name)}: '
               f'{line.points[-1][1]:,.0f}</text>')


def crowd(tops):
    """How many of the first are too near to each other for their labels."""
    return next((i for i in range(1, len(tops)) if tops[i] - tops[0] > i * LABEL_HEIGHT), len(tops)) - 1
