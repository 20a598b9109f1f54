"""A ledger in memory that holds what the valley's hidden aquifer makes its wells say."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sensors.simulated.wells import Groundwater
from tests.support.valley_park import valley_terrain
from twin.core.device import series_key
from twin.core.observation import Check, Mark, Quality
from twin.core.origin import Origin
from twin.core.park import Park
from twin.store.rows import RollupRow, Step, StoredValue

NOW_MS = 1_795_305_600_000  # 2026-11-22
QUANTITIES = ("water_level", "water:f", "ph", "conductivity")


@dataclass
class WellRows:
    """Rows of the wells at one moment; ``silent`` wells say nothing, ``changed`` values replace the truth."""

    park: Park
    truth: Groundwater
    time_ms: int = NOW_MS
    silent: tuple[str, ...] = ()
    changed: dict[str, StoredValue] | None = None

    def newest(self, at_ms: int | None = None) -> tuple[StoredValue, ...]:
        time_ms = min(self.time_ms, at_ms or self.time_ms)
        rows = {}
        for well in self.park.wells:
            if well.id in self.silent:
                continue
            values = self.truth.values(well.id, time_ms)
            for name in QUANTITIES:
                row = stored(series_key(well.id, name), values[name], time_ms)
                rows[row.series_key] = row
        return tuple((rows | (self.changed or {})).values())

    def series(self, key: str, from_ms: int, to_ms: int) -> tuple[StoredValue, ...]:
        return ()

    def rollup(self, key: str, step: Step, from_ms: int, to_ms: int) -> tuple[RollupRow, ...]:
        return ()


def stored(key: str, value: float | None, time_ms: int, quality: Quality = Quality.GOOD) -> StoredValue:
    """A row of the ledger."""
    return StoredValue(
        series_key=key, time_ms=time_ms, value=value, quality=quality, mark=Mark.NORMAL, checks=Check.NONE,
        origin=Origin.SIMULATED, received_ms=time_ms,
    )  # fmt: skip


def well_rows(park: Park, seed: int = 1) -> WellRows:
    """Rows of a park whose truth is the valley's."""
    return WellRows(park=park, truth=Groundwater(park, seed, valley_terrain()))


def later(rows: WellRows, by_ms: int) -> WellRows:
    """The same wells later."""
    return replace(rows, time_ms=rows.time_ms + by_ms)
