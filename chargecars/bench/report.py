"""What a benchmark found: figures with their bars, a table to read, one line of JSON to keep."""

import sys
from dataclasses import dataclass, field
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """One measured value; `bar` is the most it may be or, where `at_least`, the least."""

    value: float | None
    unit: str
    bar: float | None = None
    why: str | None = None
    """Why there is no value."""
    at_least: bool = False

    @property
    def holds(self) -> bool | None:
        if self.bar is None or self.value is None:
            return None
        return self.value >= self.bar if self.at_least else self.value <= self.bar

    def as_json(self) -> dict[str, Any]:
        shown: dict[str, Any] = {"value": self.value, "unit": self.unit, "bar": self.bar, "holds": self.holds}
        return shown | ({"why": self.why} if self.why else {})


@dataclass
class Report:
    """The figures of one benchmark by name."""

    bench: str
    figures: dict[str, Figure] = field(default_factory=dict)

    def add(
        self,
        name: str,
        value: float | None,
        unit: str,
        bar: float | None = None,
        why: str | None = None,
        *,
        at_least: bool = False,
    ) -> None:
        self.figures[name] = Figure(None if value is None else round(value, 3), unit, bar, why, at_least)

    @property
    def failed(self) -> list[str]:
        """Names of the figures beyond their bar."""
        return [name for name, figure in self.figures.items() if figure.holds is False]

    def line(self) -> str:
        """The last line of the output."""
        figures = {name: figure.as_json() for name, figure in self.figures.items()}
        return orjson.dumps({"bench": self.bench, "figures": figures}).decode()


def say(message: str) -> None:
    """What is going on, beside the output."""
    sys.stderr.write(f"{message}\n")
    sys.stderr.flush()


def show_table(title: str, rows: list[str], columns: list[str], cells: dict[tuple[str, str], str]) -> None:
    """A table with a dash where there is nothing."""
    table = Table(title=title, title_justify="left")
    table.add_column("")
    for column in columns:
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(row, *(cells.get((row, column), "–") for column in columns))
    Console(width=160, highlight=False).print(table)
