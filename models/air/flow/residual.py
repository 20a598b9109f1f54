"""What the modes leave at the stations, spread around them.

Weights fall with the square of the distance and of the difference in ground height, ``exp(-d^2 / kappa)``
as Barnes (1964, J. Appl. Meteorol. 3, 396-409) has them, with kappa from the spacing of the stations
(Koch, desJardins and Kocin 1983, J. Climate Appl. Meteorol. 22, 1487-1503, eq. 14). Instead of Barnes's
second pass the stations' weights on each other are taken out (Gandin 1963, optimum interpolation), so
that each station gets back its own residual but for a twentieth of noise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from models.air.flow.places import Corners, IntArray
from twin.core.geometry import FloatArray

_NOISE = 0.05
_NETWORK = 6  # stations from which the spreading can be judged
_WIDTHS = (0.5, 1.0, 4.0, 16.0)  # of kappa
_NOISES = (0.05, 0.2, 0.5, 1.0, 2.0, 5.0, 100.0)  # over the variance of what reaches; the last: nothing does
_LOOKED_AT = 8  # nodes in time
_ALONE_M = 1000.0
_SPACING_M = (300.0, 2000.0)
_HEIGHT_M = 60.0  # a station on a ridge says little of the valley floor below it


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spread:
    """Residuals (nt, n_stations, 2) as coefficients of bells around the stations.

    ``places_m`` (n_stations, 2), ``ground_m`` (n_stations,), ``kappa_m2`` the bells' width, ``noise_ratio``
    the variance of what a station has for itself over that of what reaches further.
    """

    coefficients: FloatArray
    places_m: FloatArray
    ground_m: FloatArray
    kappa_m2: float
    noise_ratio: float

    def at(self, found: Corners, k: IntArray, part: FloatArray) -> FloatArray:
        """Residual wind (n, 2) at places, between the nodes k and k + 1 (one or n)."""
        share = part[..., None, None]
        weights = self.coefficients[k] * (1.0 - share) + self.coefficients[k + 1] * share
        total = np.zeros((found.size, 2))
        for s in range(self.ground_m.size):
            bell = _bell(
                (found.x_m - self.places_m[s, 0]) ** 2 + (found.y_m - self.places_m[s, 1]) ** 2,
                found.ground_m - self.ground_m[s],
                self.kappa_m2,
            )
            total += bell[:, None] * weights[..., s, :]
        return total


def spread(
    residual: FloatArray,
    trust: FloatArray,
    places_m: FloatArray,
    ground_m: FloatArray,
    like: Spread | None = None,
) -> Spread:
    """Spread residuals (nt, n_stations, 2); a station with ``trust`` (nt, n_stations) of 0 has none.

    ``like`` another one, so that width and noise are not judged again.
    """
    kappa, noise = (_kappa(places_m), _NOISE) if like is None else (like.kappa_m2, like.noise_ratio)
    if like is None and places_m.shape[0] >= _NETWORK:
        kappa, noise = _chosen(residual, trust, places_m, ground_m, kappa)
    gram = _gram(trust, places_m, ground_m, kappa, noise)
    found = np.linalg.solve(gram, residual * trust[:, :, None]) * trust[:, :, None]
    return Spread(coefficients=found, places_m=places_m, ground_m=ground_m, kappa_m2=kappa, noise_ratio=noise)


def _gram(
    trust: FloatArray, places_m: FloatArray, ground_m: FloatArray, kappa_m2: float, noise: float
) -> FloatArray:
    """Weights of the stations on each other with their noise, (nt, n_stations, n_stations)."""
    distance2 = ((places_m[:, None] - places_m[None]) ** 2).sum(axis=-1)
    own = _bell(distance2, ground_m[:, None] - ground_m[None], kappa_m2)
    gram = own[None] * trust[:, :, None] * trust[:, None, :]
    return gram + np.eye(places_m.shape[0]) * np.where(trust > 0.0, noise, 1.0)[:, :, None]


def _chosen(
    residual: FloatArray, trust: FloatArray, places_m: FloatArray, ground_m: FloatArray, kappa_m2: float
) -> tuple[float, float]:
    """Width and noise with which the stations of a network predict each other's residuals best.

    The error of leaving one out is ``(G^-1 r)_i / (G^-1)_ii``: nothing is solved twice.
    """
    few = np.unique(np.linspace(0, trust.shape[0] - 1, _LOOKED_AT).astype(np.intp))
    kept, weight = residual[few] * trust[few, :, None], trust[few, :, None]
    best = (np.inf, kappa_m2, _NOISE)
    for wide in _WIDTHS:
        for noise in _NOISES:
            inverse = np.linalg.inv(_gram(trust[few], places_m, ground_m, wide * kappa_m2, noise))
            error = (inverse @ kept) / np.diagonal(inverse, axis1=1, axis2=2)[:, :, None]
            best = min(best, (float((weight * error**2).sum()), wide * kappa_m2, noise))
    return best[1], best[2]


def _bell(distance2: FloatArray, climb_m: FloatArray, kappa_m2: float) -> FloatArray:
    return np.asarray(np.exp(-distance2 / kappa_m2 - (climb_m / _HEIGHT_M) ** 2))


def _kappa(places_m: FloatArray) -> float:
    """5.052 (2 spacing / pi)^2, with the mean distance to the nearest neighbour as spacing."""
    spacing = _ALONE_M
    if places_m.shape[0] > 1:
        distance = np.hypot(*(places_m[:, None] - places_m[None]).transpose(2, 0, 1))
        np.fill_diagonal(distance, np.inf)
        spacing = float(np.clip(distance.min(axis=1).mean(), *_SPACING_M))
    return 5.052 * (2.0 * spacing / math.pi) ** 2
