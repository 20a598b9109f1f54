"""Places of a case's rows as active cells, with the numbers that stand beside them in tables."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.casefiles.findings import bad_value
from models.water.case.gather import told
from models.water.case.indices import Counting
from models.water.case.schema_values import Place
from models.water.grid import ACTIVE, Grid, IntArray
from twin.core.errors import BadRequestError
from twin.core.geometry import FloatArray

_WHERE = ("layer", "row", "column")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What places are looked up in. ``length_m`` is the case's unit of length."""

    grid: Grid
    counting: Counting
    folder: Path
    length_m: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Found:
    """Cells (n, 3) and columns (n,) of numbers beside them, in the units of the case."""

    cells: IntArray
    columns: dict[str, FloatArray]


def cells_of(place: Place, names: Sequence[str], ground: Ground, field: str) -> Found:
    """Cells of a row; ``names`` of the numbers that its table or CSV file may hold, in order.

    Raises CaseError for a cell that is outside, inactive or counted wrongly, and for numbers that are none.
    """
    columns: dict[str, FloatArray] = {}
    if place.table is not None:
        cells, columns = _of_table(place.table, names, ground.counting, field)
    elif place.csv is not None:
        cells, columns = _of_csv(place.csv, names, ground, field)
    elif place.side is not None:
        cells = _of_side(place, ground, field)
    elif place.x is not None and place.y is not None:
        cells = _of_point(place, place.x, place.y, ground, field)
    else:
        cells = _of_block(place, ground, field)
    _check_active(cells, ground, field)
    return Found(cells=cells, columns=columns)


def point_cell(x: float, y: float, z: float | None, ground: Ground, field: str) -> tuple[int, int, int]:
    """Cell of a point in the case's units; without ``z`` the uppermost active cell."""
    length_m = ground.length_m
    try:
        if z is not None:
            return ground.grid.cell_at(x * length_m, y * length_m, z * length_m)
        i, j = ground.grid.column_row(x * length_m, y * length_m)
    except BadRequestError as error:
        where = tuple(v for v in (x, y, z) if v is not None)
        found = told(error, ground.counting.source)
        raise bad_value(
            ground.counting.source,
            field,
            where,
            found.problems[0][0].partition("expected ")[2] or "a place inside the grid",
            "网格活动单元内的位置",
        ) from None
    k = int(ground.grid.uppermost[i, j])
    if k < 0:
        raise bad_value(
            ground.counting.source, field, (x, y), "a place with active cells", "有活动单元的位置"
        )
    return k, i, j


def _of_block(place: Place, ground: Ground, field: str) -> IntArray:
    layer = place.layer
    if layer is None:
        if ground.counting.shape[0] > 1:
            raise bad_value(ground.counting.source, f"{field}.layer", "missing", "the layer", "层号")
        layer = "all"
    row = "all" if place.row is None else place.row
    column = "all" if place.column is None else place.column
    return ground.counting.cells(layer, row, column, field)


def _of_side(place: Place, ground: Ground, field: str) -> IntArray:
    """Active cells of a side; corners once."""
    layers = ground.counting.layers("all" if place.layer is None else place.layer, field)
    taken = np.zeros(ground.grid.shape, dtype=np.bool_)
    sides = ("west", "east", "south", "north") if place.side == "edge" else (place.side,)
    for side in sides:
        at = (slice(None), 0) if side == "west" else (slice(None), -1)
        at = (0, slice(None)) if side == "south" else at  # type: ignore[assignment]
        at = (-1, slice(None)) if side == "north" else at  # type: ignore[assignment]
        for k in layers:
            taken[k][at] = True
    if place.row is not None:
        taken &= _mask(ground, ground.counting.rows_of(place.row, field), 1)
    if place.column is not None:
        taken &= _mask(ground, ground.counting.columns(place.column, field), 2)
    return np.argwhere(taken & ground.grid.active).astype(np.int64)


def _mask(ground: Ground, kept: IntArray, axis: int) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    wanted = np.isin(np.arange(ground.grid.shape[axis]), kept)
    return wanted[None, :, None] if axis == 1 else wanted[None, None, :]


def _of_point(place: Place, x: float, y: float, ground: Ground, field: str) -> IntArray:
    if place.layer is None:
        return np.array([point_cell(x, y, place.z, ground, field)], dtype=np.int64)
    _, i, j = point_cell(x, y, None, ground, field)
    return np.array([(int(k), i, j) for k in ground.counting.layers(place.layer, field)], dtype=np.int64)


def _of_table(
    rows: Sequence[Sequence[float]], names: Sequence[str], counting: Counting, field: str
) -> tuple[IntArray, dict[str, FloatArray]]:
    lengths = {len(row) for row in rows}
    most = len(_WHERE) + len(names)
    if len(lengths) != 1 or not len(_WHERE) <= min(lengths) <= most:
        expected = f"rows of one length: {', '.join((*_WHERE, *names))}"
        expected_zh = f"长度相同的行：{'、'.join((*_WHERE, *names))}"
        raise bad_value(counting.source, f"{field}.table", sorted(lengths), expected, expected_zh)
    body = np.asarray(rows, dtype=np.float64)
    return _numbered(body[:, :3], counting, f"{field}.table"), {
        name: body[:, 3 + n] for n, name in enumerate(names[: body.shape[1] - 3])
    }


def _of_csv(
    name: str, names: Sequence[str], ground: Ground, field: str
) -> tuple[IntArray, dict[str, FloatArray]]:
    source = ground.counting.source
    try:
        with (ground.folder / name).open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error):
        raise bad_value(source, f"{field}.csv", name, "a readable CSV file", "可读的 CSV 文件") from None
    heads = [] if not rows else [head for head in rows[0] if head]
    unknown = [head for head in heads if head not in (*_WHERE, "x", "y", "z", *names)]
    by_cell = all(head in heads for head in _WHERE)
    if not rows or unknown or not (by_cell or ("x" in heads and "y" in heads)):
        expected = f"columns {', '.join(_WHERE)} or x, y, z; then {', '.join(names)}"
        expected_zh = f"列 {'、'.join(_WHERE)} 或 x、y、z，其后为 {'、'.join(names)}"
        raise bad_value(source, f"{field}.csv", f"{name}: {', '.join(heads)}", expected, expected_zh)
    numbers = {
        head: np.array([_number(row[head], f"{field}.csv, row {k + 2}, {head}", source) for k, row in
                        enumerate(rows)])
        for head in heads
    }  # fmt: skip
    values = {head: numbers[head] for head in heads if head in names}
    if by_cell:
        where = np.stack([numbers[head] for head in _WHERE], axis=1)
        return _numbered(where, ground.counting, f"{field}.csv"), values
    heights = numbers.get("z")
    cells = [
        point_cell(float(x), float(y), None if heights is None else float(heights[k]), ground, f"{field}.csv")
        for k, (x, y) in enumerate(zip(numbers["x"], numbers["y"], strict=True))
    ]
    return np.array(cells, dtype=np.int64), values


def _numbered(where: FloatArray, counting: Counting, field: str) -> IntArray:
    broken = where != np.round(where)
    if broken.any():
        value = float(where[broken][0])
        raise bad_value(counting.source, field, value, "whole numbers of cells", "整数单元号")
    cells = [counting.cell(int(k), int(i), int(j), field) for k, i, j in where]
    return np.array(cells, dtype=np.int64)


def _check_active(cells: IntArray, ground: Ground, field: str) -> None:
    if not len(cells):
        raise bad_value(
            ground.counting.source, field, "no cell", "at least one active cell", "至少一个活动单元"
        )
    state = ground.grid.domain[cells[:, 0], cells[:, 1], cells[:, 2]]
    if (state != ACTIVE).any():
        at = int(np.argmax(state != ACTIVE))
        raise bad_value(
            ground.counting.source,
            f"{field}, cell (layer, row, column) {ground.counting.told(tuple(cells[at]))}",
            f"domain {int(state[at])}",
            "an active cell",
            "活动单元",
        )


def _number(text: str | None, field: str, source: str) -> float:
    try:
        value = float(text or "")
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise bad_value(source, field, text, "a finite number", "有限数")
    return value
