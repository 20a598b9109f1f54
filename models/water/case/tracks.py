"""Running a case of particles."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from models.casefiles.tables import ResultTable, make_table
from models.water.case.build import Built
from models.water.case.places import cells_of
from models.water.case.schema_tracks import ParticleRow, TracksCase
from models.water.case.straight import straight, until_s_of
from models.water.problem import Period
from models.water.result import FlowField, WaterResult
from models.water.run import run, step_lengths
from models.water.tracking.field import STATUS, TrackOptions
from models.water.tracking.march import Particles, Tracks, march, particles_at, particles_in
from twin.core.errors import BadRequestError


def run_tracks(built: Built) -> tuple[dict[str, ResultTable], WaterResult | None]:
    """Tables ``tracks`` and ``paths``, and the run of the flow (None where it is uniform).

    Raises BadRequestError for a flow that did not converge: particles on it would mean nothing.
    """
    case = built.case
    assert isinstance(case, TracksCase)
    names, particles = _particles(built, case)
    made: WaterResult | None = None
    if case.uniform_flow is not None:
        found = straight(built, case, case.uniform_flow, particles)
    else:
        fields, ends_s, made = _flow(built, case)
        found = _marched(built, case, fields, ends_s, particles)
    tables = {"tracks": _ends(names, found)}
    if case.tracking.paths:
        tables["paths"] = _paths(names, found)
    return tables, made


def _marched(
    built: Built,
    case: TracksCase,
    fields: list[FlowField],
    ends_s: list[float] | None,
    particles: Particles,
) -> Tracks:
    table = case.tracking
    return march(
        built.problem.flow.grid,
        built.problem.flow.medium.porosity,
        fields,
        particles,
        until_s=until_s_of(built, case),
        ends_s=ends_s,
        options=TrackOptions(
            direction=table.direction,
            weak_sinks=table.weak_sinks,
            retardation_factor=table.retardation,
            top=tuple(row.name or kind for kind in ("rch", "evt") for row in getattr(case, kind)),
        ),
        paths=table.paths,
        kernel=case.run.kernel,
    )


def _flow(built: Built, case: TracksCase) -> tuple[list[FlowField], list[float] | None, WaterResult]:
    periods: tuple[Period, ...] = tuple(built.problem.flow.periods)
    ends = [row.length_s if row.steady else step_lengths(row) for row in periods]
    moments = np.cumsum(np.concatenate([np.atleast_1d(part) for part in ends]))
    made = run(built.problem, times_s=list(moments), kernel=case.run.kernel)
    if not made.converged:
        raise BadRequestError(
            f"the flow did not converge: {'; '.join(made.notes)}; expected a flow for particles to follow",
            message_zh=f"水流未收敛：{'；'.join(made.notes)}；质点追踪需要收敛的流场",
            field="period",
            value=len(periods),
        )
    return list(made.fields), [float(t) for t in moments] if len(made.fields) > 1 else None, made


def _particles(built: Built, case: TracksCase) -> tuple[list[str], Particles]:
    names: list[str] = []
    parts: list[Particles] = []
    for row in case.particle:
        made = _of_row(row, built)
        count = len(made.cells)
        names += [row.id] if count == 1 else [f"{row.id}/{n + 1}" for n in range(count)]
        parts.append(replace(made, release_s=np.full(count, row.release * built.loaded.scale.factor("T"))))
    return names, Particles(
        cells=np.concatenate([part.cells for part in parts]),
        local=np.concatenate([part.local for part in parts]),
        release_s=np.concatenate([part.release_s for part in parts if part.release_s is not None]),
    )


def _of_row(row: ParticleRow, built: Built) -> Particles:
    found = cells_of(row, (), built.ground, f"particle.{row.id}")
    if row.x is None or row.y is None or row.per_side * row.per_height > 1:
        return particles_in(found.cells, row.per_side, row.per_height)
    grid, length_m = built.problem.flow.grid, built.ground.length_m
    places = [
        (
            row.x * length_m,
            row.y * length_m,
            float(grid.z_m[tuple(cell)]) if row.z is None else row.z * length_m,
        )
        for cell in found.cells
    ]
    return particles_at(grid, np.asarray(places))


def _ends(names: list[str], found: Tracks) -> ResultTable:
    return make_table(
        "tracks",
        [
            ("receptor", "", names),
            ("time", "s", list(found.time_s)),
            ("x", "m", list(found.end_m[:, 0])),
            ("y", "m", list(found.end_m[:, 1])),
            ("z", "m", list(found.end_m[:, 2])),
            ("status", "", [STATUS[int(n)] for n in found.status]),
        ],
    )


def _paths(names: list[str], found: Tracks) -> ResultTable:
    rows = np.concatenate([path[:, :4] for path in found.paths]) if found.paths else np.zeros((0, 4))
    owners = [name for name, path in zip(names, found.paths, strict=True) for _ in range(len(path))]
    columns: list[tuple[str, str, list[object]]] = [("particle", "", list(owners))]
    for n, (name, units) in enumerate((("time", "s"), ("x", "m"), ("y", "m"), ("z", "m"))):
        columns.append((name, units, list(rows[:, n])))
    return make_table("paths", columns)
