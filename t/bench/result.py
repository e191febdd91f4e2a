# SPDX-License-Identifier: Apache-2.0
"""What a scenario found, and how it is written: as Markdown for people, as JSON for programs."""

import dataclasses

from measure import Series


@dataclasses.dataclass
class Aim:
    """`measured` is at least (or, with `at_most`, at most) `limit`: judged by its median."""

    what: str
    measured: object
    limit: float
    at_most: bool = False

    def holds(self, value):
        return value <= self.limit if self.at_most else value >= self.limit

    def verdict(self):
        if not isinstance(self.measured, Series):
            return "met" if self.holds(self.measured) else "missed"
        if self.holds(self.measured.median):
            return "met"
        best = self.measured.low if self.at_most else self.measured.high
        return "missed, within the interval" if self.holds(best) else "missed"

    def __str__(self):
        sign = "≤" if self.at_most else "≥"
        return f"{self.verdict()}: {self.what} {text_of(self.measured)} (aim {sign} {self.limit:,g})"

    def as_json(self):
        return {"what": self.what, "measured": json_of(self.measured), "limit": self.limit,
                "at_most": self.at_most, "verdict": self.verdict()}


@dataclasses.dataclass
class Table:
    title: str
    columns: list
    rows: list

    def markdown(self):
        yield f"{self.title}:\n" if self.title else ""
        yield "| " + " | ".join(self.columns) + " |"
        yield "|---" * len(self.columns) + "|"
        for row in self.rows:
            yield "| " + " | ".join(map(text_of, row)) + " |"
        yield ""

    def as_json(self):
        return {"title": self.title, "columns": self.columns,
                "rows": [[json_of(cell) for cell in row] for row in self.rows]}


@dataclasses.dataclass
class Result:
    tables: list
    aims: list
    notes: list = dataclasses.field(default_factory=list)

    def markdown(self):
        for table in self.tables:
            yield from table.markdown()
        yield from (f"{note}\n" for note in self.notes)
        yield from (f"- {aim}" for aim in self.aims)

    def as_json(self):
        return {"tables": [table.as_json() for table in self.tables],
                "aims": [aim.as_json() for aim in self.aims], "notes": self.notes}


def text_of(cell):
    if isinstance(cell, float):
        return f"{cell:,.0f}" if abs(cell) >= 1000 else f"{cell:.3g}"
    return f"{cell:,}" if isinstance(cell, int) else str(cell)


def json_of(cell):
    return cell.as_json() if isinstance(cell, Series) else cell
