"""The levels of a V-cycle over grids of coarser rows and columns, in numpy.

Every level is a system of seven points over all layers. A coarser one joins two rows and two columns (only
the direction of the stronger links where one is much stronger): what holds the heads is summed, links are
summed across and divided by the longer way along. Smoothing solves whole columns of cells, row after row:
northward on the way down, southward on the way up, so that the cycle is symmetric (Trottenberg, Oosterlee
and Schueller, 2001, Multigrid, chap. 5; cell-centred coarsening: Wesseling, 1988).
"""

from __future__ import annotations

import numpy as np

from twin.core.geometry import FloatArray

DAMPING = 0.25  # of links along x, added to the diagonal in the smoother
LOOSE_COLUMN = 1e-12  # of the diagonal: a pivot under it belongs to dry cells that nothing holds
STRONGER = 4.0  # links in one direction over those in the other, from which only that one is coarsened


def levels_of(east: FloatArray, north: FloatArray) -> list[tuple[tuple[int, int, int], int, int]]:
    """Shapes of the levels down to one column of cells, and how many columns and rows the next one joins."""
    nl, nr, nc = east.shape
    strong_x, strong_y = float(east.sum()), float(north.sum())
    rows = []
    while True:
        along, across = strong_x * (nc > 1), strong_y * (nr > 1)
        wide = 2 if nc > 1 and along * STRONGER >= across else 1
        deep = 2 if nr > 1 and across * STRONGER >= along else 1
        rows.append(((nl, nr, nc), wide, deep))
        if nr == nc == 1:
            return rows
        strong_x /= wide * wide
        strong_y /= deep * deep
        nr, nc = -(-nr // deep), -(-nc // wide)


def coarsen(
    diag: FloatArray,
    east: FloatArray,
    north: FloatArray,
    down: FloatArray,
    mask: FloatArray,
    wide: int,
    deep: int,
    diag_2: FloatArray,
    east_2: FloatArray,
    north_2: FloatArray,
    down_2: FloatArray,
    mask_2: FloatArray,
) -> None:
    """Fill the arrays of the next level; ``mask`` is one where a cell is solved for, else zero."""
    over = np.maximum(diag - _links(east, north, down), 0.0) * mask
    nr, nc = diag.shape[1:]
    crossing_x = np.arange(1, nc + 1) // wide != np.arange(nc) // wide
    crossing_y = np.arange(1, nr + 1) // deep != np.arange(nr) // deep
    east_2[...] = _joined(east * crossing_x, wide, deep) / wide
    north_2[...] = _joined(north * crossing_y[:, None], wide, deep) / deep
    down_2[...] = _joined(down, wide, deep)
    mask_2[...] = _joined(mask, wide, deep) > 0.0
    diag_2[...] = _joined(over, wide, deep) + _links(east_2, north_2, down_2)
    diag_2[mask_2 == 0.0] = 1.0


def factor(
    diag: FloatArray,
    east: FloatArray,
    down: FloatArray,
    lower: FloatArray,
    inverse: FloatArray,
) -> None:
    """Factors of the tridiagonal systems of all columns of cells (Thomas).

    ``DAMPING`` times the links along x is added to the diagonal: neighbours there are smoothed together.
    A joined cell that nothing holds and no link reaches gets no correction.
    """
    heavy = diag + DAMPING * east
    heavy[:, :, 1:] += DAMPING * east[:, :, :-1]
    for k in range(len(diag)):
        pivot = heavy[k]
        if k:
            lower[k] = down[k - 1] * inverse[k - 1]
            pivot = pivot - down[k - 1] * lower[k]
        pivot = np.where(pivot <= LOOSE_COLUMN * diag[k], diag[k], pivot)
        inverse[k] = np.divide(1.0, pivot, out=np.zeros_like(pivot), where=pivot > 0.0)


def down_sweep(
    b: FloatArray,
    y: FloatArray,
    east: FloatArray,
    north: FloatArray,
    down: FloatArray,
    lower: FloatArray,
    inverse: FloatArray,
    wide: int,
    deep: int,
    b_2: FloatArray,
) -> None:
    """Smooth from zero, row after row northward; ``b_2`` gets what is left over on the next level.

    An empty ``b_2`` is that of the last level.
    """
    for i in range(b.shape[1]):
        row = b[:, i].copy()
        if i:
            row += north[:, i - 1] * y[:, i - 1]
        y[:, i] = _columns(row, down[:, i], lower[:, i], inverse[:, i])
    if not b_2.size:
        return
    left = np.zeros_like(b)  # by what the sweep did not see
    left[:, :-1] += north[:, :-1] * y[:, 1:]
    left[:, :, :-1] += east[:, :, :-1] * (DAMPING * y[:, :, :-1] + y[:, :, 1:])
    left[:, :, 1:] += east[:, :, :-1] * (DAMPING * y[:, :, 1:] + y[:, :, :-1])
    b_2[...] = _joined(left, wide, deep)


def up_sweep(
    b: FloatArray,
    y: FloatArray,
    diag: FloatArray,
    east: FloatArray,
    north: FloatArray,
    down: FloatArray,
    mask: FloatArray,
    lower: FloatArray,
    inverse: FloatArray,
    wide: int,
    deep: int,
    y_2: FloatArray,
) -> None:
    """Add the next level's answer ``y_2`` and smooth, row after row southward."""
    nr, nc = y.shape[1:]
    y += mask * np.repeat(np.repeat(y_2, wide, axis=2)[:, :, :nc], deep, axis=1)[:, :nr]
    for i in range(nr - 1, -1, -1):
        row = _row_left_over(i, y, b, diag, east, north, down)
        y[:, i] += _columns(row, down[:, i], lower[:, i], inverse[:, i])


def _links(east: FloatArray, north: FloatArray, down: FloatArray) -> FloatArray:
    total = np.zeros_like(east)
    total[:, :, :-1] += east[:, :, :-1]
    total[:, :, 1:] += east[:, :, :-1]
    total[:, :-1] += north[:, :-1]
    total[:, 1:] += north[:, :-1]
    total[:-1] += down[:-1]
    total[1:] += down[:-1]
    return total


def _joined(values: FloatArray, wide: int, deep: int) -> FloatArray:
    nr, nc = values.shape[1:]
    summed = np.add.reduceat(values, np.arange(0, nr, deep), axis=1)
    return np.asarray(np.add.reduceat(summed, np.arange(0, nc, wide), axis=2))


def _columns(row: FloatArray, down: FloatArray, lower: FloatArray, inverse: FloatArray) -> FloatArray:
    for k in range(1, len(row)):
        row[k] += lower[k] * row[k - 1]
    row[-1] *= inverse[-1]
    for k in range(len(row) - 2, -1, -1):
        row[k] = inverse[k] * (row[k] + down[k] * row[k + 1])
    return row


def _row_left_over(
    i: int,
    x: FloatArray,
    right: FloatArray,
    diag: FloatArray,
    east: FloatArray,
    north: FloatArray,
    down: FloatArray,
) -> FloatArray:
    here = x[:, i]
    row = right[:, i] - diag[:, i] * here
    row[:, :-1] += east[:, i, :-1] * here[:, 1:]
    row[:, 1:] += east[:, i, :-1] * here[:, :-1]
    if i + 1 < x.shape[1]:
        row += north[:, i] * x[:, i + 1]
    if i:
        row += north[:, i - 1] * x[:, i - 1]
    row[:-1] += down[:-1, i] * here[1:]
    row[1:] += down[:-1, i] * here[:-1]
    return np.asarray(row)
