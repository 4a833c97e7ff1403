"""Which figures are shown, and what sanso must reach."""

from __future__ import annotations

import statistics

from .load import Shape
from .table import MIB, Figures, Row, count, mebibytes, micros, millis, whole_millis

# The goals are about plain chat, but a proxy shows its worth in streams.
STREAMS = Shape(connections=64, streams=2)

# Of each load and server, the figures of every round.
Rounds = dict[tuple[Shape, str], list[Figures]]


def rows(loads: list[Shape], rounds: Rounds, still: dict[str, Figures]) -> list[Row]:
    """The rows of the table: medians over the rounds, with the goals that sanso sets itself.

    `loads` are those of plain chat and, last, `STREAMS`; `still` is what needs no load.
    """

    def median(shape: Shape, measure: str) -> Figures:
        # The upstream runs beside the load, not as a gateway: its own cost is no yardstick.
        return {
            name: statistics.median(figures[measure] for figures in rounds[shape, name])
            for name in (["upstream"] if measure != "cpu" else []) + list(still)
        }

    def of_each(what: str) -> Figures:
        return {name: figures[what] for name, figures in still.items()}

    found = []
    for shape in loads[:-1]:
        what = f"plain, {shape.connections} connection{'s' * (shape.connections > 1)}"
        goal = ("nginx", 1.5) if shape.connections == 1 else None
        found += [
            Row(f"{what}: requests/s", median(shape, "rate"), count),
            Row(f"{what}: p50", median(shape, "latency_p50"), micros, most_times=goal),
            Row(f"{what}: p99", median(shape, "latency_p99"), micros),
            Row(f"{what}: CPU/request", median(shape, "cpu"), micros, most_times=("nginx", 2)),
        ]
    kept = Row("the same with all that is kept", found[-1].values, micros, most_times=("bare", 1.15))
    what = f"{STREAMS.connections} streams"
    return [
        *found,
        kept,
        Row(f"{what}: first token p50", median(STREAMS, "first_token_p50"), millis),
        Row(f"{what}: chunk delay p50", median(STREAMS, "chunk_delay_p50"), millis),
        Row(f"{what}: chunk delay p99", median(STREAMS, "chunk_delay_p99"), millis),
        Row(f"{what}: CPU/stream", median(STREAMS, "cpu"), millis),
        Row("start to serving", of_each("start"), whole_millis, most=100e3),
        Row("memory, idle", of_each("idle"), mebibytes, most=20 * MIB),
        Row("memory, after load", of_each("after_load"), mebibytes),
        Row("binary, stripped", of_each("size"), mebibytes, most=20 * MIB),
    ]
