"""Cases of dense gas: the similarity model along the wind, or the shallow layer over the ground."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.air.case.dense_term import dense_terms, joined_steps, mixture_of
from models.air.case.ground import Ground, ground_of
from models.air.case.load import LoadedCase, bad_value
from models.air.case.met import Air, air_of, ambient_of, start_ms, steady_wind
from models.air.case.missing import entry
from models.air.case.places import Arc, Spot, arcs_of, beam_receptor, receptor_of, spot_of_point
from models.air.case.result import AirField, CaseResult, ResultTable, make_table
from models.air.case.schema import DenseCase
from models.air.case.source_case import term_table, texts_of
from models.term import Ambient, SourceTerm
from twin.core.beam import Receptor
from twin.core.clock import Interval
from twin.core.geometry import FloatArray
from twin.core.origin import Origin
from twin.core.plume import PlumeGrid
from twin.core.text import Text

_AVERAGING_S = 60.0
_LONGEST_S = 6 * 3600.0
_REACH_M = 20_000.0
_STEPS = 4  # of a source; each is a cloud of its own to the one-dimensional model
VERSION = "1"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Scene:
    case: DenseCase
    loaded: LoadedCase
    ground: Ground
    air: Air
    ambient: Ambient
    terms: tuple[SourceTerm, ...]
    arcs: tuple[Arc, ...]
    spots: tuple[Spot, ...]
    averaging_s: float

    @property
    def downwind(self) -> tuple[float, float]:
        """Unit vector downwind in grid axes."""
        angle = math.radians(self.ambient.towards_deg)
        return math.sin(angle), math.cos(angle)


def run_dense(loaded: LoadedCase) -> CaseResult:
    """Run a case of kind ``dense``. Raises CaseError and SolverError."""
    case = loaded.case
    assert isinstance(case, DenseCase)
    scene = _prepare(case, loaded)
    tables, fields, notes = _similarity(scene) if case.model == "similarity" else _shallow(scene)
    return CaseResult(
        id=loaded.id,
        kind="dense",
        title=case.title,
        solver=f"dense_{case.model}",
        version=VERSION,
        origin=Origin(case.origin),
        tables={"terms": term_table(scene.terms), **tables},
        inputs=(
            f"wind {scene.air.wind_speed_m_s:g} m/s at {scene.air.wind_height_m:g} m "
            f"from {scene.air.wind_from_deg:g} deg, 1/L {scene.air.layer.inverse_obukhov_1_m:g} 1/m",
            *(f"{term.shape.value} of {term.mass_kg:g} kg {term.substance_id}" for term in scene.terms),
        ),
        notes=tuple(dict.fromkeys((*scene.air.notes, *(row for row in notes if isinstance(row, str))))),
        fields=tuple(fields),
        texts=tuple(
            dict.fromkeys((*texts_of(scene.terms), *(row for row in notes if isinstance(row, Text))))
        ),
    )


def _prepare(case: DenseCase, loaded: LoadedCase) -> _Scene:
    ground = ground_of(case.site, loaded.folder, loaded.source)
    air = air_of(case.air, case.run, ground.site, loaded.source)
    ambient = ambient_of(air, case.air, ground.site)
    terms = dense_terms(case, ambient, ground.site, loaded)
    if not terms:
        raise bad_value(loaded.source, "source", "nothing", "a source that releases something", "有释放的源")
    centre = (terms[0].place.x_m, terms[0].place.y_m)
    arcs = arcs_of(case.arc, centre, air.wind_from_deg + 180.0, ground.site)
    angle = math.radians(ambient.towards_deg)
    along = [
        Spot(
            id=f"d@{distance:g}",
            x_m=centre[0] + distance * math.sin(angle),
            y_m=centre[1] + distance * math.cos(angle),
            height_m=case.height_m,
        )
        for distance in case.distances_m
    ]
    spots = (*along, *(spot_of_point(row) for row in case.point), *(s for arc in arcs for s in arc.spots))
    return _Scene(
        case=case,
        loaded=loaded,
        ground=ground,
        air=air,
        ambient=ambient,
        terms=terms,
        arcs=arcs,
        spots=spots,
        averaging_s=case.run.averaging_s or _AVERAGING_S,
    )


def _levels(scene: _Scene, mixture: Any) -> list[tuple[str, float]]:
    """Names and concentrations of the levels that are asked for, and of the substance's own."""
    found = [
        (f"{ppm:g} ppm", float(mixture.conc_of_ppm(np.array([ppm]))[0]))
        for ppm in scene.case.output.levels_ppm
    ]
    found += [(f"{level:g} mg/m3", level * 1e-6) for level in scene.case.output.levels_mg_m3]
    if scene.case.output.named_levels:
        from models.substances.levels import level_at
        from models.substances.table import substance

        rows = substance(scene.terms[0].substance_id).levels
        for number in (1, 2, 3):
            level = level_at(rows, number, 3600.0, temperature_k=scene.ambient.temperature_k)
            if level is not None:
                found.append((f"AEGL-{number} 60 min", level.conc_kg_m3))
    return found


def _similarity(scene: _Scene) -> tuple[dict[str, ResultTable], list[AirField], list[str | Text]]:
    run = entry("models.air.dense.similarity", "similarity_run", "the one-dimensional dense-gas model")
    notes: list[str | Text] = (
        [] if scene.ground.flat else ["the one-dimensional model takes the ground as flat"]
    )
    if len(scene.terms) > 1:
        notes.append("clouds of several terms are added, each computed alone")
    reach = max([_REACH_M, *(1.02 * _far(scene, spot) for spot in scene.spots)])
    if any(term.rate_kg_s.size > _STEPS for term in scene.terms):
        notes.append(f"steps of the source joined to {_STEPS}, the first the smallest")
    clouds = [
        run(joined_steps(term, _STEPS), scene.ambient, averaging_s=scene.averaging_s, reach_m=reach)
        for term in scene.terms
    ]
    notes += [note for cloud in clouds for note in getattr(cloud, "notes", ())]
    mixture = mixture_of(scene.terms[0], scene.ambient)
    peak = np.zeros(len(scene.spots))
    for cloud in clouds:
        peak += np.array([_highest(cloud, scene, spot) for spot in scene.spots])
    first = [
        float(min(cloud.arrival_s(max(_along(scene, spot), 1.0)) for cloud in clouds)) for spot in scene.spots
    ]
    tables = _place_tables(scene, peak, mixture, {"arrival": ("s", np.array(first))})
    tables["levels"] = _level_table(scene, clouds[0], mixture)
    return tables, [], [*notes, *_level_notes(tables["levels"], reach, len(clouds))]


def _level_notes(levels: ResultTable, reach_m: float, clouds: int) -> list[str | Text]:
    """What the table of levels does not hold."""
    notes: list[str | Text] = []
    reaches = zip(levels.column("receptor").values, levels.column("reach").values, strict=True)
    beyond = [str(name) for name, reach in reaches if float(str(reach)) > 0.999 * reach_m]
    if beyond:
        notes.append(
            Text(
                zh=f"以下浓度水平超出计算范围 {reach_m:g} m：{'、'.join(beyond)}",
                en=f"levels that go beyond the {reach_m:g} m computed: {', '.join(beyond)}",
            )
        )
    if clouds > 1 and levels.column("receptor").values:
        notes.append(
            Text(zh="浓度水平仅按第一个源项计算", en="levels are those of the first term's cloud alone")
        )
    return notes


def _far(scene: _Scene, spot: Spot) -> float:
    place = scene.terms[0].place
    return math.hypot(spot.x_m - place.x_m, spot.y_m - place.y_m)


def _along(scene: _Scene, spot: Spot) -> float:
    """Distance downwind of the release."""
    place = scene.terms[0].place
    east, north = scene.downwind
    return (spot.x_m - place.x_m) * east + (spot.y_m - place.y_m) * north


def _highest(cloud: Any, scene: _Scene, spot: Spot) -> float:
    """Highest concentration in time at a place, from the model's frame: x downwind, y across."""
    place = scene.terms[0].place
    east, north = scene.downwind
    dx, dy = spot.x_m - place.x_m, spot.y_m - place.y_m
    along, across = dx * east + dy * north, dy * east - dx * north
    return float(np.ravel(cloud.peak_kg_m3(along, across, spot.height_m))[0])


def _level_table(scene: _Scene, cloud: Any, mixture: Any) -> ResultTable:
    rows: list[tuple[str, float, float, float, float, float]] = []
    for name, conc in _levels(scene, mixture):
        foot = cloud.footprint(conc_kg_m3=conc, height_m=scene.case.height_m)
        ppm = float(mixture.ppm_of(np.array([conc]))[0])
        rows.append(
            (
                name,
                conc,
                ppm,
                float(foot.reach_m),
                float(np.max(foot.half_width_m, initial=0.0)),
                float(foot.area_m2),
            )
        )
    return _table_of(
        "levels",
        [
            ("receptor", ""),
            ("level", "kg/m3"),
            ("level_ppm", "ppm"),
            ("reach", "m"),
            ("half_width", "m"),
            ("area", "m2"),
        ],
        rows,
    )


def _table_of(name: str, heads: Sequence[tuple[str, str]], rows: Sequence[Sequence[object]]) -> ResultTable:
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(heads)
    return make_table(name, [(head, units, columns[k]) for k, (head, units) in enumerate(heads)])


def _place_tables(
    scene: _Scene, peak: FloatArray, mixture: Any, more: dict[str, tuple[str, FloatArray]]
) -> dict[str, ResultTable]:
    """Tables of places and arcs; ``more`` are further columns (units, values) of places."""
    ppm = np.asarray(mixture.ppm_of(peak))
    names = [spot.id for spot in scene.spots] + [row.id for row in scene.case.beam]
    columns: list[tuple[str, str, Sequence[object]]] = [
        ("receptor", "", names),
        ("conc", "kg/m3", peak.tolist()),
        ("conc_ppm", "ppm", ppm.tolist()),
    ]
    columns += [(name, units, values.tolist()) for name, (units, values) in more.items()]
    tables = {"receptors": make_table("receptors", columns)}
    if scene.arcs:
        index = {name: k for k, name in enumerate(names)}
        rows = []
        for arc in scene.arcs:
            values = np.array([peak[index[spot.id]] for spot in arc.spots])
            best = int(values.argmax())
            rows.append(
                (
                    arc.id,
                    arc.radius_m,
                    arc.height_m,
                    float(values[best]),
                    float(mixture.ppm_of(values[best : best + 1])[0]),
                    arc.bearings_deg[best] % 360.0,
                )
            )
        heads = [
            ("receptor", ""),
            ("radius", "m"),
            ("height", "m"),
            ("arc_max", "kg/m3"),
            ("arc_max_ppm", "ppm"),
            ("bearing_of_max", "deg"),
        ]
        tables["arcs"] = _table_of("arcs", heads, rows)
    return tables


def _shallow(scene: _Scene) -> tuple[dict[str, ResultTable], list[AirField], list[str | Text]]:
    run = entry("models.air.dense.terrain", "dense_over_terrain", "the shallow layer")
    grid = _grid(scene.case)
    site = scene.ground.site
    receptors: list[Receptor] = [receptor_of(spot, site) for spot in scene.spots]
    receptors += [beam_receptor(row, site) for row in scene.case.beam]
    zero = start_ms(scene.case.run)
    window = Interval(start_ms=zero, end_ms=zero + round(1000.0 * _duration_s(scene)))
    if len(scene.terms) > 1:
        raise bad_value(
            scene.loaded.source,
            "model",
            "shallow",
            "a source with one term (this one makes a jet and a pool; take similarity)",
            "单一源项（此源同时形成射流与液池，请用 similarity）",
        )
    every = scene.case.run.every_s or min(30.0, scene.averaging_s)
    made = run(
        scene.terms[0],
        scene.ambient,
        site,
        steady_wind(scene.air, site),
        window,
        grid,
        receptors,
        height_m=scene.case.height_m,
        output_s=every,
    )
    times = (np.asarray(made.times_ms) - zero) / 1000.0
    seen = np.asarray(made.receptor_conc_kg_m3).reshape(times.size, len(receptors))
    width = max(1, round(scene.averaging_s / every))
    mean = _running_max(seen, width)
    highest = seen.max(axis=0, initial=0.0)
    more = {
        "peak": ("kg/m3", highest),
        "dose": ("kg s/m3", np.asarray(np.trapezoid(seen, times, axis=0))),
    }
    tables = _place_tables(scene, mean, made.mixture, more)
    heads: list[tuple[str, str, Sequence[object]]] = [
        ("time", "s", times.tolist()),
        ("in_layer", "kg", np.asarray(made.in_layer_kg).tolist()),
        ("in_puffs", "kg", np.asarray(made.in_puffs_kg).tolist()),
        ("left", "kg", np.asarray(made.left_kg).tolist()),
    ]
    tables["masses"] = make_table("masses", heads)
    return tables, _shallow_fields(scene, made, grid), list(made.notes)


def _running_max(seen: FloatArray, width: int) -> FloatArray:
    width = min(width, seen.shape[0])
    sums = np.concatenate([np.zeros((1, seen.shape[1])), np.cumsum(seen, axis=0)])
    return np.asarray(((sums[width:] - sums[:-width]) / width).max(axis=0, initial=0.0))


def _shallow_fields(scene: _Scene, made: Any, grid: PlumeGrid) -> list[AirField]:
    x = grid.x_min_m + (np.arange(grid.nx) + 0.5) * grid.dx_m
    y = grid.y_min_m + (np.arange(grid.ny) + 0.5) * grid.dy_m
    stated = scene.case.grid
    asked = stated.times_s if stated is not None else []
    wanted = [start_ms(scene.case.run) + round(1000.0 * t) for t in asked] or [int(made.times_ms[-1])]
    index = [int(np.abs(np.asarray(made.times_ms) - t).argmin()) for t in wanted]
    height = scene.case.height_m
    one_layer = PlumeGrid(
        x_min_m=grid.x_min_m,
        y_min_m=grid.y_min_m,
        dx_m=grid.dx_m,
        dy_m=grid.dy_m,
        dz_m=2.0 * max(height, 0.01),
        nx=grid.nx,
        ny=grid.ny,
        nz=1,
    )

    def field(quantity: str, units: str, times: Sequence[int], values: FloatArray, label: str) -> AirField:
        return AirField(
            id=f"{scene.loaded.id}.{label}",
            quantity=quantity,
            units=units,
            substance_id=scene.terms[0].substance_id,
            times_ms=tuple(times),
            grid=one_layer,
            values=np.asarray(values, dtype=np.float64)[:, None],
            ground_m=scene.ground.site.ground_m(x[None, :], y[:, None]),
            frame=scene.ground.frame,
            solver="dense_shallow",
            version=VERSION,
            origin=Origin(scene.case.origin),
            inputs=(f"{scene.terms[0].mass_kg:g} kg {scene.terms[0].substance_id}",),
            notes=(*made.notes, f"at {height:g} m above ground"),
            title=scene.case.title,
        )

    at_times = [int(made.times_ms[k]) for k in index]
    last = [int(made.times_ms[-1])]
    return [
        field("conc_kg_m3", "kg/m3", at_times, made.ground_conc_kg_m3[index], "conc"),
        field("conc_kg_m3", "kg/m3", last, made.max_conc_kg_m3[None], "highest"),
        field("dose_kg_s_m3", "kg s/m3", last, made.dose_kg_s_m3[None], "dose"),
    ]


def _grid(case: DenseCase) -> PlumeGrid:
    asked = case.grid
    assert asked is not None
    return PlumeGrid(
        x_min_m=asked.x_min_m,
        y_min_m=asked.y_min_m,
        dx_m=asked.dx_m,
        dy_m=asked.dy_m,
        dz_m=asked.dz_m,
        nx=asked.nx,
        ny=asked.ny,
        nz=asked.nz,
    )


def _duration_s(scene: _Scene) -> float:
    if scene.case.run.duration_s is not None:
        return scene.case.run.duration_s
    last = max(float(term.times_s[-1]) for term in scene.terms)
    far = max([500.0, *(_far(scene, spot) for spot in scene.spots)])
    return min(_LONGEST_S, min(last, 1800.0) + 3.0 * far / max(0.5 * scene.air.wind_speed_m_s, 0.3))
