"""All versions of one value."""

from __future__ import annotations

from apiflask import APIBlueprint

from twin.core.errors import NotFoundError
from twin.store.corrections import corrections_of
from twin.store.rows import StoredVersion
from web.reply import Operation, serve
from web.schemas.versions import VersionOut, VersionsOut, VersionsQuery
from web.services import services

versions = APIBlueprint("versions", __name__, url_prefix="/api/v1", tag="Live")


def get_versions(query: VersionsQuery) -> VersionsOut:
    """All versions of one value, oldest first: what was sent, who changed it, when and why."""
    ledger = services().ledger
    found = ledger.versions(query.key, query.time_ms, query.interval_ms)
    if not found:
        raise NotFoundError(
            f"{query.key} has no value at {query.time_ms} of {query.interval_ms} ms",
            message_zh=f"{query.key} 在 {query.time_ms} 没有 {query.interval_ms} 毫秒的数值",
            field="t",
            value=query.time_ms,
        )
    row = next(row for row in ledger.series_rows() if row.key == query.key)
    with ledger.snapshot() as connection:
        people = corrections_of(connection, query.key, query.time_ms, query.interval_ms)
    return VersionsOut(
        key=row.key,
        si_unit=row.si_unit,
        origin=row.origin,
        time_ms=query.time_ms,
        interval_ms=query.interval_ms,
        versions=[_out(one, people.get(one.value.version)) for one in found],
    )


def _out(one: StoredVersion, made: tuple[str, str, int] | None) -> VersionOut:
    actor, reason, made_ms = made if made is not None else ("", one.reason, None)
    return VersionOut(
        version=one.value.version,
        value=one.value.value,
        quality=one.value.quality,
        mark=one.value.mark.value,
        checks=int(one.value.checks),
        sent=one.raw_text,
        received_ms=one.value.received_ms,
        frame_seq=one.frame_seq,
        actor=actor,
        made_ms=made_ms,
        reason=reason,
    )


serve(
    versions, "/versions", get_versions, Operation(gives=VersionsOut, reads=VersionsQuery, errors=(404, 503))
)
