"""Running a case of the water; observations are laid beside the result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from models.casefiles.tables import ResultTable
from models.water.case.build import Built, build_case
from models.water.case.column import column_problem, run_column_case
from models.water.case.gather import counted, told
from models.water.case.load import LoadedCase, load_case
from models.water.case.observed import observed_rows, pair_table, pairs_of, times_of
from models.water.case.result import CaseResult
from models.water.case.schema import ObservedRow, TransportCase
from models.water.case.schema_column import ColumnCase
from models.water.case.schema_tracks import TracksCase
from models.water.case.scores import scores_of
from models.water.case.tables import Row, tables_of, watched
from models.water.case.tracks import run_tracks
from models.water.observe import Point
from models.water.result import WaterResult
from models.water.run import run
from twin.core.errors import BadRequestError
from twin.core.origin import Origin

VERSION = "1"


def run_case(given: LoadedCase | str | Path | Mapping[str, Any], *, folder: Path | None = None) -> CaseResult:
    """Run a case file (path, TOML text, mapping or a loaded case) and score it against its observations.

    Raises CaseError for a case that cannot be used. A run that does not converge is a result: see
    ``converged`` and ``notes``.
    """
    loaded = given if isinstance(given, LoadedCase) else load_case(given, folder=folder)
    try:
        return _column(loaded) if isinstance(loaded.case, ColumnCase) else _flow(loaded)
    except BadRequestError as error:
        raise told(error, loaded.source) from None


def check_case(loaded: LoadedCase) -> None:
    """Everything that can be wrong with a case before it is computed: arrays, places, properties, points.

    Raises CaseError with what was found.
    """
    try:
        observed_rows(loaded)
        if isinstance(loaded.case, ColumnCase):
            column_problem(loaded)
            return
        built = build_case(loaded)
        watched(built)
        if not isinstance(built.case, TracksCase):
            times_of(built, observed_rows(loaded))
    except BadRequestError as error:
        raise told(error, loaded.source) from None


def _flow(loaded: LoadedCase) -> CaseResult:
    rows = observed_rows(loaded)
    built = build_case(loaded)
    try:
        return _computed(loaded, built, rows)
    except BadRequestError as error:
        raise told(error, loaded.source, built.arrays.counting) from None


def _computed(loaded: LoadedCase, built: Built, rows: Sequence[ObservedRow]) -> CaseResult:
    if isinstance(built.case, TracksCase):
        return _tracks(loaded, built, rows)
    times_s = times_of(built, rows)
    points = watched(built)
    uniform = isinstance(built.case, TransportCase) and built.case.uniform_flow is not None
    made = _uniform(built, times_s, points) if uniform else _solved(built, times_s, points)
    tables = tables_of(built, made, points)
    said: tuple[str, ...] = ()
    if isinstance(built.case, TransportCase) and built.case.compare is not None:
        from models.water.case.measures import measures_table

        tables["measures"], said = measures_table(built, built.case)
    return _result(
        loaded,
        tables,
        rows,
        float(times_s[-1]),
        converged=made.converged,
        notes=(*built.notes, *said, *(counted(text, built.arrays.counting) for text in made.notes)),
        run=made,
        built=built,
    )


def _tracks(loaded: LoadedCase, built: Built, rows: Sequence[ObservedRow]) -> CaseResult:
    tables, made = run_tracks(built)
    notes = () if made is None else made.notes
    return _result(loaded, tables, rows, None, converged=True, notes=notes, built=built)


def _column(loaded: LoadedCase) -> CaseResult:
    rows = observed_rows(loaded)
    tables, made = run_column_case(loaded, rows)
    last_s = float(made.profile_times_s[-1]) if len(made.profile_times_s) else None
    return _result(loaded, tables, rows, last_s, converged=made.converged, notes=made.notes)


def _result(
    loaded: LoadedCase,
    tables: dict[str, ResultTable],
    rows: Sequence[ObservedRow],
    last_s: float | None,
    *,
    converged: bool,
    notes: tuple[str, ...],
    run: WaterResult | None = None,
    built: Built | None = None,
) -> CaseResult:
    """Observations laid beside the tables."""
    pairs = pairs_of(rows, tuple(tables.values()), loaded, last_s)
    if pairs:
        tables["observed"] = pair_table(pairs)
    case = loaded.case
    return CaseResult(
        id=loaded.id,
        kind=case.kind,
        title=case.title,
        solver="water",
        version=VERSION,
        origin=Origin(case.origin),
        tables=tables,
        inputs=(f"case {loaded.id}", *((case.citation,) if case.citation else ())),
        converged=converged,
        notes=notes,
        scores=scores_of(pairs),
        pairs=tuple(replace(pair, receptor=f"{loaded.id}/{pair.receptor}") for pair in pairs),
        citation=case.citation,
        run=run,
        built=built,
    )


def _uniform(built: Built, times_s: tuple[float, ...], points: tuple[Row, ...]) -> WaterResult:
    from models.water.case.uniform import run_uniform

    kernel = built.loaded.case.run.kernel
    return run_uniform(built, times_s, [(row.name, row.cell) for row in points], kernel)


def _solved(built: Built, times_s: tuple[float, ...], points: tuple[Row, ...]) -> WaterResult:
    grid = built.problem.flow.grid
    places = [
        Point(
            name=row.name,
            x_m=float(grid.x_m[row.cell[2]]),
            y_m=float(grid.y_m[row.cell[1]]),
            z_m=float(grid.z_m[row.cell]),
        )
        for row in points
    ]
    return run(built.problem, times_s=list(times_s), points=places, kernel=built.loaded.case.run.kernel)
