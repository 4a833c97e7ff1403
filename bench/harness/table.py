"""Figures as a Markdown table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

MIB = 1 << 20

Figures = dict[str, float]


@dataclass
class Row:
    """One measure: a value per target, and at most one goal for sanso."""

    label: str
    values: Figures
    show: Callable[[float], str]
    most: float | None = None
    # Whose value it is measured by, and how many times that it may be.
    most_times: tuple[str, float] | None = None

    def ratio(self) -> float | None:
        """sanso's value over nginx's."""
        sanso, nginx = self.values.get("sanso"), self.values.get("nginx")
        return sanso / nginx if sanso is not None and nginx else None

    def goal(self) -> tuple[str, bool | None]:
        """The goal in words, and whether it is met; `None` where sanso was not measured."""
        if self.most is not None:
            value = self.values.get("sanso")
            return f"under {self.show(self.most)}", None if value is None else value < self.most
        if self.most_times is not None:
            name, factor = self.most_times
            sanso, other = self.values.get("sanso"), self.values.get(name)
            met = sanso / other <= factor if sanso is not None and other else None
            return f"at most {factor:g} x {name}", met
        return "", None


def micros(value: float) -> str:
    return f"{value:,.0f} us" if value >= 100 else f"{value:.1f} us"


def millis(value: float) -> str:
    return f"{value / 1e3:,.2f} ms"


def whole_millis(value: float) -> str:
    return f"{value / 1e3:,.0f} ms"


def mebibytes(value: float) -> str:
    return f"{value / MIB:.1f} MiB"


def count(value: float) -> str:
    return f"{value:,.0f}"


def markdown(rows: list[Row], targets: dict[str, str]) -> str:
    """The table; `targets` maps each target to the head of its column."""
    lines = [
        ["measure", *targets.values(), "sanso / nginx", "goal"],
        ["---", *["---:"] * len(targets), "---:", "---"],
    ]
    for row in rows:
        values = [row.show(row.values[name]) if name in row.values else "" for name in targets]
        ratio = row.ratio()
        words, met = row.goal()
        verdict = {None: "", True: ": **pass**", False: ": **FAIL**"}[met]
        lines.append([row.label, *values, "" if ratio is None else f"{ratio:.2f}", words + verdict])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
