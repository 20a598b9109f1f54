"""Numbers as callers give them, as arrays: lists, scalars, one value per layer; what is none is refused."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.water.refusal import refused
from twin.core.geometry import FloatArray, frozen

IntArray = npt.NDArray[np.int64]


def numbers(given: object, field: str) -> FloatArray:
    """``given`` as float64; an array of it stays the same object. Raises BadRequestError for what is none."""
    try:
        return np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        raise refused(_short(given), field, "numbers", "数字") from None


def number(given: object, field: str) -> float:
    """``given`` as one finite number. Raises BadRequestError for what is none."""
    found = numbers(given, field)
    if found.ndim or not np.isfinite(found):
        raise refused(_short(given), field, "a finite number", "有限数")
    return float(found)


def cells_of(given: object, field: str) -> IntArray:
    """Cells (n, 3): layer, row, column; arrays stay as they are, for the solvers check them.

    Raises BadRequestError for lists of what is no whole number.
    """
    if isinstance(given, np.ndarray):
        return given
    try:
        found = np.asarray(given)
    except ValueError:
        found = np.asarray(None)
    if not found.size:
        found = found.astype(np.int64).reshape(-1, 3)
    if found.ndim != 2 or found.shape[1] != 3 or found.dtype.kind not in "iu":
        raise refused(
            f"shape {found.shape}, {found.dtype}",
            field,
            "whole numbers (n, 3): layer, row, column",
            "整数数组 (n, 3)：层、行、列",
        )
    return found.astype(np.int64)


def per_cell(given: object, shape: tuple[int, int, int], field: str) -> FloatArray:
    """Values (nl, nr, nc): one number for all cells, one per layer (nl,), or all of them.

    Raises BadRequestError for other shapes: a plane (nr, nc) has no layers, so it is not repeated.
    """
    found = numbers(given, field)
    if found.shape == shape:
        return found
    if found.shape == (shape[0],):
        found = found[:, None, None]
    elif found.ndim:
        raise refused(
            f"shape {found.shape}",
            field,
            f"one number, one per layer ({shape[0]},), or shape {shape}",
            f"一个数、每层一个数 ({shape[0]},)，或形状 {shape}",
        )
    return frozen(np.broadcast_to(found, shape))


def per_column(given: object, shape: tuple[int, int], field: str) -> FloatArray:
    """Values (nr, nc): one number for all columns, or all of them. Raises BadRequestError otherwise."""
    found = numbers(given, field)
    if found.shape == shape:
        return found
    if found.ndim:
        raise refused(
            f"shape {found.shape}", field, f"one number, or shape {shape}", f"一个数，或形状 {shape}"
        )
    return frozen(np.full(shape, float(found)))


def along(given: object, count: int, field: str) -> FloatArray:
    """Values (count,): one number for all cells of a stress, or one per cell (left to the solver's check)."""
    found = numbers(given, field)
    return frozen(np.full(count, float(found))) if not found.ndim else found


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
