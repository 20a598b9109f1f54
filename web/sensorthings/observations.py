"""Observations of a series, newest or oldest first, read from the ledger window by window."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from twin.core.clock import DAY_MS
from twin.store.reader import LedgerReader
from twin.store.rows import StoredValue
from web.sensorthings.entities import Entity, Page
from web.sensorthings.filter import Property, holds, time_bounds
from web.sensorthings.options import Options
from web.sensorthings.wrong import wrong

SCAN_MAX = 200_000
_WINDOW_ROWS = 5_000
_FIRST_WINDOW_MS = 3_600_000
_LAST_WINDOW_MS = 32 * DAY_MS
_TIME = ("phenomenonTime",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """From ``from_ms`` to before ``to_ms``."""

    from_ms: int
    to_ms: int


def observations(
    ledger: LedgerReader, key: str, span: Bounds, make: Callable[[StoredValue], Entity]
) -> Callable[[Options], Page]:
    """Collection of one series. ``span`` is that of the whole ledger."""

    def page(options: Options) -> Page:
        low, high = time_bounds(options.filter)
        inside = Bounds(
            from_ms=span.from_ms if low is None else max(span.from_ms, low - DAY_MS),
            to_ms=span.to_ms if high is None else min(span.to_ms, high + 1),
        )
        return _page(_passing(_values(ledger, key, inside, _newest_first(options)), make, options), options)

    return page


def _page(passing: Iterator[Entity], options: Options) -> Page:
    if options.count:
        kept = list(passing)
        part = kept[options.skip : options.skip + options.top]
        return Page(entities=tuple(part), more=len(kept) > options.skip + len(part), total=len(kept))
    part = list(islice(passing, options.skip, options.skip + options.top + 1))
    return Page(entities=tuple(part[: options.top]), more=len(part) > options.top, total=None)


def _newest_first(options: Options) -> bool:
    if not options.order:
        return False
    first = options.order[0]
    if len(options.order) > 1 or first.by not in (Property(_TIME), Property(("resultTime",))):
        raise wrong(str(first.by), "$orderby", "phenomenonTime or resultTime for observations")
    return first.descending


def _passing(
    values: Iterator[StoredValue], make: Callable[[StoredValue], Entity], options: Options
) -> Iterator[Entity]:
    for scanned, value in enumerate(values):
        if scanned >= SCAN_MAX:
            raise wrong(f"over {SCAN_MAX} observations", "$filter", "a narrower span of phenomenonTime")
        entity = make(value)
        if options.filter is None or holds(options.filter, entity.resolve):
            yield entity


def _values(ledger: LedgerReader, key: str, span: Bounds, newest_first: bool) -> Iterator[StoredValue]:
    return _backwards(ledger, key, span) if newest_first else _forwards(ledger, key, span)


def _backwards(ledger: LedgerReader, key: str, span: Bounds) -> Iterator[StoredValue]:
    end_ms, length_ms = span.to_ms, _FIRST_WINDOW_MS
    while end_ms > span.from_ms:
        start_ms = max(span.from_ms, end_ms - length_ms)
        found = ledger.series(key, start_ms, end_ms, _WINDOW_ROWS)
        yield from reversed(found)
        # A full answer holds the newest of its window: the rest of it is still to come.
        end_ms = found[0].time_ms if len(found) == _WINDOW_ROWS else start_ms
        length_ms = min(2 * length_ms, _LAST_WINDOW_MS)


def _forwards(ledger: LedgerReader, key: str, span: Bounds) -> Iterator[StoredValue]:
    start_ms, length_ms = span.from_ms, _FIRST_WINDOW_MS
    while start_ms < span.to_ms:
        end_ms = min(span.to_ms, start_ms + length_ms)
        found = ledger.series(key, start_ms, end_ms, _WINDOW_ROWS)
        if len(found) == _WINDOW_ROWS and length_ms > 1:
            length_ms = max(1, length_ms // 2)
            continue
        yield from found
        start_ms, length_ms = end_ms, min(2 * length_ms, _LAST_WINDOW_MS)
