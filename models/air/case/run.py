"""Running a case: the kind decides which room computes it; observations are laid beside the result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

from models.air.case.load import LoadedCase, load_case
from models.air.case.observed import GasState, observed_rows, pair_table, pairs_of, scores_of
from models.air.case.result import CaseResult
from models.air.case.substances import check_substances, known_molar_mass

# Kinds are loaded when they are asked for: a plume needs no torch, a wind study no thermodynamics.
RUNNERS: Mapping[str, str] = MappingProxyType(
    {
        "plume": "models.air.case.plume_case:run_plume",
        "dense": "models.air.case.dense_case:run_dense",
        "wind": "models.air.case.wind_case:run_wind",
        "backward": "models.air.case.backward_case:run_backward",
        "source": "models.air.case.source_case:run_source",
    }
)


def run_case(given: LoadedCase | str | Path | Mapping[str, Any], *, folder: Path | None = None) -> CaseResult:
    """Run a case file (path, TOML text, mapping or a loaded case) and score it against its observations.

    Raises CaseError for a case that cannot be used, SolverError for one that cannot be computed.
    """
    loaded = given if isinstance(given, LoadedCase) else load_case(given, folder=folder)
    check_substances(loaded)
    module, _, name = RUNNERS[loaded.case.kind].partition(":")
    runner = cast(Callable[[LoadedCase], CaseResult], getattr(import_module(module), name))
    made = runner(loaded)
    result = replace(made, citation=loaded.case.citation, notes=(*loaded.notes, *made.notes))
    rows = observed_rows(loaded.case.observed, loaded.case.observed_csv, loaded.folder, loaded.source)
    if not rows:
        return result
    pairs = pairs_of(result, rows, gas_of(loaded), loaded.source)
    tables = {**result.tables, "observed": pair_table(pairs)}
    return replace(result, tables=tables, scores=scores_of(pairs))


def gas_of(loaded: LoadedCase) -> GasState:
    """State that turns ppm of the case's first substance into kg/m3: that of the air."""
    case = loaded.case
    air = case.air
    return GasState(
        molar_mass_kg_mol=molar_mass_kg_mol(case),
        temperature_k=air.temperature_k,
        pressure_pa=air.pressure_pa,
    )


def molar_mass_kg_mol(case: Any) -> float | None:
    """Molar mass of the first substance of a case; None when nobody knows it."""
    release = getattr(case, "release", None)
    row = release[0] if isinstance(release, list) and release else release
    stated = getattr(row, "molar_mass_kg_mol", None)
    if stated is not None:
        return float(stated)
    named = getattr(row, "substance", None) or getattr(getattr(case, "source", None), "substance", None)
    return None if named is None else known_molar_mass(str(named))
