"""Export as CSV (RFC 4180, UTF-8): one row per value, times in UTC, numbers as they are."""

from __future__ import annotations

import csv
from pathlib import Path

from twin.store.export.gather import About, Counter, Piece, Plan, check_names, iso, pieces
from twin.store.reader import LedgerReader


def write(reader: LedgerReader, plan: Plan, about: About, target: Path, counter: Counter) -> None:
    """Write the file. The first line names the columns."""
    raw = plan.step is None
    with target.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(_RAW if raw else _MEANS)
        for piece in pieces(reader, plan, counter):
            lines.writerows(_raw_rows(piece) if raw else _mean_rows(piece, plan.step_name))


_RAW = (
    *("series", "time", "time_ms", "interval_ms", "value", "unit", "quality", "mark", "checks"),
    *("check_names", "version", "received", "received_ms", "origin"),
)
_MEANS = ("series", "time", "time_ms", "step", "mean", "unit", "count", "low", "high", "quality", "origin")


def _raw_rows(piece: Piece) -> list[tuple[object, ...]]:
    row, c = piece.head.row, piece.columns
    names = {checks: check_names(checks) for checks in set(c["checks"])}
    return [
        (
            *(row.key, iso(time_ms), time_ms, interval_ms, _number(value), piece.head.unit, quality, mark),
            *(checks, names[checks], version, iso(received_ms), received_ms, row.origin.value),
        )
        for time_ms, interval_ms, value, quality, mark, checks, version, received_ms in zip(
            *c.values(), strict=True
        )
    ]


def _mean_rows(piece: Piece, step: str) -> list[tuple[object, ...]]:
    row, unit = piece.head.row, piece.head.unit
    return [
        (
            *(row.key, iso(time_ms), time_ms, step, _number(value), unit, count, _number(low)),
            *(_number(high), quality, row.origin.value),
        )
        for time_ms, value, count, low, high, quality in zip(*piece.columns.values(), strict=True)
    ]


def _number(value: float | None) -> str:
    return "" if value is None else repr(value)
