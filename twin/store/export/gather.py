"""What an export holds, whatever its format: pieces of one series each, column by column.

A raw piece has, for every value, its unit, origin, quality, the device's mark, our checks, the version and
the time of receipt, so that a value that came late never looks like one that came in time. Means have
their count, least and largest instead; they are made of usable values only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from twin.core.clock import DAY_MS, to_datetime
from twin.core.errors import BadRequestError, NotFoundError, UnitError
from twin.core.observation import Check
from twin.core.quantity import Quantity, quantity
from twin.core.units import from_si
from twin.store.reader import LedgerReader
from twin.store.rows import SeriesRow, Step

Units = Literal["si", "display"]
Columns = dict[str, list[Any]]
# One question of a month bounds memory, however long the span is.
_WINDOW_MS = 31 * DAY_MS
_ALL = 2**31
RAW_COLUMNS = ("time_ms", "interval_ms", "value", "quality", "mark", "checks", "version", "received_ms")
MEAN_COLUMNS = ("time_ms", "value", "count", "low", "high", "quality")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is exported: series, ``from_ms <= time < to_ms``, ``step`` None for raw values."""

    series: tuple[str, ...]
    from_ms: int
    to_ms: int
    step: Step | None = None
    units: Units = "si"

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of a piece."""
        return RAW_COLUMNS if self.step is None else MEAN_COLUMNS

    @property
    def step_name(self) -> str:
        """``raw`` or the name of the step."""
        return "raw" if self.step is None else self.step.value


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What stands on the cover."""

    park_zh: str
    park_en: str
    utc_offset_h: float
    made_ms: int
    program: str = "Park Twin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A series in an export; ``unit`` is that of its values."""

    row: SeriesRow
    quantity: Quantity | None
    unit: str
    convert: Callable[[float], float] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Consecutive rows of a series; all lists are equally long."""

    head: Head
    columns: Columns

    def __len__(self) -> int:
        return len(self.columns["time_ms"])


@dataclass(slots=True)
class Counter:
    """Rows so far; refuses more than ``most``."""

    most: int
    rows: int = field(default=0)

    def add(self, count: int) -> None:
        """Count rows. Raises BadRequestError beyond the limit."""
        self.rows += count
        if self.rows > self.most:
            raise BadRequestError(
                f"the export has more than {self.most} rows; ask for a shorter span, fewer series or means",
                message_zh=f"导出超过 {self.most} 行；请缩短时段、减少序列或改用均值",
                field="series",
                value=self.rows,
            )


def heads(reader: LedgerReader, plan: Plan) -> tuple[Head, ...]:
    """Series of an export, in the order asked for. Raises NotFoundError and BadRequestError."""
    if plan.from_ms >= plan.to_ms:
        raise BadRequestError(
            f"from is {plan.from_ms}, not before to = {plan.to_ms}",
            message_zh=f"from 为 {plan.from_ms}，不早于 to = {plan.to_ms}",
            field="from",
            value=plan.from_ms,
        )
    known = {row.key: row for row in reader.series_rows()}
    for key in plan.series:
        if key not in known:
            raise NotFoundError(
                f"series {key!r} is not in the ledger; expected <sensor id>/<quantity>",
                message_zh=f"台账中没有序列 {key!r}；应为 <传感器>/<量>",
                field="series",
                value=key,
            )
    return tuple(_head(known[key], plan.units) for key in dict.fromkeys(plan.series))


def pieces(reader: LedgerReader, plan: Plan, counter: Counter) -> Iterator[Piece]:
    """All rows, series by series, in order of time. Raises as ``heads`` and ``Counter.add`` do."""
    for head in heads(reader, plan):
        start_ms, end_ms = _inside(reader, plan)
        while start_ms < end_ms:
            stop_ms = min(end_ms, start_ms + _WINDOW_MS)
            read = _raw if plan.step is None else _means
            piece = Piece(head=head, columns=read(reader, head, plan, start_ms, stop_ms))
            counter.add(len(piece))
            if len(piece):
                yield piece
            start_ms = stop_ms


def iso(time_ms: int) -> str:
    """Time in UTC as text: ``2026-11-22T08:00:00.000Z``."""
    return to_datetime(time_ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def check_names(checks: int) -> str:
    """Names of our marks on a value, joined by ``|``.

    >>> check_names(64 | 16)
    'LATE|RATE'
    """
    return "|".join(str(bit.name) for bit in Check(checks)) if checks else ""


def file_name(plan: Plan, suffix: str) -> str:
    """Name for a download: span and step."""
    first, last = to_datetime(plan.from_ms), to_datetime(plan.to_ms)
    return f"park-twin_{first:%Y%m%dT%H%M}_{last:%Y%m%dT%H%M}_{plan.step_name}{suffix}"


Writer = Callable[[LedgerReader, Plan, About, Path, Counter], None]


def _head(row: SeriesRow, units: Units) -> Head:
    try:
        known = quantity(row.quantity)
    except UnitError:
        return Head(row=row, quantity=None, unit=row.si_unit, convert=None)
    if units == "si" or known.display_unit == row.si_unit:
        return Head(row=row, quantity=known, unit=row.si_unit, convert=None)

    def convert(value: float) -> float:
        return from_si(value, known.display_unit)

    return Head(row=row, quantity=known, unit=known.display_unit, convert=convert)


def _inside(reader: LedgerReader, plan: Plan) -> tuple[int, int]:
    """The part of the span that holds anything: nobody waits for a century of empty months."""
    span = reader.span()
    if span is None:
        return plan.from_ms, plan.from_ms
    slack_ms = _WINDOW_MS  # the bucket of a month begins before its first value
    return max(plan.from_ms, span.from_ms - slack_ms), min(plan.to_ms, span.to_ms + slack_ms)


def _raw(reader: LedgerReader, head: Head, plan: Plan, start_ms: int, end_ms: int) -> Columns:
    found = reader.curve(head.row.key, start_ms, end_ms, _ALL)
    return {
        "time_ms": found.time_ms,
        "interval_ms": [found.interval_ms] * len(found.time_ms),
        "value": _converted(head, found.value),
        "quality": found.quality,
        "mark": found.mark,
        "checks": found.checks,
        "version": found.version,
        "received_ms": found.received_ms,
    }


def _means(reader: LedgerReader, head: Head, plan: Plan, start_ms: int, end_ms: int) -> Columns:
    assert plan.step is not None
    found = reader.rollup(head.row.key, plan.step, start_ms, end_ms)
    return {
        "time_ms": [row.start_ms for row in found],
        "value": _converted(head, [row.mean for row in found]),
        "count": [row.count for row in found],
        "low": _converted(head, [row.low for row in found]),
        "high": _converted(head, [row.high for row in found]),
        "quality": ["missing" if row.mean is None else "good" for row in found],
    }


def _converted(head: Head, values: list[float | None]) -> list[float | None]:
    convert = head.convert
    if convert is None:
        return values
    return [None if value is None else convert(value) for value in values]
