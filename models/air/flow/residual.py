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
from itertools import product

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
_WIDE_M = 10_000.0  # the same for a network, whose stations can judge it
_HEIGHT_M = 60.0  # a station on a ridge says little of the valley floor below it
_HEIGHTS_M = (_HEIGHT_M, 250.0, math.inf)  # a wide plain tilts: there the network decides
_POWERS = (1.0, 0.5)  # of d^2 / kappa: Barnes's bell, or a cusp for winds that differ at all scales


@dataclass(frozen=True, slots=True, kw_only=True)
class Bell:
    """``exp(-(d^2 / kappa)^power_ratio - (climb / height)^2)``; noise of the stations over its variance."""

    kappa_m2: float
    noise_ratio: float = _NOISE
    height_m: float = _HEIGHT_M
    power_ratio: float = 1.0

    def at(self, distance2_m2: FloatArray, climb_m: FloatArray) -> FloatArray:
        """Weight at squared distances and differences in ground height."""
        reach = distance2_m2 / self.kappa_m2
        fall = reach if self.power_ratio == 1.0 else np.sqrt(reach)
        return np.asarray(np.exp(-fall - (climb_m / self.height_m) ** 2))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spread:
    """Residuals (nt, n_stations, 2) as coefficients of bells around the stations.

    ``places_m`` (n_stations, 2), ``ground_m`` (n_stations,); ``bell`` their form, whose ``noise_ratio`` is
    the variance of what a station has for itself over that of what reaches further.
    """

    coefficients: FloatArray
    places_m: FloatArray
    ground_m: FloatArray
    bell: Bell

    def at(self, found: Corners, k: IntArray, part: FloatArray) -> FloatArray:
        """Residual wind (n, 2) at places, between the nodes k and k + 1 (one or n)."""
        share = part[..., None, None]
        weights = self.coefficients[k] * (1.0 - share) + self.coefficients[k + 1] * share
        total = np.zeros((found.size, 2))
        for s in range(self.ground_m.size):
            bell = self.bell.at(
                (found.x_m - self.places_m[s, 0]) ** 2 + (found.y_m - self.places_m[s, 1]) ** 2,
                found.ground_m - self.ground_m[s],
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

    ``like`` another one, so that its bell is not judged again.
    """
    bell = Bell(kappa_m2=_kappa(places_m)) if like is None else like.bell
    if like is None and places_m.shape[0] >= _NETWORK:
        bell = _chosen(residual, trust, places_m, ground_m, bell)
    gram = _gram(trust, places_m, ground_m, bell)
    found = np.linalg.solve(gram, residual * trust[:, :, None]) * trust[:, :, None]
    return Spread(coefficients=found, places_m=places_m, ground_m=ground_m, bell=bell)


def _gram(trust: FloatArray, places_m: FloatArray, ground_m: FloatArray, bell: Bell) -> FloatArray:
    """Weights of the stations on each other with their noise, (nt, n_stations, n_stations)."""
    distance2 = ((places_m[:, None] - places_m[None]) ** 2).sum(axis=-1)
    own = bell.at(distance2, ground_m[:, None] - ground_m[None])
    gram = own[None] * trust[:, :, None] * trust[:, None, :]
    return gram + np.eye(places_m.shape[0]) * np.where(trust > 0.0, bell.noise_ratio, 1.0)[:, :, None]


def _chosen(
    residual: FloatArray, trust: FloatArray, places_m: FloatArray, ground_m: FloatArray, first: Bell
) -> Bell:
    """The bell with which the stations of a network predict each other's residuals best.

    The error of leaving one out is ``(G^-1 r)_i / (G^-1)_ii``: nothing is solved twice.
    """
    few = np.unique(np.linspace(0, trust.shape[0] - 1, _LOOKED_AT).astype(np.intp))
    kept, weight = residual[few] * trust[few, :, None], trust[few, :, None]
    alike = bool((trust[few] == trust[few[0]]).all())  # one inverse then serves all nodes
    found = (math.inf, first)
    for power, height, wide, noise in product(_POWERS, _HEIGHTS_M, _WIDTHS, _NOISES):
        bell = Bell(kappa_m2=wide * first.kappa_m2, noise_ratio=noise, height_m=height, power_ratio=power)
        inverse = np.linalg.inv(_gram(trust[few[:1]] if alike else trust[few], places_m, ground_m, bell))
        error = (inverse @ kept) / np.diagonal(inverse, axis1=1, axis2=2)[:, :, None]
        miss = float((weight * error**2).sum())
        if miss < found[0]:
            found = (miss, bell)
    return found[1]


def _kappa(places_m: FloatArray) -> float:
    """5.052 (2 spacing / pi)^2, with the mean distance to the nearest neighbour as spacing."""
    spacing = _ALONE_M
    if places_m.shape[0] > 1:
        distance = np.hypot(*(places_m[:, None] - places_m[None]).transpose(2, 0, 1))
        np.fill_diagonal(distance, np.inf)
        most = _WIDE_M if places_m.shape[0] >= _NETWORK else _SPACING_M[1]
        spacing = float(np.clip(distance.min(axis=1).mean(), _SPACING_M[0], most))
    return 5.052 * (2.0 * spacing / math.pi) ** 2
