"""The row ``gaussian_puff``: Gaussian puffs over terrain-following ground.

The vertical coordinate is the height above ground, so a plume climbs with the slope under it; that is
right for passive gas in a wind that follows the terrain and wrong where the flow separates or drains
(``notes`` say so). Puffs ride on streaklines (``models.air.streak``), grow with the turbulence of the
moment (``models.air.growth``) and are read off in closed form (``models.air.kernel``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from models.air.box import box_of
from models.air.kernel import cell_means, path_means
from models.air.paths import Pieces, pieces_of
from models.air.streak import IntArray, Puffs, Sources, cut, march
from models.contract import Field, Site, WindField
from models.limits import Limit
from twin.core.beam import Receptor
from twin.core.clock import Interval
from twin.core.errors import SolverError
from twin.core.geometry import Extent, FloatArray, frozen
from twin.core.origin import of_result
from twin.core.plume import Plume, PlumeGrid
from twin.core.release import Release

STEP_S = 30.0


class GaussianPuff:
    """Row of the table; holds no state between calls.

    ``sigma_start_m`` is the spread of a puff at birth: one metre for an opening in the lee of the
    equipment that it belongs to; give less for a bare pipe. ``step_s`` is the time between two nodes
    of a streakline; 30 s leave 0.1 % (median) of error on beams 200 to 500 m long, and more only within
    the first hundred metres.
    """

    name = "gaussian_puff"
    version = "1"
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

    limits: tuple[Limit, ...] = ()

    def __init__(self, *, sigma_start_m: float = 1.0, step_s: float = STEP_S) -> None:
        self._sigma_start_m = sigma_start_m
        self._step_s = step_s

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
        plan = self._plan(releases, window, ())
        keep = _union(site.extent, grid)
        streak = next(march(plan.sources, wind, plan.times_ms, {plan.times_ms.size - 1}, keep))
        puffs = cut(streak, plan.cells, plan.sources)
        mass = puffs.emission_s * (plan.spans @ np.array([row.rate_kg_s for row in releases]))[puffs.cell]
        lid = wind.air(window.end_ms).mixing_height_m
        box = grid or box_of(puffs, mass, keep)
        beams = _receptor_means(puffs, pieces_of(receptors, site), lid, plan.spans.shape[0], len(receptors))
        at_beams = beams @ plan.spans @ np.array([row.rate_kg_s for row in releases])
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
            notes=(*wind.notes, "terrain-following, passive gas"),
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
        plan = self._plan(releases, window, times_ms)
        pieces = pieces_of(receptors, site)
        index = np.searchsorted(plan.times_ms, np.asarray(times_ms, dtype=np.float64))
        cells = plan.spans.shape[0]
        response = np.zeros((plan.times_ms.size, len(receptors), cells))
        wanted = sorted(set(index.tolist()))
        keep = _union(site.extent, None)
        for j, streak in zip(
            wanted, march(plan.sources, wind, plan.times_ms, set(wanted), keep), strict=True
        ):
            if streak.emitted_ms.size < 2:
                continue
            lid = wind.air(int(plan.times_ms[j])).mixing_height_m
            puffs = cut(streak, plan.cells, plan.sources)
            response[j] = _receptor_means(puffs, pieces, lid, cells, len(receptors))
        rates = np.array([row.rate_kg_s for row in releases])
        return np.asarray(response[index] @ plan.spans * rates, dtype=np.float64)

    def _plan(self, releases: Sequence[Release], window: Interval, times_ms: Sequence[int]) -> _Plan:
        _check_times(times_ms, window)
        steps = max(1, math.ceil(window.length_s / self._step_s))
        bounds = [t for row in releases for t in (row.interval.start_ms, row.interval.end_ms)]
        inside = [float(t) for t in (*bounds, *times_ms) if window.start_ms <= t <= window.end_ms]
        times = np.unique(np.concatenate([np.linspace(window.start_ms, window.end_ms, steps + 1), inside]))
        places = sorted({_place(row) for row in releases})
        on = np.zeros((times.size - 1, len(places), len(releases)), dtype=bool)
        for k, row in enumerate(releases):
            span = (times[:-1] >= row.interval.start_ms) & (times[1:] <= row.interval.end_ms)
            on[:, places.index(_place(row)), k] = span
        cells, spans = _number_cells(on)
        x, y, height = np.array(places).T
        sources = Sources(x_m=x, y_m=y, height_m=height, sigma_start_m=self._sigma_start_m)
        return _Plan(sources=sources, times_ms=times, cells=cells, spans=spans)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Plan:
    """Common times, distinct sources, and which release was emitting in which cell.

    ``cells`` (n_times - 1, n_sources) numbers spans of emission; ``spans`` (n_cells, n_releases) is 1
    where the release was on.
    """

    sources: Sources
    times_ms: FloatArray
    cells: IntArray
    spans: FloatArray


def _number_cells(on: np.ndarray[tuple[int, int, int], np.dtype[np.bool_]]) -> tuple[IntArray, FloatArray]:
    """Number the spans of every source in which the same releases are on; -1 where none is."""
    cells = np.full(on.shape[:2], -1, dtype=np.intp)
    spans: list[FloatArray] = []
    for source in range(on.shape[1]):
        known: dict[bytes, int] = {}
        for k in range(on.shape[0]):
            pattern = on[k, source]
            if not pattern.any():
                continue
            key = pattern.tobytes()
            if key not in known:
                known[key] = len(spans)
                spans.append(pattern.astype(np.float64))
            cells[k, source] = known[key]
    return cells, np.array(spans).reshape(len(spans), on.shape[2])


def _receptor_means(puffs: Puffs, pieces: Pieces, lid_m: float, cells: int, receptors: int) -> FloatArray:
    """Mean at every receptor (rows) of every cell's puffs (columns) at 1 kg/s."""
    seen = path_means(puffs, pieces, lid_m)
    value = seen.mean_1_m3 * puffs.emission_s[seen.puff] * pieces.share[seen.piece]
    slot = pieces.receptor[seen.piece] * cells + puffs.cell[seen.puff]
    total = np.bincount(slot, weights=value, minlength=receptors * cells)
    return np.asarray(total.reshape(receptors, cells), dtype=np.float64)


def _place(release: Release) -> tuple[float, float, float]:
    return release.place.x_m, release.place.y_m, max(release.height_m, 0.0)


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
