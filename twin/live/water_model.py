"""The park's groundwater twin as the live process runs it: what is believed, what is read, what is asked.

Layers are computed at full thickness (linear flow): a member's steady state then costs a twentieth of a
second, so that an ensemble fits between two readings; what the assumption misses goes into the fitted
transmissivities (docs/decisions/2026-11-22-live-groundwater.md). Concentrations are computed above the
natural background and told with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely

from gis.strata import build_strata
from gis.terrain import Terrain
from models.water.arrival import target_cells
from models.water.assimilate.live import TwinKnobs, TwinSetup, WaterTwin
from models.water.assimilate.prior import (
    Belief,
    HeadOffset,
    LnKDatum,
    LnKField,
    PorosityFactor,
    Prior,
    SourceFactor,
    StressFactor,
)
from models.water.build.edges import Rain, RiverBed
from models.water.build.ground import Ground as Properties
from models.water.build.ground import ground_of
from models.water.build.model import BuildOptions, BuiltModel, build_model
from models.water.grid import IntArray
from models.water.measures.compare import Choice, compare
from models.water.measures.comparison import Comparison
from models.water.model import WaterModel, WaterProblem
from models.water.now import Nowcast, Reading
from models.water.observe import Screen
from models.water.problem import (
    Dispersion,
    GeneralHead,
    MassSource,
    Recharge,
    River,
    Sorption,
    Species,
    TransportProblem,
)
from twin.core.errors import ParkTwinError, SolverError
from twin.core.geometry import FloatArray, frozen
from twin.core.groundwater import (
    ConductivityTest,
    Groundwater,
    GroundwaterMeasure,
    GroundwaterSource,
    GroundwaterTarget,
    SourceKind,
)
from twin.core.park import Park
from twin.live.water_background import compared_with_background, with_background
from twin.live.water_frames import Display, display_of

SOLVER = "water twin (finite volumes, ES-MDA and EnKF)"
MOST_CELLS = 100_000
_FOREVER_S = 1e12
_POROSITY_LN_SD = 0.2  # effective porosity of one kind of ground: a factor of 1.5 either way, 95 %
# A test feels metres, a cell has tens: what the ground varies between the two counts as error of the test.
_TEST_SUPPORT_LN_SD = 0.3
_RADIUS_M = (
    800.0  # some three ranges of ln K: beyond it chance correlations of few members outweigh true ones
)
_ROUNDS = 4
_LEAST_WET = 0.1
MARGIN = "slopes"
_NOTICED_SHARE = 0.9  # of the history, in which a leak may have begun unnoticed
_WORKS_SHARE = 1.0 / 3.0  # of the rain that seeps in under works
_COMPARE_STEP_S = 10 * 86_400.0
COMPARE_LEADS_S = (0.0, 30 * 86_400.0, 90 * 86_400.0, 365 * 86_400.0)
COMPARE_VOLUMES_S = (0.0, 30 * 86_400.0, 365 * 86_400.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How much is computed: ``members``, ``steps`` of ES-MDA, ``compared`` members per measure, ``folds``."""

    members: int
    steps: int
    compared: int = 12
    folds: int = 4


QUICK = Effort(members=12, steps=2, compared=2, folds=2)


@dataclass(frozen=True, kw_only=True, eq=False)
class WaterLive:
    """The twin of a park with what it needs to be told: cells to show, notes, backgrounds (kg/m3).

    ``saturated`` (nl, nr, nc): see ``saturated_share``.
    """

    park: Park
    book: Groundwater
    built: BuiltModel
    twin: WaterTwin
    display: Display
    background_kg_m3: Mapping[str, float]
    effort: Effort
    notes: tuple[str, ...]
    saturated: FloatArray

    def above_background(self, reading: Reading) -> Reading:
        """The reading as the model knows it: concentrations above the background."""
        low = self.background_kg_m3.get(reading.quantity)
        return reading if low is None else replace(reading, value=max(reading.value - low, 0.0))

    def told(self, now: Nowcast) -> Nowcast:
        """A now-cast as people measure it: levels of concentrations and limits with the background."""
        return with_background(now, self.background_kg_m3)

    def compared(
        self,
        substance: str,
        *,
        measures: Sequence[GroundwaterMeasure | Choice],
        leak: MassSource | None = None,
    ) -> Comparison:
        """Measures beside doing nothing, on some of the members as they stand."""
        count = min(self.effort.compared, len(self.twin.models))
        chosen = np.linspace(0, len(self.twin.models) - 1, count).astype(int)
        models = [self._branch(self.twin.models[k], leak) for k in chosen]
        found = compare(
            models,
            list(measures),
            substance=substance,
            limit_kg_m3=self.limit_kg_m3(substance),
            leads_s=COMPARE_LEADS_S,
            targets=[row for row in self.book.targets if substance in (row.substance_ids or (substance,))],
            sources=self.book.sources,
            step_s=_COMPARE_STEP_S,
            keep_s=COMPARE_VOLUMES_S,
            sources_m=self._starts(substance, leak),
            dressing=self.twin.knobs.dressing,
        )
        return compared_with_background(found, self.background_kg_m3.get(substance, 0.0))

    def _starts(self, substance: str, leak: MassSource | None) -> tuple[tuple[float, float], ...]:
        grid, known = self.built.grid, _plume_starts(self.book).get(substance, ())
        if leak is None:
            return known
        _, i, j = leak.cells[0]
        return (*known, (float(grid.x_m[j]), float(grid.y_m[i])))

    def limit_kg_m3(self, substance: str) -> float:
        """Limit above the background."""
        return self.twin.setup.limits_kg_m3[substance]

    def leak(self, x_m: float, y_m: float, substance: str, rate_kg_s: float, length_s: float) -> MassSource:
        """A leak from now on into the uppermost aquifer. Raises SolverError outside the model."""
        source = GroundwaterSource(
            id="what-if leak", name=self.park.name, kind=SourceKind.LEAK, x_m=x_m, y_m=y_m,
            substance_id=substance, rate_kg_s=rate_kg_s,
        )  # fmt: skip
        cells = _cells(self.built, self.book, x_m, y_m)
        if cells is None:
            raise SolverError(
                f"leak at ({x_m:g}, {y_m:g}) lies outside the groundwater model",
                message_zh=f"泄漏点 ({x_m:g}, {y_m:g}) 在地下水模型范围之外",
                field="leak",
                value=[x_m, y_m],
            )
        now_s = self.twin.models[0].time_s
        found = _mass_source(source, cells, self.book)
        return replace(found, start_s=now_s, end_s=now_s + length_s)

    @staticmethod
    def _branch(model: WaterModel, leak: MassSource | None) -> WaterModel:
        return model if leak is None else model.what_if(add_sources=(leak,))


def water_live(
    park: Park,
    terrain: Terrain,
    now_ms: int,
    effort: Effort,
    tests: Sequence[ConductivityTest] = (),
) -> WaterLive:
    """Twin of a park that begins its history so long before now as the scene says.

    ``tests`` of hydraulic conductivity are honoured by every member.

    Raises ParkTwinError naming what the scene lacks.
    """
    book = park.groundwater
    if book is None or not book.substances or not park.wells:
        raise SolverError(
            f"park {park.id} has no groundwater to compute; expected water.toml with substances, and wells",
            message_zh=f"园区 {park.id} 无可计算的地下水；需要含物质的 water.toml 和监测井",
            field="groundwater",
        )
    built = _built(park, book, terrain)
    cells = int(built.grid.active.sum())
    if cells > MOST_CELLS:
        raise SolverError(
            f"model.cell_m = {book.model.cell_m:g} makes {cells} cells; expected at most {MOST_CELLS} live",
            message_zh=f"cell_m 为 {book.model.cell_m:g} 时有 {cells} 个单元；实时推演至多 {MOST_CELLS} 个",
            field="cell_m",
            value=book.model.cell_m,
        )
    notes = list(built.notes)
    sources, left = _sources(built, book)
    notes += [f"source {name} lies outside the model and is left out" for name in left]
    saturated = saturated_share(built)
    data = {name: _data(built, name, tests, saturated) for name in book.model.strata}
    problem = _problem(built, book, sources, saturated)
    prior = Prior(problem, _beliefs(built, book, sources, data))
    background = {row.id: row.background_kg_m3 for row in book.substances}
    wells = _places(park, built)
    if len(wells) < len(park.wells):
        notes.append(f"{len(park.wells) - len(wells)} wells lie outside the model")
    setup = TwinSetup(
        prior=prior,
        start_ms=now_ms - round(1000 * book.model.history_s),
        wells=wells,
        limits_kg_m3={row.id: max(row.limit_kg_m3 - row.background_kg_m3, 1e-9) for row in book.substances},
        targets=_targets(book, built, notes),
        sources_m=_plume_starts(book),
    )
    knobs = TwinKnobs(members=effort.members, steps=effort.steps, folds=effort.folds, radius_m=_RADIUS_M)
    return WaterLive(
        park=park,
        book=book,
        built=built,
        twin=WaterTwin(setup, knobs=knobs),
        display=display_of(built.grid),
        background_kg_m3=background,
        effort=effort,
        notes=tuple(notes),
        saturated=saturated,
    )


def _built(park: Park, book: Groundwater, terrain: Terrain) -> BuiltModel:
    model = book.model
    cover: dict[str, Properties] = {}
    for row in park.strata:
        if row.aquifer:
            break
        cover[row.id] = replace(ground_of(row), anisotropy_ratio=1.0)  # rain finds its way through cracks
    told = model.margin_inflow_m2_s > 0.0  # what comes from the slopes; else the build estimates it
    rain = Rain(
        open_m_s=model.recharge_m_s,
        works_m_s=_WORKS_SHARE * model.recharge_m_s,
        slope_share=0.0 if told else Rain().slope_share,
    )
    inside = shapely.Polygon(model.outline) if model.outline else None
    bed = RiverBed(k_m_s=model.bed_1_s * RiverBed().bed_m)
    strata = build_strata(park, terrain, max(model.cell_m / 2.0, terrain.step_m))
    built = build_model(
        park,
        strata,
        cell_m=model.cell_m,
        terrain=terrain,
        options=BuildOptions(inside=inside, rain=rain, bed=bed, ground=cover, convertible=False),
    )
    if not told:
        return built
    period = built.problem.periods[0]
    stresses = (*period.stresses, margin(built, model.margin_inflow_m2_s))
    problem = replace(built.problem, periods=(replace(period, stresses=stresses),))
    return replace(built, problem=problem)


def _problem(
    built: BuiltModel, book: Groundwater, sources: Sequence[MassSource], saturated: FloatArray
) -> WaterProblem:
    model = book.model
    medium = replace(
        built.medium,
        k_m_s=frozen(built.medium.k_m_s * saturated),
        porosity=frozen(built.medium.porosity * saturated),
    )
    period = replace(built.problem.periods[0], length_s=_FOREVER_S)
    dispersion = Dispersion(
        longitudinal_m=model.longitudinal_m,
        transverse_horizontal_m=model.transverse_m,
        transverse_vertical_m=model.vertical_m,
        cross_terms=False,
    )
    species = tuple(
        Species(
            id=row.id,
            sorption=None
            if row.kd_m3_kg == 0.0
            else Sorption(kd_m3_kg=row.kd_m3_kg, bulk_density_kg_m3=model.bulk_density_kg_m3),
            decay_1_s=0.0 if row.half_life_s is None else float(np.log(2.0)) / row.half_life_s,
        )
        for row in book.substances
    )
    return WaterProblem(
        flow=replace(built.problem, periods=(period,), medium=medium),
        transport=TransportProblem(species=species, dispersion=dispersion, sources=tuple(sources)),
    )


def _beliefs(
    built: BuiltModel,
    book: Groundwater,
    sources: Sequence[MassSource],
    data: Mapping[str, tuple[LnKDatum, ...]],
) -> list[Belief]:
    model = book.model
    rows: list[Belief] = []
    for name in model.strata:
        layers = tuple(int(k) for k in built.layers_of(name))
        rows.append(
            LnKField(
                name=f"ln K {name}", layers=layers, sd=model.lnk_ln_sd, range_m=model.lnk_range_m,
                mean_sd=model.stratum_ln_sd, data=data[name],
            )
        )  # fmt: skip
        rows.append(PorosityFactor(name=f"porosity {name}", layers=layers, ln_sd=_POROSITY_LN_SD))
    if model.margin_inflow_m2_s > 0.0:
        rows.append(StressFactor(name="recharge", package="rain", ln_sd=model.recharge_ln_sd))
        rows.append(StressFactor(name="slopes", package=MARGIN, ln_sd=model.margin_ln_sd))
    else:
        rain = float(np.hypot(model.recharge_ln_sd, model.margin_ln_sd))  # slopes come with the rain
        rows.append(StressFactor(name="recharge", package="rain", ln_sd=rain))
    for stress in built.stresses:
        if isinstance(stress, River):
            rows.append(StressFactor(name=f"bed {stress.name}", package=stress.name, ln_sd=model.bed_ln_sd))
            rows.append(HeadOffset(name=f"stage {stress.name}", package=stress.name, sd_m=model.stage_sd_m))
    known = {row.id: row for row in book.sources}
    rows += [
        SourceFactor(
            name=f"rate {row.name}",
            source=row.name,
            ln_sd=known[row.name].rate_ln_sd,
            onset_s=_NOTICED_SHARE * model.history_s,
        )
        for row in sources
    ]
    return rows


def margin(built: BuiltModel, inflow_m2_s: float) -> Recharge:
    """What the slopes send in through the rim of the model, per metre of it; none where a river runs."""
    grid = built.grid
    inside = grid.active.any(axis=0)
    padded = np.pad(inside, 1)
    rim = np.zeros(inside.shape)
    rim += grid.dy_m[:, None] * (~padded[1:-1, :-2] + 0.0) + grid.dy_m[:, None] * (~padded[1:-1, 2:] + 0.0)
    rim += grid.dx_m[None, :] * (~padded[:-2, 1:-1] + 0.0) + grid.dx_m[None, :] * (~padded[2:, 1:-1] + 0.0)
    edge = np.hypot(*np.meshgrid(grid.dx_m, grid.dy_m))
    rim = np.where(inside, np.minimum(rim, edge), 0.0)  # a slanting rim is as long as the cell's diagonal
    for row in built.stresses:
        if isinstance(row, (River, GeneralHead)):
            rim[row.cells[:, 1], row.cells[:, 2]] = 0.0
    area = grid.dy_m[:, None] * grid.dx_m[None, :]
    return Recharge(rate_m_s=frozen(inflow_m2_s * rim / area), name=MARGIN)


def saturated_share(built: BuiltModel) -> FloatArray:
    """Part (nl, nr, nc) of every cell's thickness below the water table of the best guess, a tenth at least.

    Flow is linear, at fixed saturated thickness: conductivity and porosity of the problem are those of the
    cell times this part, so that what is fitted remains the conductivity of the ground itself.
    """
    grid = built.grid
    share = np.ones(grid.shape)
    for _ in range(_ROUNDS):
        medium = replace(built.medium, k_m_s=frozen(built.medium.k_m_s * share))
        model = WaterModel(WaterProblem(flow=replace(built.problem, medium=medium), transport=None))
        head = np.nan_to_num(model.steady_head(), nan=1e9)
        thick = np.where(grid.thickness_m > 0.0, grid.thickness_m, np.inf)
        new = np.clip((head - grid.bottom_m) / thick, _LEAST_WET, 1.0)
        share = np.where(grid.active, np.sqrt(share * new), 1.0)
    return frozen(share)


def _data(
    built: BuiltModel, stratum: str, tests: Sequence[ConductivityTest], saturated: FloatArray
) -> tuple[LnKDatum, ...]:
    """Tests of one stratum inside the model, their errors widened to those of a cell."""
    grid, layer = built.grid, int(built.layers_of(stratum)[0])
    found = []
    for row in tests:
        if row.stratum_id != stratum or row.k_m_s <= 0.0:
            continue
        try:
            share = float(saturated[layer, *grid.column_row(row.x_m, row.y_m)])
        except ParkTwinError:
            continue
        sd = float(np.hypot(row.ln_sd, _TEST_SUPPORT_LN_SD))
        found.append(LnKDatum(x_m=row.x_m, y_m=row.y_m, ln_k=float(np.log(row.k_m_s * share)), sd=sd))
    return tuple(found)


def _sources(built: BuiltModel, book: Groundwater) -> tuple[list[MassSource], list[str]]:
    found, left = [], []
    for row in book.sources:
        cells = _cells(built, book, row.x_m, row.y_m)
        if cells is None:
            left.append(row.id)
        else:
            found.append(_mass_source(row, cells, book))
    return found, left


def _mass_source(row: GroundwaterSource, cells: IntArray, book: Groundwater) -> MassSource:
    at = [one.id for one in book.substances].index(row.substance_id)
    rate = np.zeros((len(cells), len(book.substances)))
    rate[:, at] = row.rate_kg_s / len(cells)
    return MassSource(cells=cells, rate_kg_s=rate, name=row.id)


def _cells(built: BuiltModel, book: Groundwater, x_m: float, y_m: float) -> IntArray | None:
    """The cell of the uppermost aquifer under a place; None outside the model."""
    grid = built.grid
    try:
        i, j = grid.column_row(x_m, y_m)
    except ParkTwinError:
        return None
    names = book.model.strata or built.layered.strata_ids
    for name in names:
        for k in built.layers_of(name):
            if grid.active[k, i, j]:
                return np.array([[int(k), i, j]], dtype=np.int64)
    return None


def _places(park: Park, built: BuiltModel) -> tuple[Screen, ...]:
    grid = built.grid
    found = []
    for row in park.wells:
        try:
            i, j = grid.column_row(row.collar.x_m, row.collar.y_m)
        except ParkTwinError:
            continue
        if grid.active[:, i, j].any():
            found.append(
                Screen(
                    name=row.id,
                    x_m=row.collar.x_m,
                    y_m=row.collar.y_m,
                    z_top_m=row.collar.z_m - row.screen_top_m,
                    z_bottom_m=row.collar.z_m - row.screen_bottom_m,
                )
            )
    return tuple(found)


def _targets(book: Groundwater, built: BuiltModel, notes: list[str]) -> tuple[GroundwaterTarget, ...]:
    kept = []
    for row in book.targets:
        try:
            target_cells(built.grid, row)
        except ParkTwinError as error:
            notes.append(f"target {row.id} is left out: {error.message}")
            continue
        kept.append(row)
    return tuple(kept)


def _plume_starts(book: Groundwater) -> dict[str, tuple[tuple[float, float], ...]]:
    """Where a substance's plumes start."""
    starts: dict[str, list[tuple[float, float]]] = {}
    for row in book.sources:
        starts.setdefault(row.substance_id, []).append((row.x_m, row.y_m))
    return {name: tuple(rows) for name, rows in starts.items()}
