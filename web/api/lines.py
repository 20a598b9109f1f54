"""Who is connected, what is missing, and what is passed on to others."""

from __future__ import annotations

from apiflask import APIBlueprint

from twin.core.clock import DAY_MS, Interval
from twin.core.quantity import is_statistic
from twin.live.holes import tally
from twin.store.forwards import ForwardReader, ForwardRow
from twin.store.gaps import Gap, GapReader
from twin.store.rows import DeviceState, SeriesRow
from twin.store.snapshots import CONNECTIONS, TARGETS, snapshot_of
from web.desk import forward_as, receive
from web.ranges import window
from web.reply import Operation, serve
from web.schemas.exchange import (
    CollectedOut,
    CollectedTotalOut,
    CollectingOut,
    CollectingQuery,
    ForwardingOut,
    GapOut,
    GapsOut,
    GapsQuery,
    LinesOut,
    PausedOut,
    PauseIn,
    SpanOut,
    TargetOut,
)
from web.services import services

lines = APIBlueprint("lines", __name__, url_prefix="/api/v1", tag="Exchange")
_MINUTE_MS = 60_000
_SPANS_MAX = 100
_WANTED_PCT = 95.0
_NOBODY = {
    "open": 0,
    "known": 0,
    "strangers": 0,
    "folded": 0,
    "refused_total": 0,
    "frames_s": 0.0,
    "bytes_s": 0.0,
    "lines": [],
}


def get_connections() -> LinesOut:
    """Open lines of instruments as ingest saw them last."""
    own = services()
    found = snapshot_of(own.ledger, CONNECTIONS)
    time_ms, body = (None, _NOBODY) if found is None else found
    return LinesOut.model_validate({"now_ms": own.clock.now_ms(), "time_ms": time_ms, **body}, strict=False)


def get_gaps(query: GapsQuery) -> GapsOut:
    """Holes in what devices have sent, newest first, and what became of them."""
    own = services()
    devices = {row.mn: row for row in own.ledger.devices()}
    found = GapReader(own.ledger).gaps(
        mn=query.mn,
        states=() if query.state == "all" else (query.state,),
        from_ms=query.from_ms,
        to_ms=query.to_ms,
        limit=query.limit + 1,
    )
    return GapsOut(
        now_ms=own.clock.now_ms(),
        truncated=len(found) > query.limit,
        gaps=[_gap(row, devices.get(row.mn)) for row in found[: query.limit]],
    )


def get_collecting(query: CollectingQuery) -> CollectingOut:
    """Expected against received of every series: how well collecting succeeds (at least 95 % is wanted)."""
    own = services()
    asked = window(query.from_ms, query.to_ms, newest_ms=own.clock.now_ms())
    span = Interval(start_ms=asked.from_ms // _MINUTE_MS * _MINUTE_MS, end_ms=asked.to_ms)
    span = Interval(start_ms=max(span.start_ms, span.end_ms - 31 * DAY_MS), end_ms=span.end_ms)
    devices = {row.sensor_id: row for row in own.ledger.devices()}
    late = _late_ms(span)
    rows = [
        _collected(series, devices[series.sensor_id], span, late.get(devices[series.sensor_id].mn, 0))
        for series in own.ledger.series_rows()
        if series.sensor_id in devices
        and query.sensor in (None, series.sensor_id)
        # What a logger computed beside a value is due with it, not by itself.
        and not is_statistic(series.quantity)
    ]
    return CollectingOut(from_ms=span.start_ms, to_ms=span.end_ms, rows=rows, total=_total(rows))


def get_forwarding() -> ForwardingOut:
    """Platforms that get the packets too, and how far each is."""
    own = services()
    reader = ForwardReader(own.ledger)
    found = snapshot_of(own.ledger, TARGETS)
    time_ms, described = (None, {}) if found is None else found
    newest = reader.newest_seq()
    now_ms = own.clock.now_ms()
    targets = []
    for row in reader.rows():
        settings = described.get(row.target)
        if settings is not None:
            oldest_ms = reader.received_ms(row.cursor_seq)
            targets.append(_target(row, settings, newest, None if oldest_ms is None else now_ms - oldest_ms))
    return ForwardingOut(now_ms=now_ms, time_ms=time_ms, newest_seq=newest, targets=targets)


def post_pause(name: str, body: PauseIn) -> PausedOut:
    """Stop passing on to a platform; where it stands is kept."""
    return forward_as(PausedOut, "forward.pause", {"name": name, "comment": body.comment})


def post_resume(name: str, body: PauseIn) -> PausedOut:
    """Go on passing on to a platform."""
    return forward_as(PausedOut, "forward.resume", {"name": name, "comment": body.comment})


def _gap(gap: Gap, device: DeviceState | None) -> GapOut:
    return GapOut(
        mn=gap.mn,
        sensor=gap.mn if device is None else device.sensor_id,
        origin=None if device is None else device.origin,
        from_ms=gap.from_ms,
        to_ms=gap.to_ms,
        state=gap.state.value,
        cn=gap.cn,
        tries=gap.tries,
        next_ms=gap.next_ms or None,
        found_ms=gap.found_ms,
        changed_ms=gap.changed_ms,
        exchange_seq=gap.exchange_seq,
        note=gap.note,
    )


def _late_ms(span: Interval) -> dict[str, int]:
    """How much of a span came late, by device: its holes that were filled."""
    found: dict[str, int] = {}
    reader = GapReader(services().ledger)
    for gap in reader.gaps(states=("filled",), from_ms=span.start_ms, to_ms=span.end_ms, limit=10_000):
        part = min(gap.to_ms, span.end_ms) - max(gap.from_ms, span.start_ms)
        found[gap.mn] = found.get(gap.mn, 0) + part
    return found


def _collected(series: SeriesRow, device: DeviceState, span: Interval, late_ms: int) -> CollectedOut:
    slot = max(_MINUTE_MS, round(device.interval_s * 1000))
    counted = tally(services().ledger, series.key, slot, span)
    return CollectedOut(
        key=series.key,
        mn=device.mn,
        origin=series.origin,
        interval_s=device.interval_s,
        expected=counted.expected,
        received=counted.received,
        late=min(counted.received, late_ms // slot),
        collected_pct=_pct(counted.received, counted.expected),
        missing=[SpanOut(from_ms=row.start_ms, to_ms=row.end_ms) for row in counted.missing[-_SPANS_MAX:]],
    )


def _total(rows: list[CollectedOut]) -> CollectedTotalOut:
    expected, received = sum(row.expected for row in rows), sum(row.received for row in rows)
    share = _pct(received, expected)
    return CollectedTotalOut(
        expected=expected,
        received=received,
        late=sum(row.late for row in rows),
        collected_pct=share,
        meets_95=None if share is None else share >= _WANTED_PCT,
    )


def _pct(received: int, expected: int) -> float | None:
    return round(100.0 * received / expected, 2) if expected else None


def _target(row: ForwardRow, settings: dict[str, object], newest: int, age_ms: int | None) -> TargetOut:
    lag = max(0, newest - row.cursor_seq)
    return TargetOut.model_validate(
        {
            "name": row.target,
            "address": f"{settings['host']}:{settings['port']}",
            "state": "paused" if row.paused else row.state,
            "paused": row.paused,
            "origins": settings["origins"],
            "mns": settings["mns"],
            "cns": settings["cns"],
            "carries_passwords": settings.get("carries_passwords", True),
            "cursor_seq": row.cursor_seq,
            "lag_frames": lag,
            "lag_s": None if age_ms is None or not lag else round(age_ms / 1000.0, 1),
            "sent": row.sent,
            "answered": row.answered,
            "resent": row.resent,
            "skipped": row.skipped,
            "answered_ms": row.answered_ms,
            "changed_ms": row.changed_ms,
            "note": row.note,
        }
    )


_STORE = (503,)
serve(lines, "/connections", get_connections, Operation(gives=LinesOut, errors=_STORE))
serve(lines, "/gaps", get_gaps, Operation(gives=GapsOut, reads=GapsQuery, errors=_STORE))
serve(
    lines,
    "/gaps/series",
    get_collecting,
    Operation(gives=CollectingOut, reads=CollectingQuery, errors=_STORE),
)
serve(lines, "/forwarding", get_forwarding, Operation(gives=ForwardingOut, errors=_STORE))
receive(
    lines, "/forwarding/<name>/pause", post_pause, Operation(gives=PausedOut, errors=(404,)), takes=PauseIn
)
receive(
    lines, "/forwarding/<name>/resume", post_resume, Operation(gives=PausedOut, errors=(404,)), takes=PauseIn
)
