"""Pairs of observed and modelled values from result folders and from plain CSV files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from models.air.case.observed import Pair
from models.air.case.rows_csv import number, text_of_csv
from models.air.case.write import RESULT_FILE, read_pairs
from twin.core.errors import BadRequestError


def pairs_of_paths(paths: Sequence[Path]) -> tuple[Pair, ...]:
    """Pairs of every ``result.json`` below the folders, and of CSV files (observed, modelled).

    Raises BadRequestError when nothing is found.
    """
    found: list[Pair] = []
    for path in paths:
        if path.is_dir():
            for file in sorted(path.rglob(RESULT_FILE)):
                found += read_pairs(file)
        elif path.suffix == ".json":
            found += read_pairs(path)
        else:
            found += _of_csv(path)
    if not found:
        shown = ", ".join(str(path) for path in paths)
        raise BadRequestError(
            f"{shown} holds no observed and modelled values; expected results of cases with observations",
            message_zh=f"{shown} 中没有观测与模拟的成对数值；应为含观测的案例结果",
            field="results",
            value=shown,
        )
    return tuple(found)


def _of_csv(path: Path) -> list[Pair]:
    rows = text_of_csv(path, ("observed", "modelled"), "results", path.name)
    return [
        Pair(
            receptor=row.get("receptor") or f"row {k + 2}",
            quantity=row.get("quantity") or "conc",
            units=row.get("units") or "1",
            observed_value=number(row["observed"], f"row {k + 2}, observed", path.name),
            modelled_value=number(row["modelled"], f"row {k + 2}, modelled", path.name),
        )
        for k, row in enumerate(rows)
    ]
