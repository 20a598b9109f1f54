"""From rows of the store to bodies of the API."""

from __future__ import annotations

from twin.store.rows import DeviceState, PlumeRow, StoredValue, WaterTableRow
from web.schemas.device import DeviceOut
from web.schemas.plume import PlumeOut, SourceOut
from web.schemas.value import ValueOut
from web.schemas.watertable import WaterTableOut


def value_out(row: StoredValue) -> ValueOut:
    """A value as on the wire."""
    return ValueOut(
        s=row.series_key,
        t=row.time_ms,
        v=row.value,
        q=row.quality,
        m=row.mark.value,
        c=int(row.checks),
        o=row.origin,
    )


def device_out(row: DeviceState) -> DeviceOut:
    """A device as on the wire."""
    return DeviceOut(
        mn=row.mn,
        sensor=row.sensor_id,
        station=row.station_id,
        state=row.status.value,
        last_seen_ms=row.last_seen_ms,
        interval_s=row.interval_s,
        origin=row.origin,
    )


def plume_out(row: PlumeRow) -> PlumeOut:
    """A plume as on the wire."""
    sources = [
        SourceOut(
            unit=source.unit_id,
            rate_kg_s=source.rate_kg_s,
            low_kg_s=source.low_kg_s,
            high_kg_s=source.high_kg_s,
        )
        for source in row.sources
    ]
    return PlumeOut(
        run=row.run,
        k=row.k,
        substance=row.substance_id,
        t=row.time_ms,
        url=row.url,
        bytes=row.size_bytes,
        max_kg_m3=row.max_kg_m3,
        origin=row.origin,
        solver=row.solver,
        notes=list(row.notes),
        inputs=list(row.inputs),
        sources=sources,
        beams=dict(row.beams_kg_m3),
    )


def watertable_out(row: WaterTableRow) -> WaterTableOut:
    """A water table as on the wire."""
    return WaterTableOut(
        run=row.run, k=row.k, t=row.time_ms, url=row.url, origin=row.origin, loo_rmse_m=row.loo_rmse_m
    )
