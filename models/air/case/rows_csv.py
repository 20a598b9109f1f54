"""Columns of CSV files that a case names."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from pathlib import Path

from models.air.case.load import bad_value


def text_of_csv(path: Path, needed: Sequence[str], field: str, source: str) -> list[dict[str, str]]:
    """Rows of a CSV file with a header. Raises CaseError when it, or a needed column, is missing."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error):
        raise bad_value(source, field, path.name, "a readable CSV file", "可读的 CSV 文件") from None
    has = set(rows[0]) if rows else set()
    lacking = [name for name in needed if name not in has]
    if lacking:
        wanted = ", ".join(needed)
        raise bad_value(
            source, field, path.name, f"columns {wanted} and at least one row", f"含列 {wanted} 且至少一行"
        )
    return rows


def numbers_of_csv(
    path: Path, needed: Sequence[str], welcome: Sequence[str], field: str, source: str
) -> dict[str, list[float]]:
    """Finite numbers of the needed columns, and of the welcome ones that are there."""
    rows = text_of_csv(path, needed, field, source)
    names = [*needed, *(name for name in welcome if name in rows[0])]
    return {
        name: [number(row[name], f"{field}, row {k + 2}, {name}", source) for k, row in enumerate(rows)]
        for name in names
    }


def number(text: str | None, field: str, source: str) -> float:
    """A finite number, or CaseError."""
    try:
        value = float(text or "")
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise bad_value(source, field, text, "a finite number", "有限数")
    return value
