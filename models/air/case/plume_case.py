"""Cases of passive gas: receptors, arcs, beams and fields from a row of the solver table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from models.air.case.ground import ground_of
from models.air.case.load import LoadedCase
from models.air.case.met import Air, start_ms
from models.air.case.places import arcs_of, beam_receptor, receptor_of, spots_of
from models.air.case.plume_notes import receptor_notes
from models.air.case.plume_releases import release_rows
from models.air.case.plume_rows import area_points, field_solver, receptor_solver
from models.air.case.plume_tables import (
    Scene,
    arc_table,
    averaged,
    averaging_s,
    joined,
    receptor_table,
    series_table,
)
from models.air.case.plume_times import course_ms, ending_ms, passing_ms
from models.air.case.plume_wind import plume_wind
from models.air.case.result import AirField, CaseResult, ResultTable
from models.air.case.schema import PlumeCase
from models.air.case.schema_release import PlumeReleaseRow
from models.air.case.steady_rows import SteadyRows
from models.contract import AirSolver, Site
from twin.core.beam import Receptor
from twin.core.clock import Interval
from twin.core.geometry import FloatArray, Place
from twin.core.origin import Origin
from twin.core.plume import PlumeGrid
from twin.core.release import Release

_SETTLE = 2.0  # a plume is steady once its slow part has gone twice as far as the last receptor
_LONGEST_S = 6 * 3600.0  # nobody asked for more: a release that goes on for a day costs minutes
_LONGEST_PASSING_S = 24 * 3600.0
_PUFF_S = 1.0  # an instant release leaves within a second
_SERIES = 120
_MOMENTS = 256  # of a course that are read together, which bounds the memory


def run_plume(loaded: LoadedCase) -> CaseResult:
    """Run a case of kind ``plume``. Raises CaseError and SolverError."""
    case = loaded.case
    assert isinstance(case, PlumeCase)
    scene = _prepare(case, loaded)
    tables: dict[str, ResultTable] = {}
    fields: list[AirField] = []
    ends = [(row.sensor_id, point) for row in scene.receptors for point in row.points_m[[0, -1]]]
    places = dict.fromkeys((name, float(point[0]), float(point[1])) for name, point in ends)
    notes: list[str] = [*scene.ground.notes, *scene.ground.beyond(tuple(places))]
    solver_version = ("", "")
    substances = sorted({row.substance for row in scene.rows})
    for substance in substances:
        mark = f"{substance}:" if len(substances) > 1 else ""
        own = [row for row in scene.rows if row.substance == substance]
        late = case.run.duration_s is not None and any(scene.late)
        solver = receptor_solver(case, own[0], scene.air, flat=scene.ground.flat, loaded=loaded, late=late)
        solver_version = (solver.name, solver.version)
        made = _read_receptors(scene, solver, substance, mark)
        for name, table in made.items():
            tables[name] = joined(tables[name], table) if name in tables else table
        notes += receptor_notes(scene, solver)
        found, said = _fields(scene, field_solver(case, own[0]), substance, loaded)
        fields += found
        notes += said
    return CaseResult(
        id=loaded.id,
        kind="plume",
        title=case.title,
        solver=solver_version[0],
        version=solver_version[1],
        origin=Origin(case.origin),
        tables=tables,
        inputs=(*scene.wind.inputs, *(f"release {row.id} {row.substance}" for row in scene.rows)),
        notes=tuple(dict.fromkeys((*scene.wind.notes, *notes))),
        fields=tuple(fields),
        texts=scene.texts,
    )


def _prepare(case: PlumeCase, loaded: LoadedCase) -> Scene:
    ground = ground_of(case.site, loaded.folder, loaded.source)
    zero = start_ms(case.run)
    rows, texts = release_rows(case, ground.site, loaded)
    centre = (rows[0].x_m, rows[0].y_m)
    wind, air = plume_wind(case, ground, loaded, centre)
    arcs = arcs_of(case.arc, centre, air.wind_from_deg + 180.0, ground.site)
    spots = [*(spot for arc in arcs for spot in arc.spots)]
    spots += spots_of(case, ground.site, loaded.folder, loaded.source)
    receptors = [receptor_of(spot, ground.site) for spot in spots]
    receptors += [beam_receptor(row, ground.site) for row in case.beam]
    heights = [spot.height_m for spot in spots]
    heights += [0.5 * (row.from_height_m + row.to_height_m) for row in case.beam]
    finite = any(row.end_s is not None or row.mass_kg is not None for row in rows)
    needed = [_needed_s(case, rows, row.points_m[:, :2], air, finite) for row in receptors]
    longest = _LONGEST_PASSING_S if finite else _LONGEST_S
    duration = case.run.duration_s or min(longest, max([*needed, _grid_s(case, rows, air, finite)]))
    window = Interval(start_ms=zero, end_ms=zero + round(1000.0 * duration))
    course = _course(case, window, steady=not finite and not case.station)
    return Scene(
        case=case,
        ground=ground,
        air=air,
        wind=wind,
        window=window,
        releases=tuple(part for row in rows for part in _releases(row, ground.site, window)),
        rows=rows,
        receptors=tuple(receptors),
        heights_m=tuple(heights),
        arcs=arcs,
        times_ms=_times(case, window, course, rows, receptors, air) if len(course) > 1 else course,
        course_ms=course,
        unread=tuple(case.run.duration_s is None and time > longest for time in needed),
        late=tuple(reach / max(air.wind_speed_m_s, 0.1) > duration for reach in _reaches(rows, receptors)),
        finite=finite,
        texts=texts,
    )


def _needed_s(
    case: PlumeCase, rows: Sequence[PlumeReleaseRow], places_m: FloatArray, air: Air, finite: bool
) -> float:
    """Long enough for slow gas near the ground to have passed places (n, 2)."""
    travel = _SETTLE * _reach_m(rows, places_m) / max(0.5 * air.wind_speed_m_s, 0.3)
    last = max((row.end_s or row.start_s) for row in rows) if finite else 0.0
    return travel + last + averaging_s(case)


def _grid_s(case: PlumeCase, rows: Sequence[PlumeReleaseRow], air: Air, finite: bool) -> float:
    grid = case.grid
    if grid is None:
        return 0.0
    far = (grid.x_min_m + grid.nx * grid.dx_m, grid.y_min_m + grid.ny * grid.dy_m)
    return _needed_s(case, rows, np.array([(grid.x_min_m, grid.y_min_m), far]), air, finite)


def _reach_m(rows: Sequence[PlumeReleaseRow], places_m: FloatArray) -> float:
    return max(float(np.hypot(places_m[:, 0] - row.x_m, places_m[:, 1] - row.y_m).max()) for row in rows)


def _reaches(rows: Sequence[PlumeReleaseRow], receptors: Sequence[Receptor]) -> list[float]:
    return [_reach_m(rows, row.points_m[:, :2]) for row in receptors]


def _course(case: PlumeCase, window: Interval, *, steady: bool) -> tuple[int, ...]:
    if steady:
        return (window.end_ms,)
    return course_ms(window, case.run.every_s or max(window.length_s / _SERIES, 1.0))


def _times(
    case: PlumeCase,
    window: Interval,
    course: Sequence[int],
    rows: Sequence[PlumeReleaseRow],
    receptors: Sequence[Receptor],
    air: Air,
) -> tuple[int, ...]:
    """Moments at which receptors are read: the course, and what resolves every passage."""
    nearest = math.inf
    for row in rows:
        size = row.radius_m or 0.5 * math.hypot(row.width_m or 0.0, row.length_m or 0.0)
        for one in receptors:
            away = np.hypot(one.points_m[:, 0] - row.x_m, one.points_m[:, 1] - row.y_m)
            nearest = min(nearest, max(float(away.min()) - size, 1.0))
    if not math.isfinite(nearest):
        return tuple(course)
    passing = passing_ms(window, rows, nearest / max(air.wind_speed_m_s, 0.1))
    ending = ending_ms(window, averaging_s(case))
    return tuple(sorted({*course, *passing, *ending}))


def _releases(row: PlumeReleaseRow, site: Site, window: Interval) -> list[Release]:
    start = window.start_ms + round(1000.0 * row.start_s)
    if row.mass_kg is not None:
        end, rate = start + round(1000.0 * _PUFF_S), row.mass_kg / _PUFF_S
    else:
        end = window.end_ms if row.end_s is None else window.start_ms + round(1000.0 * row.end_s)
        rate = row.rate_kg_s or 0.0
    points = area_points(row, site.convergence_deg)
    return [
        Release(
            id=row.id if len(points) == 1 else f"{row.id}.{k + 1}",
            substance_id=row.substance,
            place=Place(x_m=x, y_m=y, z_m=float(site.ground_m(x, y)) + row.height_m),
            height_m=row.height_m,
            rate_kg_s=rate / len(points),
            interval=Interval(start_ms=start, end_ms=min(end, window.end_ms)),
            origin=Origin.MODELLED,
        )
        for k, (x, y) in enumerate(points)
    ]


def _read_receptors(
    scene: Scene, solver: AirSolver | SteadyRows, substance: str, mark: str
) -> dict[str, ResultTable]:
    if not scene.receptors:
        return {}
    releases = [row for row in scene.releases if row.substance_id == substance]
    parts = [
        solver.beam_matrix(
            scene.ground.site,
            releases,
            scene.wind,
            scene.window,
            scene.receptors,
            scene.times_ms[first : first + _MOMENTS],
        ).sum(axis=2)
        for first in range(0, len(scene.times_ms), _MOMENTS)
    ]
    conc = np.concatenate(parts)  # (times, receptors)
    if solver.name != SteadyRows.name:
        conc[:, np.array(scene.unread)] = math.nan
    mean = averaged(conc, scene)
    tables = {"receptors": receptor_table(scene, conc, mean, mark)}
    if scene.arcs:
        tables["arcs"] = arc_table(scene.arcs, mean, mark)
    if len(scene.times_ms) > 1:
        tables["series"] = series_table(scene, conc, mark)
    return tables


def _fields(
    scene: Scene, solver: AirSolver, substance: str, loaded: LoadedCase
) -> tuple[list[AirField], list[str]]:
    asked = scene.case.grid
    if asked is None:
        return [], []
    grid = PlumeGrid(
        x_min_m=asked.x_min_m,
        y_min_m=asked.y_min_m,
        dx_m=asked.dx_m,
        dy_m=asked.dy_m,
        dz_m=asked.dz_m,
        nx=asked.nx,
        ny=asked.ny,
        nz=asked.nz,
    )
    releases = [row for row in scene.releases if row.substance_id == substance]
    times = [scene.window.start_ms + round(1000.0 * t) for t in asked.times_s] or [scene.window.end_ms]
    values: list[FloatArray] = []
    notes: list[str] = []
    for time in times:
        window = Interval(start_ms=scene.window.start_ms, end_ms=time)
        plume = solver.run(scene.ground.site, _before(releases, time), scene.wind, window, grid=grid)
        values.append(plume.conc_kg_m3)
        notes += plume.notes
    x = grid.x_min_m + (np.arange(grid.nx) + 0.5) * grid.dx_m
    y = grid.y_min_m + (np.arange(grid.ny) + 0.5) * grid.dy_m
    field = AirField(
        id=f"{loaded.id}.{substance}",
        quantity="conc_kg_m3",
        units="kg/m3",
        substance_id=substance,
        times_ms=tuple(times),
        grid=grid,
        values=np.array(values),
        ground_m=scene.ground.site.ground_m(x[None, :], y[:, None]),
        frame=scene.ground.frame,
        solver=solver.name,
        version=solver.version,
        origin=Origin(scene.case.origin),
        inputs=(*scene.wind.inputs, *(row.id for row in releases), f"{solver.name}/{solver.version}"),
        notes=tuple(dict.fromkeys(notes)),
        title=scene.case.title,
        averaged_s=averaging_s(scene.case),
    )
    return [field], notes


def _before(releases: Sequence[Release], time_ms: int) -> list[Release]:
    """Releases cut at a moment; one that has not begun emits nothing."""
    return [
        replace(
            row,
            interval=Interval(
                start_ms=min(row.interval.start_ms, time_ms), end_ms=min(row.interval.end_ms, time_ms)
            ),
        )
        for row in releases
    ]
