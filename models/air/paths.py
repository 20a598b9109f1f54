"""Receptors in the plume's coordinates (x, y, height above ground).

A beam is straight in space, but the ground under it is not: seen from the ground it bends. It is cut
into pieces that are straight in these coordinates to 0.2 m, so that each has a closed form.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.air.streak import IntArray
from models.contract import Site
from twin.core.beam import Receptor
from twin.core.geometry import FloatArray

_SAMPLE_M = 5.0
_TOLERANCE_M = 0.2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pieces:
    """Straight pieces: start and vector to the end (n, 3), share of the receptor, its index.

    The third coordinate is the height above ground, at least 0. A point is a piece of no length. Pieces
    of one receptor lie side by side.
    """

    start_m: FloatArray
    along_m: FloatArray
    share: FloatArray
    receptor: IntArray


def pieces_of(receptors: Sequence[Receptor], site: Site) -> Pieces:
    """All receptors as pieces; the shares of one receptor sum to one."""
    starts, alongs, shares, owners = [], [], [], []
    points = iter(_points([row for row in receptors if row.segment_m is None], site))
    for index, receptor in enumerate(receptors):
        start, end, share = _path(receptor, site) if receptor.segment_m is not None else next(points)
        starts.append(start)
        alongs.append(end - start)
        shares.append(share)
        owners.append(np.full(share.size, index, dtype=np.intp))
    if not starts:
        nothing = np.zeros((0, 3))
        return Pieces(
            start_m=nothing, along_m=nothing, share=np.zeros(0), receptor=np.zeros(0, dtype=np.intp)
        )
    return Pieces(
        start_m=np.concatenate(starts),
        along_m=np.concatenate(alongs),
        share=np.concatenate(shares),
        receptor=np.concatenate(owners),
    )


def _path(receptor: Receptor, site: Site) -> tuple[FloatArray, FloatArray, FloatArray]:
    assert receptor.segment_m is not None
    begin, end = receptor.segment_m
    count = 2 + int(np.hypot(*(end - begin)[:2]) / _SAMPLE_M)
    part = np.linspace(0.0, 1.0, count)
    points = begin + part[:, None] * (end - begin)
    points[:, 2] = np.maximum(points[:, 2] - site.ground_m(points[:, 0], points[:, 1]), 0.0)
    kept = _simplify(part, points[:, 2])
    return points[kept[:-1]], points[kept[1:]], np.diff(part[kept])


def _points(receptors: Sequence[Receptor], site: Site) -> list[tuple[FloatArray, FloatArray, FloatArray]]:
    """All that measure at points in one go: the ground is asked once."""
    if not receptors:
        return []
    places = np.concatenate([row.points_m for row in receptors])
    places[:, 2] = np.maximum(places[:, 2] - site.ground_m(places[:, 0], places[:, 1]), 0.0)
    bounds = np.cumsum([row.weights.size for row in receptors])[:-1]
    parts = np.split(places, bounds)
    return [(part, part, row.weights) for part, row in zip(parts, receptors, strict=True)]


def _simplify(part: FloatArray, height_m: FloatArray) -> IntArray:
    """Indices to keep so that straight lines between them stay within the tolerance (Ramer 1972)."""
    keep = {0, part.size - 1}
    stack = [(0, part.size - 1)]
    while stack:
        low, high = stack.pop()
        line = np.interp(part[low : high + 1], part[[low, high]], height_m[[low, high]])
        error = np.abs(line - height_m[low : high + 1])
        worst = int(np.argmax(error))
        if error[worst] > _TOLERANCE_M:
            keep.add(low + worst)
            stack += [(low, low + worst), (low + worst, high)]
    return np.array(sorted(keep), dtype=np.intp)
