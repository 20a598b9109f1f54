"""Whether the parts of the service are well."""

from __future__ import annotations

from twin.core.errors import ParkTwinError
from twin.store.reading import Reader
from twin.store.snapshots import PARTS, snapshot_of
from web.errors import body_of
from web.schemas.health import HealthOut, PartOut
from web.services import Services

INGEST_AGE_MAX_S = 15.0
WORKER_AGE_MAX_S = 60.0


def health_of(own: Services) -> HealthOut:
    """State of every part; the whole is well when every needed part is."""
    now_ms = own.clock.now_ms()
    parts = [
        _beat("ingest", own.ledger, now_ms, limit_s=INGEST_AGE_MAX_S, needed=True),
        _beat("worker", own.results, now_ms, limit_s=WORKER_AGE_MAX_S, needed=False),
        _bundle(own),
        _follower(own),
        *_parts_of_ingest(own, now_ms),
    ]
    return HealthOut(
        ok=all(part.ok for part in parts if part.needed), version=own.version, now_ms=now_ms, parts=parts
    )


def _beat(name: str, reader: Reader, now_ms: int, *, limit_s: float, needed: bool) -> PartOut:
    try:
        beat = reader.beat()
    except ParkTwinError as error:
        return PartOut(name=name, ok=False, needed=needed, age_s=None, detail=body_of(error).message)
    if beat is None:
        return PartOut(name=name, ok=False, needed=needed, age_s=None, detail="has given no sign of life")
    age_s = max(0.0, (now_ms - beat.beat_ms) / 1000.0)
    ok = age_s <= limit_s
    detail = "" if ok else f"last sign of life {age_s:.0f} s ago; expected within {limit_s:.0f} s"
    return PartOut(name=name, ok=ok, needed=needed, age_s=age_s, detail=detail)


def _parts_of_ingest(own: Services, now_ms: int) -> list[PartOut]:
    """Parts that have failed and wait to be started again; the lines go on without them."""
    try:
        found = snapshot_of(own.ledger, PARTS)
    except ParkTwinError:
        return []  # the ledger's absence is told already
    rows = {} if found is None else found[1]
    return [
        PartOut(
            name=f"ingest:{name}",
            ok=False,
            needed=False,
            age_s=max(0.0, (now_ms - row["since_ms"]) / 1000.0),
            detail=f"failed {row['failures']} times: {row['error']}",
        )
        for name, row in sorted(rows.items())
        if not row["alive"]
    ]


def _bundle(own: Services) -> PartOut:
    try:
        name = own.bundles.current()
    except ParkTwinError as error:
        return PartOut(name="bundle", ok=False, needed=True, age_s=None, detail=error.message)
    return PartOut(name="bundle", ok=True, needed=True, age_s=None, detail=name)


def _follower(own: Services) -> PartOut:
    ok = own.follower.alive
    detail = "" if ok else "the thread that feeds the live stream does not run"
    return PartOut(name="stream", ok=ok, needed=True, age_s=None, detail=detail)
