"""The live twin of ``tests.support.hidden_valley``: what is believed, the wells, and how well it did."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.water.assimilate.data import DataKnobs
from models.water.assimilate.live import TwinKnobs, TwinSetup, WaterTwin
from models.water.assimilate.prior import (
    HeadOffset,
    LnKDatum,
    LnKField,
    Prior,
    SourceFactor,
    StressFactor,
)
from models.water.fronts import Dressing, distances, probability, raster_of
from models.water.grid import Grid, regular_grid
from models.water.model import WaterProblem
from models.water.now import Reading
from models.water.observe import Screen
from models.water.problem import (
    Dispersion,
    FixedHead,
    FlowProblem,
    MassSource,
    Medium,
    Period,
    Recharge,
    Species,
    TransportProblem,
    Wells,
)
from tests.support import hidden_valley as hidden
from tests.support.hidden_valley import DAY_S, LIMIT_KG_M3, Valley

CELL_M = 20.0
SHAPE = (2, 40, 60)
NOW_S = 730 * DAY_S
LEADS_S = (0.0, 30 * DAY_S, 90 * DAY_S, 365 * DAY_S)
LEVEL_SD_M, CONC_SHARE = 0.01, 0.1


@dataclass(frozen=True, kw_only=True, eq=False)
class Edge:
    """Along the true outline: distances (members, points) to each member's own, and each member's reach.

    ``area_ratio`` (members,) of a member's plume over the true one.
    """

    signed_m: np.ndarray
    reach_m: np.ndarray
    area_ratio: np.ndarray

    def held(self, dressing: Dressing, cell_m: float = 20.0) -> float:
        """Share of the true outline that lies in the 95 % band."""
        sd = np.array([dressing.sd_m(cell_m, value) for value in self.reach_m])
        inside = probability(self.signed_m, sd)
        return float(np.mean((inside > 0.025) & (inside < 0.975)))


@dataclass(frozen=True, kw_only=True)
class Score:
    """What one hidden truth says of the twin; ``held``: share of the true front in the band, by lead."""

    head_before_m: float
    head_after_m: float
    lnk_before: float
    lnk_measured: float
    lnk_after: float
    spread_error: float
    lnk_spread_error: float
    held: tuple[float, ...]
    edges: tuple[Edge, ...]


def guess() -> WaterProblem:
    """The twin's problem before any well: right in kind, wrong in every number that the truth hides."""
    grid = _grid()
    k = np.stack([np.full(SHAPE[1:], np.exp(base)) for base in hidden.LN_K])
    full = np.ones(SHAPE)
    medium = Medium(
        k_m_s=k,
        k33_m_s=0.1 * k,
        porosity=hidden.POROSITY * full,
        specific_storage_1_m=1e-5 * full,
        specific_yield=0.15 * full,
    )
    stresses = (
        _edge(0, hidden.WEST_M, "west"),
        _edge(SHAPE[2] - 1, hidden.EAST_M, "east"),
        Recharge(rate_m_s=np.full(SHAPE[1:], hidden.RECHARGE_M_S)),
        Wells(cells=_cell(hidden.PUMP), rate_m3_s=np.array([-hidden.PUMP_M3_S])),
    )
    source = MassSource(cells=_cell(hidden.SOURCE), rate_kg_s=np.array([[hidden.SOURCE_KG_S]]), name="leak")
    flow = FlowProblem(
        grid=grid,
        medium=medium,
        start_head_m=np.full(SHAPE, 27.0),
        periods=(Period(length_s=1_200 * DAY_S, stresses=stresses, steady=True),),
    )
    spread = Dispersion(
        longitudinal_m=5.0, transverse_horizontal_m=1.0, transverse_vertical_m=0.1, cross_terms=False
    )
    return WaterProblem(
        flow=flow,
        transport=TransportProblem(species=(Species(id="f"),), dispersion=spread, sources=(source,)),
    )


def wells() -> tuple[Screen, ...]:
    """Twenty places, spread and not on a lattice; odd ones in the lower layer."""
    rng = np.random.default_rng(99)
    places = []
    for k in range(20):
        x, y = 100.0 + 1_000.0 * ((k * 0.618) % 1.0), 80.0 + 640.0 * ((k + 0.5) / 20.0)
        x, y = x + rng.uniform(-30, 30), y + rng.uniform(-30, 30)
        places.append((x, y, k % 4 == 3))
    near = [(300.0, 370.0), (380.0, 340.0), (380.0, 410.0), (470.0, 380.0), (560.0, 400.0), (650.0, 340.0)]
    places += [(x, y, False) for x, y in near]
    return tuple(_screen(f"w{k}", *row) for k, row in enumerate(places))


HELD_OUT = ("w2", "w7", "w11", "w16", "w19", "w23")


def setup(truth: Valley | None, rng: np.random.Generator) -> TwinSetup:
    """Beliefs; with a truth, conductivity measured (slug tests) at the wells that are not held out."""
    problem = guess()
    data = ((), ()) if truth is None else _slug_tests(truth, rng)
    beliefs = (
        LnKField(name="upper", layers=(0,), sd=0.8, range_m=250.0, mean_sd=0.5, data=data[0]),
        LnKField(name="lower", layers=(1,), sd=0.8, range_m=250.0, mean_sd=0.5, data=data[1]),
        StressFactor(name="rain", package="rch", ln_sd=0.3),
        HeadOffset(name="west level", package="west", sd_m=0.3),
        HeadOffset(name="east level", package="east", sd_m=0.3),
        SourceFactor(name="leak", source="leak", ln_sd=0.5),
    )
    x, y = (hidden.SOURCE[2] + 0.5) * hidden.CELL_M, (hidden.SOURCE[1] + 0.5) * hidden.CELL_M
    return TwinSetup(
        prior=Prior(problem, beliefs),
        start_ms=0,
        wells=wells(),
        limits_kg_m3={"f": LIMIT_KG_M3},
        sources_m={"f": (x, y)},
    )


def readings(truth: Valley, rng: np.random.Generator) -> list[Reading]:
    """Levels and concentrations of all wells that are not held out, every quarter of the second year."""
    found = []
    for place in wells():
        if place.name in HELD_OUT:
            continue
        for day in (400, 500, 600, 730):
            time_ms = round(day * DAY_S * 1000)
            level = _true(truth.head_m, place) + LEVEL_SD_M * rng.standard_normal()
            found.append(
                Reading(place=place.name, quantity="level", time_ms=time_ms, value=level, sd=LEVEL_SD_M)
            )
            conc = _true(truth.conc(day * DAY_S), place) * np.exp(CONC_SHARE * rng.standard_normal())
            found.append(
                Reading(place=place.name, quantity="f", time_ms=time_ms, value=conc, sd=CONC_SHARE * conc)
            )
    return found


def study(seed: int, *, knobs: TwinKnobs | None = None) -> Score:
    """One hidden truth: calibrate, look ahead, compare."""
    truth = hidden.hidden_valley(seed)
    rng = np.random.default_rng([seed, 5])
    own = knobs or TwinKnobs(members=60, radius_m=450.0, drift_m=0.0, data=DataKnobs(level_sd_m=0.05))
    twin = WaterTwin(setup(truth, rng), knobs=own, seed=seed)
    said = readings(truth, rng)
    prior = WaterTwin(setup(None, rng), knobs=own, seed=seed)
    for model in prior.models:
        model.step(NOW_S)
    before_k, slug_k = _ln_k(prior), _ln_k(twin)
    twin.calibrate(said)
    held = [place for place in wells() if place.name in HELD_OUT]
    true = np.array([_true(truth.head_m, place) for place in held])
    before, after = _levels(prior, held), _levels(twin, held)
    true_k = truth.ln_k.reshape(2, 40, 2, 60, 2).mean(axis=(2, 4))
    after_k = _ln_k(twin)
    found = edges(twin, truth)
    return Score(
        head_before_m=_rms(before.mean(axis=0) - true),
        head_after_m=_rms(after.mean(axis=0) - true),
        lnk_before=_rms(before_k.mean(axis=0) - true_k),
        lnk_measured=_rms(slug_k.mean(axis=0) - true_k),
        lnk_after=_rms(after_k.mean(axis=0) - true_k),
        spread_error=_rms(after.std(axis=0, ddof=1)) / _rms(after.mean(axis=0) - true),
        lnk_spread_error=_rms(after_k.std(axis=0, ddof=1)) / _rms(after_k.mean(axis=0) - true_k),
        held=tuple(row.held(own.dressing) for row in found),
        edges=found,
    )


def edges(twin: WaterTwin, truth: Valley) -> tuple[Edge, ...]:
    """What the members hold along the true outline, by lead."""
    ahead = twin.outlook(LEADS_S)
    grid = twin.setup.prior.problem.flow.grid
    fine = regular_grid((2, hidden.NY, hidden.NX), dx_m=10.0, dy_m=10.0, thickness_m=np.array(hidden.THICK_M))
    raster = raster_of(grid)
    origin = twin.setup.sources_m["f"]
    away = np.hypot(raster.y_m[:, None] - origin[1], raster.x_m[None, :] - origin[0])
    found = []
    for k, lead in enumerate(LEADS_S):
        true = distances(fine, raster, truth.conc(NOW_S + lead).max(axis=0), LIMIT_KG_M3)
        members = np.nan_to_num(ahead.conc_kg_m3[k, :, 0]).max(axis=1)
        signed = np.stack([distances(grid, raster, row, LIMIT_KG_M3) for row in members])
        reach = [float(away[row > 0].max()) if (row > 0).any() else 0.0 for row in signed]
        areas = np.array([(row > 0).sum() for row in signed]) / max((true > 0).sum(), 1)
        on_edge = np.abs(true) < raster.step_m
        found.append(Edge(signed_m=signed[:, on_edge], reach_m=np.asarray(reach), area_ratio=areas))
    return tuple(found)


def _levels(twin: WaterTwin, places) -> np.ndarray:
    names = [row.name for row in twin.setup.wells]
    rows = [names.index(place.name) for place in places]
    return np.stack([twin.levels_m(model)[rows] for model in twin.models])


def _ln_k(twin: WaterTwin) -> np.ndarray:
    return np.stack([np.log(model.problem.flow.medium.k_m_s) for model in twin.models])


def _slug_tests(truth: Valley, rng: np.random.Generator):
    found: tuple[list[LnKDatum], list[LnKDatum]] = ([], [])
    for place in wells():
        if place.name in HELD_OUT:
            continue
        layer = 1 if place.z_top_m < 20.0 else 0
        i, j = int(place.y_m // hidden.CELL_M), int(place.x_m // hidden.CELL_M)
        value = float(truth.ln_k[layer, i, j]) + 0.3 * rng.standard_normal()
        found[layer].append(LnKDatum(x_m=place.x_m, y_m=place.y_m, ln_k=value, sd=0.3))
    return tuple(found[0]), tuple(found[1])


def _true(field: np.ndarray, place: Screen) -> float:
    """The truth at a well, bilinear between its own cells."""
    layer = 1 if place.z_top_m < 20.0 else 0
    x, y = place.x_m / hidden.CELL_M - 0.5, place.y_m / hidden.CELL_M - 0.5
    j, i = int(x), int(y)
    fx, fy = x - j, y - i
    part = field[layer, i : i + 2, j : j + 2]
    return float(
        (1 - fy) * ((1 - fx) * part[0, 0] + fx * part[0, 1]) + fy * ((1 - fx) * part[1, 0] + fx * part[1, 1])
    )


def _screen(name: str, x: float, y: float, lower: bool) -> Screen:
    top, bottom = (18.0, 12.0) if lower else (28.0, 23.0)
    return Screen(name=name, x_m=x, y_m=y, z_top_m=top, z_bottom_m=bottom)


def _grid() -> Grid:
    return regular_grid(SHAPE, dx_m=CELL_M, dy_m=CELL_M, thickness_m=np.array(hidden.THICK_M), top_m=30.0)


def _edge(column: int, level: float, name: str) -> FixedHead:
    cells = np.array([(k, i, column) for k in range(2) for i in range(SHAPE[1])])
    return FixedHead(cells=cells, head_m=np.full(len(cells), level), name=name)


def _cell(fine: tuple[int, int, int]) -> np.ndarray:
    return np.array([[fine[0], fine[1] // 2, fine[2] // 2]])


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values**2)))
