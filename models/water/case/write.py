"""Results as files that everybody reads: JSON, one CSV file per table, arrays as NPZ."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from models.casefiles.tables import ResultTable
from models.water.case.result import CaseResult
from models.water.case.scores import Pair
from twin.core.errors import BadRequestError

RESULT_FILE = "result.json"
RESULT_FORMAT = 1


def write_result(result: CaseResult, folder: Path) -> tuple[Path, ...]:
    """Write ``result.json`` and ``<table>.csv`` into ``folder`` (made when missing); the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / RESULT_FILE]
    text = json.dumps(payload(result), ensure_ascii=False, indent=1, allow_nan=False)
    paths[0].write_text(text + "\n", encoding="utf-8")
    for name, table in result.tables.items():
        path = folder / f"{name}.csv"
        _write_csv(table, path, result)
        paths.append(path)
    return tuple(paths)


def write_npz(result: CaseResult, path: Path) -> Path:
    """Write the fields of a run as arrays, row 0 = south, SI, with the grid; the path.

    Raises BadRequestError for a result without fields.
    """
    run, built = result.run, result.built
    if run is None or built is None:
        raise BadRequestError(
            f"result {result.id} has no fields to write; expected kind flow or transport",
            message_zh=f"结果 {result.id} 没有可写出的场；应为 flow 或 transport",
            field="npz",
            value=result.id,
        )
    grid = built.problem.flow.grid
    transport = built.problem.transport
    arrays: dict[str, Any] = {
        "times_s": run.times_s,
        "head_m": run.head_m,
        "x_m": grid.x_m,
        "y_m": grid.y_m,
        "top_m": grid.top_m,
        "bottom_m": grid.bottom_m,
        "domain": grid.domain,
        "origin": np.array(result.origin.value),
    }
    if run.conc_kg_m3 is not None and transport is not None:
        arrays |= {
            "conc_kg_m3": run.conc_kg_m3,
            "species": np.array([row.id for row in transport.species]),
        }
    np.savez_compressed(path, **arrays)
    return path


def payload(result: CaseResult) -> dict[str, Any]:
    """Everything but the fields as plain values; what is not finite becomes null."""
    return {
        "result_format": RESULT_FORMAT,
        "id": result.id,
        "kind": result.kind,
        "title": result.title,
        "citation": result.citation,
        "solver": result.solver,
        "version": result.version,
        "origin": result.origin.value,
        "inputs": list(result.inputs),
        "converged": result.converged,
        "notes": list(result.notes),
        "tables": {
            name: [{"name": c.name, "units": c.units, "values": _plain(c.values)} for c in table.columns]
            for name, table in result.tables.items()
        },
        "scores": [plain_numbers(asdict(row)) for row in result.scores],
        "pairs": [plain_numbers(asdict(row)) for row in result.pairs],
    }


def read_pairs(paths: Sequence[Path]) -> tuple[Pair, ...]:
    """Observed and computed values of written results: files ``result.json``, or folders of them.

    Raises BadRequestError when nothing was observed.
    """
    found: list[Pair] = []
    for path in paths:
        for file in sorted(path.rglob(RESULT_FILE)) if path.is_dir() else [path]:
            found += [_pair(row) for row in _body(file).get("pairs", [])]
    if not found:
        shown = ", ".join(str(path) for path in paths)
        raise BadRequestError(
            f"{shown} holds no observed and computed values; expected results of cases with observations",
            message_zh=f"{shown} 中没有观测与计算的成对数值；应为含观测的案例结果",
            field="results",
            value=shown,
        )
    return tuple(found)


def plain_numbers(row: dict[str, Any]) -> dict[str, Any]:
    """The same with null for what is not finite, as JSON needs it."""
    return {key: _finite(value) for key, value in row.items()}


def _body(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadRequestError(
            f"{file}: {error}; expected a written result",
            message_zh=f"{file}：{error}；应为已写出的结果",
            field="results",
            value=str(file),
        ) from None
    return found if isinstance(found, dict) else {}


def _pair(row: dict[str, Any]) -> Pair:
    modelled = row["modelled_value"]
    return Pair(**{**row, "modelled_value": math.nan if modelled is None else modelled})


def _write_csv(table: ResultTable, path: Path, result: CaseResult) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        heads = [f"{row.name} [{row.units}]" if row.units else row.name for row in table.columns]
        writer.writerow([*heads, "origin"])
        count = len(table.columns[0].values) if table.columns else 0
        for k in range(count):
            writer.writerow([*(row.values[k] for row in table.columns), result.origin.value])


def _plain(values: Sequence[float] | Sequence[str]) -> list[object]:
    return [_finite(value) for value in values]


def _finite(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value
