"""The rules in force as JSON: kept in the ledger by ingest, read by those who make statistics."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from twin.core.device import Device, series_key
from twin.core.park import Park
from twin.core.quantity import quantity, substance_of
from twin.core.units import to_si

# Results come when somebody brings them: nothing is expected by the hour.
_NOW_AND_THEN = frozenset({"upload", "lidar"})


def rules_in_force(park: Park) -> dict[str, Any]:
    """Zone, points with their station and region, series with their limits, and the book of rules.

    Times in the units that the names say, values in SI.
    """
    regions = {row.id: row.area_id for row in park.stations}
    return {
        "utc_offset_h": park.utc_offset_h,
        "areas": {row.id: asdict(row.name) for row in park.areas},
        "stations": {row.id: {"region": row.area_id, "name": asdict(row.name)} for row in park.stations},
        "points": {
            row.sensor_id: _point(row, regions) for row in park.devices if row.protocol not in _NOW_AND_THEN
        },
        "names": _names(park),
        "limits": {
            row.substance_id: row.conc_kg_m3
            for row in sorted(park.thresholds, key=lambda row: -row.conc_kg_m3)
        },
        "series": {
            series_key(device.sensor_id, factor.quantity): _series(device, factor.quantity)
            for device in park.devices
            for factor in device.factors
        },
        "book": asdict(park.book),
    }


def _point(device: Device, regions: dict[str, str]) -> dict[str, Any]:
    return {
        "mn": device.mn,
        "station": device.station_id,
        "region": regions.get(device.station_id, ""),
        "interval_s": device.interval_s,
        "minute_interval_s": device.minute_interval_s,
        "factors": len(device.factors),
        "origin": device.origin.value,
    }


def _series(device: Device, key: str) -> dict[str, Any]:
    factor = next(row for row in device.factors if row.quantity == key)
    limit = factor.detection_limit
    return {
        "si_unit": quantity(key).si_unit,
        "detection_limit": None if limit is None else to_si(limit, factor.unit),
        "fixed_after": factor.fixed_after,
        "edition": device.edition.value,
        "origin": device.origin.value,
        "substance": substance_of(key),
    }


def _names(park: Park) -> dict[str, Any]:
    named: dict[str, Any] = {row.id: asdict(row.name) for row in park.beams}
    named |= {row.id: asdict(row.name) for row in park.wells}
    named |= {row.weather.id: asdict(row.name) for row in park.stations}
    return named
