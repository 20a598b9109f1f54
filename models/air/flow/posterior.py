"""Weights of the modes from the stations: regularised least squares and its covariance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.air.flow.modes import sector_vectors
from models.air.flow.residual import Spread, spread
from twin.core.geometry import FloatArray

_EDGE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seen:
    """What the stations say, over the profile of the moment: m/s at 10 m over level ground.

    ``wind_m_s`` (nt, ns, 2), ``noise_m_s`` (nt, ns), ``trust`` (nt, ns) 1 where a station counts.
    ``modes`` (n_stabilities, n_modes, ns, 2) are the library's ratios at the stations, ``share`` (nt,
    n_stabilities) how much of each stability the air of the moment is, ``sectors`` the number of inflow
    directions. ``places_m`` (ns, 2) and ``ground_m`` (ns,) are where the stations stand.
    """

    wind_m_s: FloatArray
    noise_m_s: FloatArray
    trust: FloatArray
    modes: FloatArray
    share: FloatArray
    sectors: int
    places_m: FloatArray
    ground_m: FloatArray

    def weights(self, inflow_m_s: FloatArray, others: FloatArray) -> FloatArray:
        """Weights (nt, n_stabilities * n_modes) of an inflow (nt, 2) and other modes (nt, n)."""
        count = inflow_m_s.shape[0]
        modes = np.zeros((count, self.modes.shape[1]))
        corner = sector_vectors(self.sectors)
        angle = np.degrees(np.arctan2(-inflow_m_s[:, 0], -inflow_m_s[:, 1])) % 360.0
        low = np.floor(angle * self.sectors / 360.0).astype(np.intp) % self.sectors
        high = (low + 1) % self.sectors
        pair = np.stack([corner[low], corner[high]], axis=-1)
        parts = np.linalg.solve(pair, inflow_m_s[:, :, None])[:, :, 0]
        rows = np.arange(count)
        modes[rows, low], modes[rows, high] = parts[:, 0], parts[:, 1]
        modes[:, self.sectors :] = others
        return np.asarray((self.share[:, :, None] * modes[:, None, :]).reshape(count, -1))

    def predicted(self, weights: FloatArray) -> FloatArray:
        """Wind (nt, ns, 2) of weights at the stations."""
        flat = self.modes.reshape(-1, self.wind_m_s.shape[1] * 2)
        return np.asarray((weights @ flat).reshape(self.wind_m_s.shape))

    def left(self, weights: FloatArray, wind_m_s: FloatArray, like: Spread | None = None) -> Spread:
        """Spread of what the weights leave of the stations' wind, with the width of another one if given."""
        residual = wind_m_s - self.predicted(weights)
        return spread(residual, self.trust, self.places_m, self.ground_m, like)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Posterior:
    """``mean`` (nt, 2 + n): inflow vector and weights of the other modes; ``covariance`` (nt, 2+n, 2+n)."""

    seen: Seen
    mean: FloatArray
    covariance: FloatArray

    def sample(self, random: np.random.Generator) -> tuple[FloatArray, FloatArray]:
        """One draw of the unknowns and of the stations' winds, with the same place at all times."""
        root = np.linalg.cholesky(self.covariance)
        unknowns = self.mean + root @ random.standard_normal(self.mean.shape[1])
        wobble = random.standard_normal(self.seen.wind_m_s.shape[1:])
        return unknowns, self.seen.wind_m_s + self.seen.noise_m_s[:, :, None] * wobble


def solve(seen: Seen, prior_mean: FloatArray, prior_deviation: FloatArray) -> Posterior:
    """Most likely weights. ``prior_mean`` and ``prior_deviation`` (nt, 2 + n), m/s.

    The wind over terrain is linear in the inflow within a sector of directions. Every sector is solved
    and the best one taken whose solution lies within it; between two that both point at their common
    border the inflow is on the border.
    """
    node = np.einsum("ts,smnc->tmnc", seen.share, seen.modes)
    count, width = prior_mean.shape
    precision = (seen.trust / seen.noise_m_s**2)[:, :, None].repeat(2, axis=2).reshape(count, -1)
    data = seen.wind_m_s.reshape(count, -1)
    flat = node.reshape(count, node.shape[1], -1)
    vectors = sector_vectors(seen.sectors)
    prior = 1.0 / prior_deviation**2
    best_cost = np.full(count, np.inf)
    mean, covariance = np.zeros((count, width)), np.zeros((count, width, width))
    for q in range(seen.sectors):
        p = (q + 1) % seen.sectors
        back = np.linalg.inv(np.stack([vectors[q], vectors[p]], axis=1))
        inflow = np.einsum("tar,ab->tbr", flat[:, [q, p]], back)
        design = np.concatenate([inflow, flat[:, seen.sectors :]], axis=1)
        weighted = design * precision[:, None]
        normal = weighted @ design.transpose(0, 2, 1)
        normal[:, np.arange(width), np.arange(width)] += prior
        right = (weighted @ data[:, :, None])[:, :, 0] + prior * prior_mean
        found = np.linalg.solve(normal, right[:, :, None])[:, :, 0]
        parts = np.maximum(found[:, :2] @ back.T, 0.0)
        within = np.all(found[:, :2] @ back.T >= -_EDGE, axis=1)
        held = np.where(within[:, None], found[:, :2], parts @ np.stack([vectors[q], vectors[p]]))
        found = np.concatenate([held, found[:, 2:]], axis=1)
        miss = data - np.einsum("tar,ta->tr", design, found)
        cost = (precision * miss**2).sum(axis=1) + (prior * (found - prior_mean) ** 2).sum(axis=1)
        better = cost < best_cost
        best_cost = np.where(better, cost, best_cost)
        mean[better] = found[better]
        covariance[better] = np.linalg.inv(normal[better])
    return Posterior(seen=seen, mean=mean, covariance=covariance)


def share_of(inverse_obukhov_1_m: FloatArray, classes: FloatArray) -> npt.NDArray[np.float64]:
    """How much of each class of 1/L (rising) the air is, (nt, n_classes): linear between two classes."""
    place = np.interp(inverse_obukhov_1_m, classes, np.arange(classes.size, dtype=np.float64))
    return np.asarray(np.maximum(0.0, 1.0 - np.abs(place[:, None] - np.arange(classes.size))))
