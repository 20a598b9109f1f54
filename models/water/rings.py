"""Contours of a field as closed rings: marching squares (Lorensen and Cline 1987 in two dimensions).

The field is padded with its lowest value, so every ring closes; saddles are decided by the mean of the four
corners.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from twin.core.geometry import FloatArray

Ring = npt.NDArray[np.float64]
# Edges of a cell: 0 south, 1 east, 2 north, 3 west. Segments (from, to) with the high side on the LEFT.
_SEGMENTS: dict[int, tuple[tuple[int, int], ...]] = {
    1: ((0, 3),),
    2: ((1, 0),),
    3: ((1, 3),),
    4: ((2, 1),),
    6: ((2, 0),),
    7: ((2, 3),),
    8: ((3, 2),),
    9: ((0, 2),),
    11: ((1, 2),),
    12: ((3, 1),),
    13: ((0, 1),),
    14: ((3, 0),),
}
_SADDLES: dict[tuple[int, bool], tuple[tuple[int, int], ...]] = {
    (5, False): ((0, 3), (2, 1)),
    (5, True): ((0, 1), (2, 3)),
    (10, False): ((1, 0), (3, 2)),
    (10, True): ((3, 0), (1, 2)),
}


def rings_at(x_m: FloatArray, y_m: FloatArray, values: FloatArray, level: float) -> tuple[Ring, ...]:
    """Closed rings (n, 2) around where ``values`` (ny, nx) reach a level; first and last point are equal.

    Rings around high ground run counter-clockwise, those around holes clockwise. ``x_m`` and ``y_m`` are
    the nodes; the outside of the grid lies below every level.
    """
    if not np.any(values >= level):
        return ()
    floor = min(float(values.min()), level) - 1.0
    field = np.pad(np.asarray(values, dtype=np.float64), 1, constant_values=floor)
    xs = np.concatenate([[x_m[0] - 1e-6], x_m, [x_m[-1] + 1e-6]])
    ys = np.concatenate([[y_m[0] - 1e-6], y_m, [y_m[-1] + 1e-6]])
    after, place = _chain(field, xs, ys, level)
    return tuple(_walk(after, place))


def ring_area_m2(rings: tuple[Ring, ...]) -> float:
    """Area within rings, holes taken out by their direction."""
    total = 0.0
    for ring in rings:
        x, y = ring[:, 0] - ring[0, 0], ring[:, 1] - ring[0, 1]
        total += 0.5 * float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]))
    return total


def _chain(
    field: FloatArray, xs: FloatArray, ys: FloatArray, level: float
) -> tuple[dict[int, int], dict[int, tuple[float, float]]]:
    """Which crossed edge follows which, and where each is crossed. Edges are numbered once for the grid."""
    high = field >= level
    ny, nx = field.shape
    code = high[:-1, :-1].astype(int) + 2 * high[:-1, 1:] + 4 * high[1:, 1:] + 8 * high[1:, :-1]
    after: dict[int, int] = {}
    place: dict[int, tuple[float, float]] = {}
    for i, j in np.argwhere((code > 0) & (code < 15)):
        kind = int(code[i, j])
        if kind in (5, 10):
            middle = bool(field[i : i + 2, j : j + 2].mean() >= level)
            segments = _SADDLES[(kind, middle)]
        else:
            segments = _SEGMENTS[kind]
        for start, end in segments:
            one, other = (_edge(int(i), int(j), side, nx, ny) for side in (start, end))
            after[one] = other
            for edge in (one, other):
                if edge not in place:
                    place[edge] = _crossing(field, xs, ys, level, edge)
    return after, place


def _edge(i: int, j: int, side: int, nx: int, ny: int) -> int:
    """Number of a cell's edge: rows of horizontal edges first, then vertical ones."""
    if side in (0, 2):
        return (i + (side == 2)) * nx + j
    return ny * nx + i * nx + j + (side == 1)


def _crossing(
    field: FloatArray, xs: FloatArray, ys: FloatArray, level: float, edge: int
) -> tuple[float, float]:
    ny, nx = field.shape
    if edge < ny * nx:
        i, j = divmod(edge, nx)
        f = _share(field[i, j], field[i, j + 1], level)
        return float(xs[j] + f * (xs[j + 1] - xs[j])), float(ys[i])
    i, j = divmod(edge - ny * nx, nx)
    f = _share(field[i, j], field[i + 1, j], level)
    return float(xs[j]), float(ys[i] + f * (ys[i + 1] - ys[i]))


def _share(one: float, other: float, level: float) -> float:
    return float(np.clip((level - one) / (other - one), 0.0, 1.0))


def _walk(after: dict[int, int], place: dict[int, tuple[float, float]]) -> list[Ring]:
    rings: list[Ring] = []
    while after:
        start = next(iter(after))
        points, at = [place[start]], after.pop(start)
        while at != start:
            points.append(place[at])
            at = after.pop(at)
        points.append(points[0])
        rings.append(np.asarray(points))
    return rings
