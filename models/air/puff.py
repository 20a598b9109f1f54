"""The row ``gaussian_puff``: Gaussian puffs over terrain-following ground.

The vertical coordinate is the height above ground, so a plume climbs with the slope under it; that is
right for passive gas in a wind that follows the terrain and wrong where the flow separates or drains
(``notes`` say so). Puffs ride on streaklines (``models.air.tracks``, ``models.air.streak``), grow with the
turbulence of the moment (``models.air.growth``) and are read off in closed form (``models.air.kernel``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

import numpy as np

from models.air.box import box_of
from models.air.cloud import Cloud, clouds, emissions_of, joined
from models.air.deposition import NOTHING, Removal, RemovalLoss
from models.air.kernel import cell_means
from models.air.paths import Pieces, pieces_of
from models.air.streak import Puffs
from models.air.tracks import Fineness, Loss
from models.air.turbulence import check_under_lid
from models.air.upright import shaped
from models.air.validity import LIMITS, steepest_slope
from models.contract import Field, Site, WindField
from models.limits import Limit, outside
from twin.core.beam import Receptor
from twin.core.clock import Interval
from twin.core.errors import SolverError
from twin.core.geometry import Extent, FloatArray, frozen
from twin.core.origin import of_result
from twin.core.plume import Plume, PlumeGrid
from twin.core.release import Release

STEP_S = 30.0
_WIND_HEIGHT_M = 10.0
_SLOPES_WITHIN_M = 2000.0  # beyond, the cloud is wider than the slopes of a park


class GaussianPuff:
    """Row of the table; holds no state between calls.

    ``sigma_start_m`` is the spread of a puff at birth: one metre for an opening in the lee of the
    equipment that it belongs to; give less for a bare pipe. ``step_s`` is the time between two nodes
    of a streakline, so the time within which the wind changes little; near the source nodes crowd anyway.
    ``removal`` gives, by substance, what takes gas out of the air (``models.air.deposition.SUBSTANCES``),
    with ``rain_mm_h``; left out, all of it stays. ``fineness`` sets the steps where more than 0.2 % is
    wanted (``docs/air.md``).
    """

    name = "gaussian_puff"
    version = "2"
    needs: Mapping[str, Field] = MappingProxyType(
        {
            "ground_heights": Field(units="m", dims=("y", "x")),
            "wind_u": Field(units="m/s", dims=("time", "place")),
            "wind_v": Field(units="m/s", dims=("time", "place")),
            "friction_velocity": Field(units="m/s", dims=("time",)),
            "sigma_v": Field(units="m/s", dims=("time",)),
            "rate": Field(units="kg/s", dims=("release",)),
        }
    )
    makes: Mapping[str, Field] = MappingProxyType(
        {
            "conc": Field(units="kg/m3", dims=("z", "y", "x")),
            "beam_conc": Field(units="kg/m3", dims=("sensor",)),
        }
    )

    limits: tuple[Limit, ...] = LIMITS

    def __init__(
        self,
        *,
        sigma_start_m: float = 1.0,
        step_s: float = STEP_S,
        fineness: Fineness | None = None,
        removal: Mapping[str, Removal] | None = None,
        rain_mm_h: float = 0.0,
    ) -> None:
        self._sigma_start_m = sigma_start_m
        self._removal = dict(removal or {})
        self._rain_mm_h = rain_mm_h
        self._fineness = fineness or Fineness(step_s=step_s, longest_s=2.0 * step_s)

    def run(
        self,
        site: Site,
        releases: Sequence[Release],
        wind: WindField,
        window: Interval,
        *,
        grid: PlumeGrid | None = None,
        receptors: Sequence[Receptor] = (),
    ) -> Plume:
        """Concentration at ``window.end_ms``; see ``models.contract.AirSolver.run``."""
        substance = _one_substance(releases)
        rates = np.array([row.rate_kg_s for row in releases])
        keep = _union(site.extent, grid)
        losses = self._losses([substance], site.roughness_m)
        loss = 0 if losses else None
        parts = list(
            self.clouds(releases, wind, window, [window.end_ms], keep, losses, roughness_m=site.roughness_m)
        )
        puffs = joined(parts)
        mass = np.concatenate([part.mass_kg(rates, loss) for part in parts])
        lid = float(parts[0].lids_m[0])
        box = grid or box_of(puffs, mass, keep)
        pieces = pieces_of(receptors, site)
        at_beams = sum(part.means(pieces, len(receptors))[0, 0] for part in parts) @ rates
        return Plume(
            substance_id=substance,
            time_ms=window.end_ms,
            grid=box,
            conc_kg_m3=frozen(cell_means(puffs, mass, box, lid)),
            beam_conc_kg_m3={
                row.sensor_id: float(mean) for row, mean in zip(receptors, at_beams, strict=True)
            },
            solver=self.name,
            origin=of_result(wind.origin, *{row.origin for row in releases}),
            inputs=(*wind.inputs, *(row.id for row in releases), f"{self.name}/{self.version}"),
            notes=(
                *wind.notes,
                "terrain-following, passive gas",
                *_above_lid(receptors, pieces, lid),
                *self._beyond(site, releases, wind, window.end_ms, puffs, mass),
            ),
        )

    def beam_matrix(
        self,
        site: Site,
        releases: Sequence[Release],
        wind: WindField,
        window: Interval,
        receptors: Sequence[Receptor],
        times_ms: Sequence[int],
    ) -> FloatArray:
        """Response of every receptor to every release; see ``models.contract.AirSolver.beam_matrix``."""
        _check_times(times_ms, window)
        pieces = pieces_of(receptors, site)
        moments, index = np.unique(np.asarray(times_ms, dtype=np.int64), return_inverse=True)
        substances = sorted({row.substance_id for row in releases})
        losses = self._losses(substances, site.roughness_m)
        layer = np.array([substances.index(row.substance_id) if losses else 0 for row in releases], dtype=int)
        response = np.zeros((moments.size, len(receptors), len(releases)))
        parts = self.clouds(
            releases, wind, window, moments.tolist(), site.extent, losses, roughness_m=site.roughness_m
        )
        for part in parts:
            means = part.means(pieces, len(receptors))
            response[part.moments] += means[layer, :, :, np.arange(len(releases))].transpose(1, 2, 0)
        rates = np.array([row.rate_kg_s for row in releases])
        return np.asarray(response[index] * rates, dtype=np.float64)

    def clouds(
        self,
        releases: Sequence[Release],
        wind: WindField,
        window: Interval,
        times_ms: Sequence[int],
        keep: Extent,
        losses: Sequence[Loss] = (),
        *,
        roughness_m: float = 0.3,
    ) -> Iterator[Cloud]:
        """Puffs at moments of the window, in parts whose quantities add up: for maps and many substances.

        ``keep`` is the area outside which gas is of no interest; ``losses`` as in ``models.air.tracks``.
        ``roughness_m`` of the ground counts for the vertical profile. Raises SolverError for a release that
        is not under the lid of a moment.
        """
        _check_times(times_ms, window)
        layers = [wind.air(int(time)) for time in times_ms]
        for layer in layers:
            check_under_lid(max((row.height_m for row in releases), default=0.0), layer.mixing_height_m)
        inverse = np.array([layer.inverse_obukhov_1_m for layer in layers])
        parts = clouds(
            emissions_of(releases, window, self._sigma_start_m, roughness_m),
            wind,
            window,
            np.asarray(times_ms, dtype=np.float64),
            keep,
            fineness=self._fineness,
            losses=losses,
        )
        return (shaped(part, inverse[part.moments], roughness_m) for part in parts)

    def _beyond(
        self,
        site: Site,
        releases: Sequence[Release],
        wind: WindField,
        time_ms: int,
        puffs: Puffs,
        mass_kg: FloatArray,
    ) -> tuple[str, ...]:
        """What lies outside the limits: wind at the sources, and the gas that is worth drawing."""
        x = np.array([row.place.x_m for row in releases])
        y = np.array([row.place.y_m for row in releases])
        u, v = wind.at(x, y, time_ms, np.full(x.shape, _WIND_HEIGHT_M))
        seen = np.flatnonzero(mass_kg > 0.0)
        values = {"wind_speed_m_s": float(np.hypot(u, v).min())}
        if seen.size:
            away = np.hypot(puffs.x_m[seen] - x.mean(), puffs.y_m[seen] - y.mean())
            near = seen[away <= _SLOPES_WITHIN_M]
            values["distance_m"] = float(away.max())
            values["slope_ratio"] = steepest_slope(site, puffs.x_m[near], puffs.y_m[near])
        return tuple(row.note for row in outside(self.limits, values))

    def _losses(self, substances: Sequence[str], roughness_m: float) -> tuple[Loss, ...]:
        """One loss for every substance, or none at all when none of them is lost."""
        rows = [self._removal.get(name, NOTHING) for name in substances]
        if all(row == NOTHING for row in rows):
            return ()
        return tuple(
            RemovalLoss(removal=row, roughness_m=roughness_m, rain_mm_h=self._rain_mm_h) for row in rows
        )


def _above_lid(receptors: Sequence[Receptor], pieces: Pieces, lid_m: float) -> tuple[str, ...]:
    top = pieces.start_m[:, 2] + np.maximum(pieces.along_m[:, 2], 0.0)
    over = sorted({receptors[k].sensor_id for k in pieces.receptor[top > lid_m]})
    if not over:
        return ()
    return (f"above the lid (mixing_height_m {lid_m:g}) nothing is read: {', '.join(over)}",)


def _union(extent: Extent, grid: PlumeGrid | None) -> Extent:
    if grid is None:
        return extent
    return Extent(
        x_min_m=min(extent.x_min_m, grid.x_min_m),
        y_min_m=min(extent.y_min_m, grid.y_min_m),
        x_max_m=max(extent.x_max_m, grid.x_min_m + grid.nx * grid.dx_m),
        y_max_m=max(extent.y_max_m, grid.y_min_m + grid.ny * grid.dy_m),
    )


def _check_times(times_ms: Sequence[int], window: Interval) -> None:
    for time in times_ms:
        if not window.start_ms <= time <= window.end_ms:
            raise SolverError(
                f"time {time} lies outside the window {window.start_ms}..{window.end_ms}",
                message_zh=f"时刻 {time} 不在时段 {window.start_ms}..{window.end_ms} 内",
                field="times_ms",
                value=time,
            )


def _one_substance(releases: Sequence[Release]) -> str:
    substances = sorted({row.substance_id for row in releases})
    if len(substances) == 1:
        return substances[0]
    raise SolverError(
        f"releases of {substances or 'no substance'}; expected at least one release, all of one substance",
        message_zh=f"释放源物质为 {substances or '无'}；应至少一个释放源且为同一种物质",
        field="releases",
        value=substances,
    )
