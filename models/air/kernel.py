"""Gaussian puffs seen by beams and by grid cells, in closed form.

Coordinates are (x, y, height above ground). A puff of unit mass is the product of three normal
densities; ground and mixing height reflect it through its images.

The mean of exp(-|p(t)|^2 / 2) along a straight piece, with p(t) = p0 + t d in units of the standard
deviations, a = d.d, b = p0.d, c = p0.p0 and t from 0 to 1, is
``sqrt(pi / 2a) exp(-(c - b^2/a) / 2) (erf((a + b) / sqrt(2a)) - erf(b / sqrt(2a)))``:
the square is completed and what is left is the error function.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import erf

from models.air.chords import chords, taken
from models.air.paths import Pieces
from models.air.streak import IntArray, Puffs
from twin.core.geometry import FloatArray, frozen
from twin.core.plume import PlumeGrid

REACH = 5.0  # standard deviations beyond which a puff is not seen: exp(-12.5) = 4e-6
_LID_ORDERS = 3
_FELT_SIGMAS = 6.0  # an image further from a piece adds less than 2e-8 of its maximum
_MIXED_LIDS = 1.7  # from this many lids on a puff is even to 2 exp(-pi^2 1.7^2 / 2) = 1e-6
_NORM = (2.0 * math.pi) ** -1.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sightings:
    """Puff ``puff[i]`` puts ``mean_1_m3[i]`` (per unit of mass) on piece ``piece[i]``.

    Where a puff meets a whole path, its mean over that path divided by the share of the path's first piece
    stands with that piece.
    """

    puff: IntArray
    piece: IntArray
    mean_1_m3: FloatArray


def path_means(puffs: Puffs, pieces: Pieces, lid_m: FloatArray | float) -> Sightings:
    """Mean concentration of unit-mass puffs over receptors, for the pairs that meet.

    A puff that is much taller than a path lies above the ground does not feel how the path bends: it meets
    the whole path at once (``models.air.chords``), and the sighting stands with the path's first piece, so
    that mean times share is right. On convective afternoons that is most of them.
    """
    whole = chords(pieces)
    tall = whole.tall(puffs)
    if not tall.size:
        return piece_means(puffs, pieces, lid_m)
    low = np.setdiff1d(np.arange(puffs.x_m.size), tall, assume_unique=True)
    lid = np.broadcast_to(np.asarray(lid_m, dtype=np.float64), puffs.x_m.shape)
    near = piece_means(taken(puffs, low), pieces, lid[low])
    far = piece_means(taken(puffs, tall), whole.pieces, lid[tall])
    first, weight = whole.first[far.piece], whole.weight[far.piece]
    return Sightings(
        puff=np.concatenate([low[near.puff], tall[far.puff]]),
        piece=np.concatenate([near.piece, first]),
        mean_1_m3=np.concatenate([near.mean_1_m3, far.mean_1_m3 * weight]),
    )


def piece_means(puffs: Puffs, pieces: Pieces, lid_m: FloatArray | float) -> Sightings:
    """Mean concentration of unit-mass puffs over straight pieces, for the pairs that meet.

    ``lid_m`` is one number or one for every puff. A puff taller than the air under the lid fills it evenly
    (the sum over all images, to 1e-6), and images that are too far from a piece are left out: under a low lid
    each puff has fourteen.
    """
    puff, piece = _meetings(puffs, pieces)
    sigma_h, sigma_z = puffs.sigma_h_m[puff], puffs.sigma_z_m[puff]
    over_h, over_z = 1.0 / sigma_h, 1.0 / sigma_z
    start, along = pieces.start_m.T, pieces.along_m.T
    x, y = (start[0][piece] - puffs.x_m[puff]) * over_h, (start[1][piece] - puffs.y_m[puff]) * over_h
    dx, dy, dz = along[0][piece] * over_h, along[1][piece] * over_h, along[2][piece] * over_z
    a = dx * dx + dy * dy + dz * dz
    b_level = x * dx + y * dy
    c_level = x * x + y * y
    z = start[2][piece]
    height = puffs.height_m[puff]
    mean = np.zeros(puff.size)
    lid = np.broadcast_to(np.asarray(lid_m, dtype=np.float64), puffs.height_m.shape)[puff]
    mixed = sigma_z > _MIXED_LIDS * lid
    full = np.flatnonzero(mixed)
    flat = line_mean((a - dz * dz)[full], b_level[full], c_level[full])
    mean[full] = flat * math.sqrt(2.0 * math.pi) * sigma_z[full] / lid[full]
    end = z + along[2][piece]
    low, high = np.minimum(z, end), np.maximum(z, end)
    for centre, rows in images(height, sigma_z, lid):
        away = np.maximum(low[rows] - centre, centre - high[rows])
        felt = ~mixed[rows] & (away < _FELT_SIGMAS * sigma_z[rows])
        rows, centre = rows[felt], centre[felt]
        up = (z[rows] - centre) * over_z[rows]
        mean[rows] += line_mean(a[rows], b_level[rows] + up * dz[rows], c_level[rows] + up * up)
    mean *= _NORM / (sigma_h**2 * sigma_z)
    return Sightings(puff=puff, piece=piece, mean_1_m3=mean)


def line_mean(a: FloatArray, b: FloatArray, c: FloatArray) -> FloatArray:
    """Mean of ``exp(-(c + 2 b t + a t^2) / 2)`` over t from 0 to 1; see the top of this file."""
    point = a < 1e-8
    safe = np.where(point, 1.0, a)
    root = np.sqrt(2.0 * safe)
    across = np.maximum(c - b * b / safe, 0.0)
    mean = math.sqrt(math.pi) / root * np.exp(-0.5 * across) * (erf((safe + b) / root) - erf(b / root))
    return np.asarray(np.where(point, np.exp(-0.5 * (c + b + 0.25 * a)), mean), dtype=np.float64)


def cell_means(puffs: Puffs, mass_kg: FloatArray, grid: PlumeGrid, lid_m: float) -> FloatArray:
    """Mean concentration of every cell, (nz, ny, nx) in kg/m3: the mass inside the box is exact."""
    shape = (grid.nz, grid.ny, grid.nx)
    reach = REACH * puffs.sigma_h_m
    over = (puffs.x_m > grid.x_min_m - reach) & (puffs.x_m < grid.x_min_m + grid.nx * grid.dx_m + reach)
    over &= (puffs.y_m > grid.y_min_m - reach) & (puffs.y_m < grid.y_min_m + grid.ny * grid.dy_m + reach)
    seen = np.flatnonzero((mass_kg > 0.0) & over)
    conc = np.zeros((grid.nz, grid.ny * grid.nx))
    x_edge = frozen(grid.x_min_m + grid.dx_m * np.arange(grid.nx + 1))
    y_edge = frozen(grid.y_min_m + grid.dy_m * np.arange(grid.ny + 1))
    z_edge = np.minimum(grid.dz_m * np.arange(grid.nz + 1), lid_m)
    for start in range(0, seen.size, 128):  # bounds the memory of the outer products
        rows = seen[start : start + 128]
        sigma = puffs.sigma_h_m[rows]
        in_x = shares(x_edge, puffs.x_m[rows], sigma)
        in_y = shares(y_edge, puffs.y_m[rows], sigma)
        in_z = _upright(z_edge, puffs.height_m[rows], puffs.sigma_z_m[rows], lid_m)
        in_z *= mass_kg[rows, None]
        conc += in_z.T @ (in_y[:, :, None] * in_x[:, None, :]).reshape(rows.size, -1)
    volume = grid.dx_m * grid.dy_m * grid.dz_m
    return np.asarray(conc.reshape(shape) / volume, dtype=np.float64)


def _meetings(puffs: Puffs, pieces: Pieces) -> tuple[IntArray, IntArray]:
    """Pairs (puff, piece) whose horizontal distance is under five standard deviations.

    Whole receptors are tried first: a beam is straight on the map, however its pieces bend in height.
    """
    first = np.flatnonzero(np.diff(pieces.receptor, prepend=-1))
    count = np.diff(np.append(first, pieces.receptor.size))
    last = first + count - 1
    start = pieces.start_m[first, :2]
    chord = pieces.start_m[last, :2] + pieces.along_m[last, :2] - start
    own = np.repeat(np.arange(first.size), count)
    bulge = np.zeros(first.size)
    np.maximum.at(bulge, own, _distance(pieces.start_m[:, :2], start[own], chord[own]))
    puff, whole = _near_chords(puffs, start, chord, bulge)
    piece = np.repeat(first[whole], count[whole]) + _counting(count[whole])
    puff = np.repeat(puff, count[whole])
    x, y, dx, dy = (
        column[piece] for column in (*pieces.start_m[:, :2].T.copy(), *pieces.along_m[:, :2].T.copy())
    )
    x -= puffs.x_m[puff]
    y -= puffs.y_m[puff]
    nearest = np.clip(-(x * dx + y * dy) / np.maximum(dx * dx + dy * dy, 1e-12), 0.0, 1.0)
    x += nearest * dx
    y += nearest * dy
    reach = REACH * puffs.sigma_h_m[puff]
    near = np.flatnonzero(x * x + y * y < reach * reach)
    return puff[near], piece[near]


def _near_chords(
    puffs: Puffs, start: FloatArray, chord: FloatArray, bulge: FloatArray
) -> tuple[IntArray, IntArray]:
    """Pairs (puff, chord): the puff reaches into the strip around the chord, and to its ends."""
    length = np.hypot(chord[:, 0], chord[:, 1])
    safe = np.maximum(length, 1e-6)
    east, north = chord[:, 0] / safe, chord[:, 1] / safe
    east = np.where(length < 1e-6, 1.0, east)  # a point lies on any line through it
    reach = REACH * puffs.sigma_h_m
    found_puff, found_chord = [], []
    for k in range(length.size):
        dx, dy = puffs.x_m - start[k, 0], puffs.y_m - start[k, 1]
        wide = reach + bulge[k]
        near = np.flatnonzero(np.abs(dy * east[k] - dx * north[k]) < wide)
        along = dx[near] * east[k] + dy[near] * north[k]
        near = near[(along > -wide[near]) & (along < length[k] + wide[near])]
        found_puff.append(near)
        found_chord.append(np.full(near.size, k, dtype=np.intp))
    nothing = [np.zeros(0, dtype=np.intp)]
    return np.concatenate(found_puff or nothing), np.concatenate(found_chord or nothing)


def _distance(point: FloatArray, start: FloatArray, along: FloatArray) -> FloatArray:
    """Distance of points from straight pieces, last axis x and y."""
    away = start - point
    length2 = np.maximum((along * along).sum(axis=-1), 1e-12)
    nearest = np.clip(-(away * along).sum(axis=-1) / length2, 0.0, 1.0)
    away = away + nearest[..., None] * along
    return np.asarray(np.hypot(away[..., 0], away[..., 1]), dtype=np.float64)


def _counting(count: IntArray) -> IntArray:
    """0, 1, .. n - 1 for every n, one after the other."""
    return np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)


def images(
    height_m: FloatArray, sigma_z_m: FloatArray, lid_m: FloatArray | float
) -> list[tuple[FloatArray, IntArray]]:
    """Heights of the images with the rows that they concern; the lid only where the puff feels it.

    ``lid_m`` is one number or (n,), infinite where there is none.
    """
    everyone = np.arange(height_m.size)
    images = [(height_m, everyone), (-height_m, everyone)]
    lid = np.broadcast_to(np.asarray(lid_m, dtype=np.float64), height_m.shape)
    high = np.flatnonzero(lid - height_m < REACH * sigma_z_m)
    orders = [n for n in range(-_LID_ORDERS, _LID_ORDERS + 1) if n] if high.size else []
    for n in orders:
        images += [(2.0 * n * lid[high] + sign * height_m[high], high) for sign in (1.0, -1.0)]
    return images


def shares(edge_m: FloatArray, centre_m: FloatArray, sigma_m: FloatArray) -> FloatArray:
    """Share of a normal density in every cell, (n_puffs, n_cells)."""
    scaled = (edge_m[None, :] - centre_m[:, None]) / (math.sqrt(2.0) * sigma_m[:, None])
    return np.asarray(0.5 * np.diff(erf(scaled), axis=1), dtype=np.float64)


def _upright(edge_m: FloatArray, height_m: FloatArray, sigma_m: FloatArray, lid_m: float) -> FloatArray:
    share = np.zeros((height_m.size, edge_m.size - 1))
    for centre, rows in images(height_m, sigma_m, lid_m):
        share[rows] += shares(edge_m, centre, sigma_m[rows])
    return share
