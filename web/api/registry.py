"""Registry of devices: records, findings, who knocks and is not registered; facts."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict

from apiflask import APIBlueprint

from sensors.commissioning import Knock, describe_stranger
from sensors.registry_check import counted
from twin.core.errors import ServiceUnavailableError
from twin.live.roster import ROSTER, finding_picture, number_picture
from twin.store.facts import read_facts, read_findings
from twin.store.quarantine import HELD_MAX
from twin.store.snapshots import snapshot_of
from web.reply import Operation, serve
from web.schemas.registry import (
    FactOut,
    FactsOut,
    FactsQuery,
    FindingOut,
    RecordOut,
    RegistryOut,
    StrangerOut,
    StrangersOut,
)
from web.services import services

registry = APIBlueprint("registry", __name__, url_prefix="/api/v1", tag="Instruments")
STRANGERS_MAX = 100
_FRAMES_EACH = 200
_UNKNOWN = "unknown_device"
_BEIJING_H = 8.0


def get_registry() -> RegistryOut:
    """Every device's record, with what was found out about it."""
    own = services()
    taken = snapshot_of(own.ledger, ROSTER)
    if taken is None:
        msg = "ingest has not told its registry yet"
        raise ServiceUnavailableError(
            msg,
            message_zh="接收进程尚未给出设备登记信息",
            field="registry",
        )
    by_mn = defaultdict(list)
    for row in read_findings(own.ledger):
        by_mn[row.mn].append(row)
    records = []
    for device in taken[1]["devices"]:
        found = [finding_picture(row) for row in counted(by_mn[device["mn"]])]
        record = RecordOut.model_validate({**device, "findings": []}, strict=False)
        findings = [FindingOut.model_validate(row) for row in (*device["findings"], *found)]
        records.append(record.model_copy(update={"findings": findings}))
    return RegistryOut(now_ms=own.clock.now_ms(), devices=records)


def get_unknown() -> StrangersOut:
    """Numbers that are not registered: what their frames hold, and a record ready for the scene."""
    own = services()
    knocks: dict[str, list[Knock]] = defaultdict(list)
    for row in own.ledger.quarantined(HELD_MAX):
        known = row.reason == _UNKNOWN and (row.mn in knocks or len(knocks) < STRANGERS_MAX)
        if known and len(knocks[row.mn]) < _FRAMES_EACH:
            knocks[row.mn].append(Knock(received_ms=row.received_ms, peer=row.peer, segment=row.segment))
    taken = snapshot_of(own.ledger, ROSTER)
    offset_h = _BEIJING_H if taken is None else float(taken[1]["utc_offset_h"])
    rows = []
    for mn, frames in knocks.items():
        stranger = asdict(describe_stranger(mn, frames, offset_h))
        more = {"reason": _UNKNOWN, "number": number_picture(mn)}
        rows.append(StrangerOut.model_validate(stranger | more, strict=False))
    return StrangersOut(now_ms=own.clock.now_ms(), unknown=rows)


def get_facts(query: FactsQuery) -> FactsOut:
    """What instruments said that is no value of a series: states, logs, parameters, running hours."""
    found = read_facts(
        services().ledger,
        mn=query.mn,
        kind=query.kind,
        from_ms=query.from_ms,
        to_ms=query.to_ms,
        limit=query.limit + 1,
    )
    rows = [
        FactOut(
            frame_seq=row.frame_seq,
            n=row.n,
            mn=row.mn,
            received_ms=row.received_ms,
            cn=row.cn,
            **asdict(row.fact),
        )
        for row in found[: query.limit]
    ]
    return FactsOut(facts=rows, truncated=len(found) > query.limit)


serve(registry, "/registry", get_registry, Operation(gives=RegistryOut, errors=(503,)))
serve(registry, "/registry/unknown", get_unknown, Operation(gives=StrangersOut, errors=(503,)))
serve(registry, "/facts", get_facts, Operation(gives=FactsOut, reads=FactsQuery, errors=(503,)))
