"""One curve."""

from __future__ import annotations

from apiflask import APIBlueprint

from twin.core.errors import NotFoundError
from twin.core.observation import Quality
from twin.store import rows as stored
from twin.store.reader import LedgerReader
from twin.store.rows import SeriesRow, Span
from web.ranges import Window, window
from web.reply import Operation, serve
from web.schemas.series import SeriesOut, SeriesQuery, Step
from web.services import services

series = APIBlueprint("series", __name__, url_prefix="/api/v1", tag="Live")
POINTS_MAX = 20_000


def get_series(query: SeriesQuery) -> SeriesOut:
    """One curve, raw or as means over minutes, hours, days or months."""
    ledger = services().ledger
    row = _row(ledger, query.key)
    span = ledger.span()
    asked = window(query.from_ms, query.to_ms, newest_ms=span.to_ms if span else None)
    if query.step is Step.RAW:
        return _raw(ledger, row, asked)
    return _means(ledger, row, stored.Step(query.step.value), asked, span)


def _row(ledger: LedgerReader, key: str) -> SeriesRow:
    for row in ledger.series_rows():
        if row.key == key:
            return row
    raise NotFoundError(
        f"series {key!r} is not in the ledger; expected <sensor id>/<quantity>",
        message_zh=f"台账中没有序列 {key!r}；应为 <传感器>/<量>",
        field="key",
        value=key,
    )


def _raw(ledger: LedgerReader, row: SeriesRow, asked: Window) -> SeriesOut:
    found = ledger.curve(row.key, asked.from_ms, asked.to_ms, POINTS_MAX + 1)
    first = max(0, len(found.time_ms) - POINTS_MAX)
    return SeriesOut(
        key=row.key,
        step=Step.RAW,
        si_unit=row.si_unit,
        origin=row.origin,
        truncated=first > 0,
        t=found.time_ms[first:],
        v=found.value[first:],
        q=[Quality(name) for name in found.quality[first:]],
        low=None,
        high=None,
        n=None,
    )


def _means(
    ledger: LedgerReader, row: SeriesRow, step: stored.Step, asked: Window, span: Span | None
) -> SeriesOut:
    bounded = _bounded(asked, step, span)
    found = ledger.rollup(row.key, step, bounded.from_ms, bounded.to_ms)
    return SeriesOut(
        key=row.key,
        step=Step(step.value),
        si_unit=row.si_unit,
        origin=row.origin,
        truncated=span is not None and max(asked.from_ms, span.from_ms) < bounded.from_ms,
        t=[mean.start_ms for mean in found],
        v=[mean.mean for mean in found],
        q=[Quality.MISSING if mean.mean is None else Quality.GOOD for mean in found],
        low=[mean.low for mean in found],
        high=[mean.high for mean in found],
        n=[mean.count for mean in found],
    )


def _bounded(asked: Window, step: stored.Step, span: Span | None) -> Window:
    """The newest part of a span that holds at most ``POINTS_MAX`` means."""
    end_ms = asked.to_ms if span is None else min(asked.to_ms, span.to_ms + 1)
    start_ms = max(asked.from_ms, end_ms - POINTS_MAX * step.length_ms)
    return Window(from_ms=min(start_ms, asked.to_ms), to_ms=asked.to_ms)


serve(series, "/series", get_series, Operation(gives=SeriesOut, reads=SeriesQuery, errors=(404, 503)))
