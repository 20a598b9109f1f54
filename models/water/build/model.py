"""A groundwater model of a park in one call: valley, layers, properties, rivers, springs, rain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis.strata import StrataModel
from gis.terrain import Terrain
from models.water.build.edges import (
    Profile,
    Rain,
    RiverBed,
    ends,
    rain_on,
    recharge_of,
    river_cells,
    river_profile,
    springs,
)
from models.water.build.ground import Ground, medium_of
from models.water.build.layers import BoolArray, Layered, LayerRules, cell_means, layered_grid, sampled
from models.water.build.spacing import widths
from models.water.build.valley import slopes_into, valley_floor
from models.water.grid import Grid, IntArray
from models.water.problem import FlowProblem, Medium, Period, Stress
from models.water.refusal import refused
from models.water.shapes import edges_m, shape_of
from twin.core.geometry import FloatArray, frozen
from twin.core.park import Park


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildOptions:
    """What a park's model is made of.

    ``buffer_m`` and ``above_m``: the model ends this far from areas, rivers and wells, and this high above
    the nearest river (areas stay in); ``inside`` replaces both by a shape.
    ``fine_m``: width of cells around ``places_m`` (x, y), growing by ``growth_ratio`` away from them.
    ``end_above_m`` and ``end_distance_m``: see ``models.water.build.edges.ends``. ``ground``: measured
    properties by stratum. ``convertible``: whether layers are unconfined;
    see ``models.water.build.settle`` for the water table without that.
    """

    buffer_m: float = 400.0
    above_m: float = 25.0
    inside: BaseGeometry | None = None
    places_m: Sequence[tuple[float, float]] = ()
    fine_m: float | None = None
    core_m: float = 0.0
    growth_ratio: float = 1.2
    layers: LayerRules = field(default_factory=LayerRules)
    ground: Mapping[str, Ground] | None = None
    bed: RiverBed = field(default_factory=RiverBed)
    rain: Rain = field(default_factory=Rain)
    end_above_m: float = 15.0
    end_distance_m: float = 100.0
    convertible: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BuiltModel:
    """A model of a park, ready to run as steady flow.

    ``problem`` has one steady period; ``layered`` says which stratum each layer is of; ``profiles`` the
    levels of rivers; ``domain`` the shape that was modelled; ``slopes_m3_s`` (nr, nc) the water of the
    slopes above, part of the recharge; ``ground_m`` (nr, nc) mean height of the land.
    ``notes`` say what was assumed.
    """

    problem: FlowProblem
    layered: Layered
    profiles: tuple[Profile, ...]
    domain: BaseGeometry
    slopes_m3_s: FloatArray
    ground_m: FloatArray
    notes: tuple[str, ...]

    @property
    def grid(self) -> Grid:
        """The grid."""
        return self.problem.grid

    @property
    def medium(self) -> Medium:
        """Properties of the cells."""
        return self.problem.medium

    @property
    def stresses(self) -> Sequence[Stress]:
        """Rivers, springs, ends and rain of the steady period."""
        return self.problem.periods[0].stresses

    @property
    def start_head_m(self) -> FloatArray:
        """Heads to begin with (nl, nr, nc): one metre under ground."""
        return self.problem.start_head_m

    def layers_of(self, stratum_id: str) -> IntArray:
        """Layers of a stratum. Raises BadRequestError for an unknown one."""
        if stratum_id not in self.layered.strata_ids:
            raise refused(stratum_id, "stratum_id", f"one of {', '.join(self.layered.strata_ids)}")
        return np.flatnonzero(self.layered.stratum == self.layered.strata_ids.index(stratum_id))

    def with_k(self, k_m_s: FloatArray) -> BuiltModel:
        """The same model with another conductivity (nl, nr, nc); each stratum keeps its anisotropy."""
        ratio = self.medium.k33_m_s / self.medium.k_m_s
        medium = replace(self.medium, k_m_s=frozen(k_m_s), k33_m_s=frozen(k_m_s * ratio))
        return replace(self, problem=replace(self.problem, medium=medium))


def build_model(
    park: Park,
    strata: StrataModel,
    *,
    cell_m: float = 40.0,
    terrain: Terrain | None = None,
    options: BuildOptions | None = None,
    water_table_m: FloatArray | None = None,
) -> BuiltModel:
    """Model of the valley of a park with cells of ``cell_m``.

    ``strata`` from ``gis.strata.build_strata``; ``terrain`` gives the levels of rivers, without it the
    ground of the strata does. ``water_table_m`` (nr, nc), NaN where unknown: cells end there instead of at
    the ground, and the uppermost ones store by their specific yield, so that confined layers stand for the
    saturated part of the ground. Raises BadRequestError when nothing is left to model or a stratum of the
    strata has no properties in the park.
    """
    options = options or BuildOptions()
    dx, x0 = _axis(strata.x_m, cell_m, options, 0)
    dy, y0 = _axis(strata.y_m, cell_m, options, 1)

    def heights(x_m: FloatArray, y_m: FloatArray) -> FloatArray:
        return sampled(strata, strata.ground_m, x_m, y_m) if terrain is None else terrain.height(x_m, y_m)

    box = shapely.box(strata.x_m[0], strata.y_m[0], strata.x_m[-1], strata.y_m[-1])
    waters = [row for row in park.waters if box.covers(row.line)]
    profiles = tuple(river_profile(row, heights) for row in waters)
    ground = cell_means(strata, strata.ground_m, dx, dy, x0, y0)
    inside = _inside(park, profiles, ground, edges_m(x0, dx), edges_m(y0, dy), options)
    layered = layered_grid(
        strata, dx, dy, x0_m=x0, y0_m=y0, rules=options.layers, inside=inside, cut_m=water_table_m
    )
    grid = layered.grid
    medium = medium_of(layered, park.strata, given=options.ground, convertible=options.convertible)
    if water_table_m is not None:
        medium = _yielding(grid, medium)
    aquifers = [row.id for row in park.strata if row.aquifer]
    seeps = rain_on(grid, park.plots, options.rain)
    slopes = options.rain.slope_share * slopes_into(grid, ground, seeps)
    rivers = [
        river_cells(layered, water, profile, options.bed, aquifers)
        for water, profile in zip(waters, profiles, strict=True)
    ]
    rim = ends(grid, medium, profiles, ground, above_m=options.end_above_m, distance_m=options.end_distance_m)
    stresses: list[Stress] = [recharge_of(grid, seeps, slopes), springs(grid, medium, ground)]
    stresses += [row for row in (*rivers, rim) if row is not None]
    return BuiltModel(
        problem=FlowProblem(
            grid=grid, medium=medium, start_head_m=_start(grid),
            periods=(Period(length_s=1.0, stresses=tuple(stresses), steady=True),),
        ),
        layered=layered, profiles=profiles, domain=_domain(grid), slopes_m3_s=frozen(slopes),
        ground_m=frozen(ground), notes=_notes(options, park, len(waters)),
    )  # fmt: skip


def _inside(
    park: Park,
    profiles: Sequence[Profile],
    ground_m: FloatArray,
    x_m: FloatArray,
    y_m: FloatArray,
    options: BuildOptions,
) -> BaseGeometry | BoolArray:
    """The shape that was given, or the columns of the valley floor between edges ``x_m`` and ``y_m``."""
    if options.inside is not None:
        return options.inside
    return valley_floor(
        park, profiles, ground_m, 0.5 * (x_m[1:] + x_m[:-1]), 0.5 * (y_m[1:] + y_m[:-1]),
        buffer_m=options.buffer_m, above_m=options.above_m,
    )  # fmt: skip


def _yielding(grid: Grid, medium: Medium) -> Medium:
    """Storage of the uppermost cells by specific yield: it is the water table that moves in them."""
    row, col = np.nonzero(grid.uppermost >= 0)
    top = grid.uppermost[row, col]
    storage = medium.specific_storage_1_m.copy()
    storage[top, row, col] = medium.specific_yield[top, row, col] / grid.thickness_m[top, row, col]
    return replace(medium, specific_storage_1_m=frozen(storage))


def _axis(nodes_m: FloatArray, cell_m: float, options: BuildOptions, axis: int) -> tuple[FloatArray, float]:
    low, high = float(nodes_m[0]), float(nodes_m[-1])
    places = [place[axis] for place in options.places_m]
    spans = widths(
        low,
        high,
        cell_m,
        places_m=places,
        fine_m=options.fine_m,
        core_m=options.core_m,
        growth=options.growth_ratio,
    )
    return spans, low


def _domain(grid: Grid) -> BaseGeometry:
    columns = np.asarray(grid.uppermost >= 0)
    return shape_of(edges_m(grid.x0_m, grid.dx_m), edges_m(grid.y0_m, grid.dy_m), columns)


def _start(grid: Grid) -> FloatArray:
    return frozen(np.broadcast_to(grid.top_m - 1.0, grid.shape))


def _notes(options: BuildOptions, park: Park, used: int) -> tuple[str, ...]:
    notes = [
        f"recharge assumed: {options.rain.open_m_s:.2g} m/s on open ground, {options.rain.works_m_s:.2g} m/s"
        f" under works, {options.rain.slope_share:.0%} of that of the slopes above",
        f"river beds assumed: {options.bed.bed_m:g} m of {options.bed.k_m_s:.2g} m/s",
    ]
    if used < len(park.waters):
        notes.append(
            f"{len(park.waters) - used} of {len(park.waters)} rivers leave the strata and are left out"
        )
    return tuple(notes)
