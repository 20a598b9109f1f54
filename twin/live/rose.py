"""The wind rose of the park: how often the wind came from where, how fast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from twin.core.errors import NotFoundError
from twin.core.geometry import FloatArray, frozen
from twin.core.origin import Origin
from twin.core.wind import CALM_M_S
from twin.live.state import WIND, WIND_FROM, Rows
from twin.store.rows import Step

SPEEDS_M_S = (CALM_M_S, 1.0, 2.0, 3.0, 5.0, 8.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rose:
    """``share`` (n_sectors, n_speeds) of all minutes, ``mean_m_s`` (n_sectors,), NaN where nothing blew.

    The first sector is centred on north, the others follow clockwise; a direction is where the wind
    comes FROM. ``calm`` is the share of minutes under 0.3 m/s, whose direction means nothing;
    shares and calm sum to one.
    """

    n: int
    share: FloatArray
    mean_m_s: FloatArray
    calm: float


def rose_of(speed_m_s: FloatArray, from_deg: FloatArray, sectors: int = 16) -> Rose:
    """Rose of equally long speeds and FROM directions (n,); pairs that are not finite are left out."""
    good = np.isfinite(speed_m_s) & np.isfinite(from_deg)
    speed, direction = speed_m_s[good], from_deg[good]
    blows = speed >= CALM_M_S
    width = 360.0 / sectors
    sector = np.floor((direction[blows] + 0.5 * width) / width).astype(np.intp) % sectors
    speed_class = np.searchsorted(SPEEDS_M_S, speed[blows], side="right") - 1
    count = np.bincount(sector * len(SPEEDS_M_S) + speed_class, minlength=sectors * len(SPEEDS_M_S))
    total = np.bincount(sector, weights=speed[blows], minlength=sectors)
    number = np.bincount(sector, minlength=sectors)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total / number
    n = int(speed.size)
    return Rose(
        n=n,
        share=frozen(count.reshape(sectors, -1) / max(n, 1)),
        mean_m_s=frozen(mean),
        calm=float(np.count_nonzero(~blows)) / max(n, 1),
    )


def rose_from(rows: Rows, stations: Sequence[str], from_ms: int, to_ms: int, sectors: int = 16) -> Rose:
    """Rose of some weather sets together, from their minute means."""
    pairs = [_minutes(rows, station, from_ms, to_ms) for station in stations]
    speed = np.concatenate([pair[0] for pair in pairs]) if pairs else np.zeros(0)
    direction = np.concatenate([pair[1] for pair in pairs]) if pairs else np.zeros(0)
    return rose_of(speed, direction, sectors)


def origin_of(origins: Sequence[Origin]) -> Origin | None:
    """The one origin of several series, ``simulated`` when they differ; None without any."""
    found = set(origins)
    return None if not found else found.pop() if len(found) == 1 else Origin.SIMULATED


def _minutes(rows: Rows, station: str, from_ms: int, to_ms: int) -> tuple[FloatArray, FloatArray]:
    try:
        speeds = rows.rollup(f"{station}/{WIND}", Step.MINUTE, from_ms, to_ms)
        directions = rows.rollup(f"{station}/{WIND_FROM}", Step.MINUTE, from_ms, to_ms)
    except NotFoundError:  # a set that has not spoken yet
        return np.zeros(0), np.zeros(0)
    by_time = {row.start_ms: row.mean for row in directions if row.mean is not None}
    both = [
        (row.mean, by_time[row.start_ms])
        for row in speeds
        if row.mean is not None and row.start_ms in by_time
    ]
    speed, direction = np.array(both, dtype=np.float64).reshape(-1, 2).T
    return speed, direction
