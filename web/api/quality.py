"""Working conditions, and the health of open-path stations."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from apiflask import APIBlueprint

from twin.core.errors import ServiceUnavailableError
from twin.core.quantity import quantity
from twin.live.duties import duties
from twin.live.figures import rules_in_the_ledger
from twin.live.patrol import HealthItem, StationHealth, conditions, station_health
from twin.live.roster import ROSTER
from twin.store.reviews import review_counts
from twin.store.snapshots import snapshot_of
from web.reply import Operation, serve
from web.schemas.base import TextOut
from web.schemas.quality import (
    BeamHealthOut,
    BeamsHealthOut,
    ConditionsOut,
    DutiesOut,
    DutyOut,
    HealthItemOut,
    LinkOut,
    RefillOut,
    StationHealthOut,
    UnitOut,
)
from web.services import services

quality = APIBlueprint("quality", __name__, url_prefix="/api/v1", tag="Quality")
_SIGNAL = "signal_strength"
_LITRES = 1000.0


def get_conditions() -> ConditionsOut:
    """Which production and treatment units run, and whether they do so together."""
    own = services()
    now_ms = own.clock.now_ms()
    units, links = conditions(own.ledger, rules_in_the_ledger(own.ledger), now_ms)
    return ConditionsOut(
        now_ms=now_ms,
        units=[
            UnitOut(
                id=unit.row["id"],
                name=TextOut(**unit.row["name"]),
                origin=unit.origin,
                kind=unit.row["kind"],
                state=unit.state,  # type: ignore[arg-type]
                since_ms=unit.since_ms,
                value=unit.value,
                key=unit.row["series_key"],
                on_above=unit.row["on_above_value"],
                off_below=unit.row["off_below_value"],
                si_unit=quantity(unit.row["series_key"].partition("/")[2]).si_unit,
            )
            for unit in units
        ],
        links=[
            LinkOut(
                id=link.row["id"],
                name=TextOut(**link.row["name"]),
                origin=link.origin,
                production=list(link.row["production_ids"]),
                treatment=list(link.row["treatment_ids"]),
                state=link.state,  # type: ignore[arg-type]
                since_ms=link.since_ms,
                grace_min=link.row["grace_min"],
                review=link.review,
            )
            for link in links
        ],
    )


def get_duties() -> DutiesOut:
    """Calibrations with their due dates, faults that come back, reviews that are late."""
    own = services()
    now_ms = own.clock.now_ms()
    taken = snapshot_of(own.ledger, ROSTER)
    if taken is None:
        msg = "ingest has not told its registry yet"
        raise ServiceUnavailableError(
            msg,
            message_zh="接收进程尚未给出设备登记信息",
            field="registry",
        )
    body = taken[1]
    counts = review_counts(own.ledger, now_ms)
    return DutiesOut(
        now_ms=now_ms,
        rows=[
            DutyOut.model_validate({**asdict(row), "faults_ms": list(row.faults_ms)})
            for row in duties(own.ledger, body["devices"], body["utc_offset_h"], now_ms)
        ],
        reviews_open=counts.open,
        reviews_overdue=counts.overdue,
        reviews_late=counts.late,
    )


def get_beam_health() -> BeamsHealthOut:
    """Signal, detector cooling, liquid nitrogen and reference laser of every open-path station."""
    own = services()
    now_ms = own.clock.now_ms()
    found = station_health(own.ledger, rules_in_the_ledger(own.ledger), now_ms)
    return BeamsHealthOut(now_ms=now_ms, stations=[_station_out(row) for row in found])


def _station_out(row: StationHealth) -> StationHealthOut:
    beams = [item for item in row.items if item.limit.quantity == _SIGNAL]
    return StationHealthOut(
        id=row.id,
        origin=row.origin,
        state=row.state.value,
        items=[_item_out(item) for item in row.items if item.limit.quantity != _SIGNAL],
        beams=[
            BeamHealthOut(
                id=item.key.partition("/")[0],
                key=item.key,
                origin=item.origin,
                value=item.value,
                t=item.time_ms,
                state=item.state.value,
            )
            for item in beams
        ],
        refill=_refill_out(row),
    )


def _item_out(item: HealthItem) -> HealthItemOut:
    return HealthItemOut(
        key=item.key,
        origin=item.origin,
        quantity=item.limit.quantity,
        value=item.value,
        si_unit=quantity(item.limit.quantity).si_unit,
        t=item.time_ms,
        state=item.state.value,
        warn_low=item.limit.warn_low_value,
        warn_high=item.limit.warn_high_value,
        alarm_low=item.limit.alarm_low_value,
        alarm_high=item.limit.alarm_high_value,
    )


def _refill_out(row: StationHealth) -> RefillOut | None:
    if row.tank is None or row.forecast is None:
        return None
    tank: Any = row.tank
    litres, found = tank["volume_m3"] * _LITRES, row.forecast
    return RefillOut(
        key=tank["series_key"],
        level_l=found.level_fraction * litres,
        per_day_l=found.per_day_fraction * litres,
        per_day_low_l=found.per_day_low_fraction * litres,
        per_day_high_l=found.per_day_high_fraction * litres,
        since_refill_ms=found.since_refill_ms,
        reserve_l=tank["reserve_fraction"] * litres,
        reserve_ms=found.reserve_ms,
        earliest_ms=found.earliest_ms,
        latest_ms=found.latest_ms,
    )


serve(quality, "/conditions", get_conditions, Operation(gives=ConditionsOut, errors=(503,)))
serve(quality, "/duties", get_duties, Operation(gives=DutiesOut, errors=(503,)))
serve(quality, "/health/beams", get_beam_health, Operation(gives=BeamsHealthOut, errors=(503,)))
