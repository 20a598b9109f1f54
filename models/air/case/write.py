"""Results as files that everybody reads: one JSON file with everything, one CSV file per table."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from models.air.case.observed import Pair
from models.air.case.result import CaseResult, ResultTable

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
        "notes": list(result.notes),
        "texts": [{"zh": row.zh, "en": row.en} for row in result.texts],
        "tables": {
            name: [{"name": c.name, "units": c.units, "values": _plain(c.values)} for c in table.columns]
            for name, table in result.tables.items()
        },
        "scores": [plain_numbers(asdict(row)) for row in result.scores],
        "fields": [
            {"id": f.id, "quantity": f.quantity, "units": f.units, "shape": list(f.values.shape)}
            for f in result.fields
        ],
    }


def read_pairs(path: Path) -> tuple[Pair, ...]:
    """Observed and modelled values of a written result (for pooled statistics); none is no error."""
    body = json.loads(path.read_text(encoding="utf-8"))
    table = body.get("tables", {}).get("observed")
    if not table:
        return ()
    columns = {row["name"]: row["values"] for row in table}
    return tuple(
        Pair(
            receptor=f"{body['id']}/{receptor}",
            quantity=quantity,
            units=units,
            observed_value=math.nan if seen is None else float(seen),
            modelled_value=math.nan if made is None else float(made),
        )
        for receptor, quantity, units, seen, made in zip(
            columns["receptor"],
            columns["quantity"],
            columns["units"],
            columns["observed"],
            columns["modelled"],
            strict=True,
        )
    )


def plain_numbers(row: dict[str, Any]) -> dict[str, Any]:
    """The same with null for what is not finite, as JSON needs it."""
    return {key: _finite(value) for key, value in row.items()}


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
