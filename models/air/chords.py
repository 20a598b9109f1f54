"""Whole paths for puffs that are too tall to feel how a path bends over the ground.

Under reflection the field of a puff near the ground is even in height: ``1 - z^2 / (2 sigma_z^2)`` and
so on. A level chord at the root of the mean square of the path's heights has the same mean up to the
fourth order of height over ``sigma_z``.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from models.air.paths import Pieces
from models.air.streak import IntArray, Puffs
from twin.core.geometry import FloatArray

# Against all pieces on the beams of the demonstration park: 0.9 % at 7 heights, 0.2 % at 14 (largest).
_TALL_HEIGHTS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chords:
    """``pieces``: one for every receptor; ``first`` its first piece of all; ``height_m`` the greatest level.

    ``weight`` turns the mean over a chord into what stands with the first piece.
    """

    pieces: Pieces
    first: IntArray
    weight: FloatArray
    height_m: float

    def tall(self, puffs: Puffs) -> IntArray:
        """Puffs that meet whole paths; none where every receptor is a single piece anyway."""
        if self.height_m <= 0.0:
            return np.zeros(0, dtype=np.intp)
        least = _TALL_HEIGHTS * self.height_m
        low = puffs.height_m < 0.5 * puffs.sigma_z_m
        return np.flatnonzero((puffs.sigma_z_m > least) & (puffs.sigma_h_m > least) & low)


def chords(pieces: Pieces) -> Chords:
    """Level chords of all receptors."""
    first = np.flatnonzero(np.diff(pieces.receptor, prepend=-1))
    last = np.append(first[1:], pieces.receptor.size) - 1
    if not first.size or bool(np.all(first == last)):
        return Chords(pieces=pieces, first=first, weight=np.ones(first.size), height_m=0.0)
    start, end = pieces.start_m[first].copy(), pieces.start_m[last] + pieces.along_m[last]
    share = np.add.reduceat(pieces.share, first)
    level = _level_m(pieces, first, share)
    start[:, 2], end[:, 2] = level, level
    whole = Pieces(
        start_m=start, along_m=end - start, share=np.ones(first.size), receptor=pieces.receptor[first]
    )
    weight = share / pieces.share[first]
    return Chords(pieces=whole, first=first, weight=weight, height_m=float(level.max()))


def taken(puffs: Puffs, rows: IntArray) -> Puffs:
    """Some of the puffs."""
    columns = {row.name: getattr(puffs, row.name) for row in fields(Puffs) if row.name != "share"}
    share = puffs.share[:, rows] if puffs.share.size else puffs.share
    return Puffs(**{name: column[rows] for name, column in columns.items()}, share=share)


def _level_m(pieces: Pieces, first: IntArray, share: FloatArray) -> FloatArray:
    """Root of the mean square of the heights of every receptor."""
    low = pieces.start_m[:, 2]
    high = low + pieces.along_m[:, 2]
    square = (low * low + low * high + high * high) / 3.0
    return np.asarray(np.sqrt(np.add.reduceat(square * pieces.share, first) / share), dtype=np.float64)
