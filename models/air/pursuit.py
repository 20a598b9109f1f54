"""Which units could have made the readings: a matching pursuit over units and spans of time.

A release begins and ends. A candidate is a unit together with a span of successive bins; the one that
explains most is taken, rates of all that are taken are fitted again without sign, what is left is
explained next (orthogonal matching pursuit, Pati et al. 1993). It bounds the unknowns of the
assimilation, so its cost does not grow with the number of units in the park.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.air.nonnegative import least
from twin.core.geometry import FloatArray

IntArray = npt.NDArray[np.intp]


def pursue(
    coupling: FloatArray,
    signal_kg_m3: FloatArray,
    noise_kg_m3: FloatArray,
    *,
    most: int,
    worth: float,
    ridge: float,
) -> tuple[IntArray, FloatArray]:
    """Units taken, in the order in which they were taken, and what they predict.

    Parameters
    ----------
    coupling
        (n_obs, n_units, n_bins), kg/m3 per kg/s.
    signal_kg_m3, noise_kg_m3
        (n_obs,): readings above the background, and standard deviations.
    most, worth
        Most units; least gain in chi-square for which one is taken.
    ridge
        Quadratic cost of a rate, (kg/s)^-2.

    Returns
    -------
    (n_taken,) indices and (n_obs,) kg/m3.
    """
    n_obs, n_units, n_bins = coupling.shape
    scaled = coupling / noise_kg_m3[:, None, None]
    columns = _over_spans(scaled)
    power = np.einsum("ous,ous->us", columns, columns) + ridge
    flat = columns.reshape(n_obs, -1)
    target = signal_kg_m3 / noise_kg_m3
    taken: list[int] = []
    predicted = np.zeros(n_obs)
    for _ in range(min(most, n_units)):
        slope = np.maximum((flat.T @ (target - predicted)).reshape(n_units, -1), 0.0)
        gain = (slope * slope / power).max(axis=1)
        gain[taken] = 0.0
        best = int(np.argmax(gain))
        if gain[best] < worth:
            break
        taken.append(best)
        own = scaled[:, taken].reshape(n_obs, -1)
        rates = least(own.T @ own + ridge * np.eye(own.shape[1]), own.T @ target)
        predicted = own @ rates
    return np.array(taken, dtype=np.intp), np.asarray(predicted * noise_kg_m3, dtype=np.float64)


def _over_spans(coupling: FloatArray) -> FloatArray:
    """Columns of all spans of successive bins, (n_obs, n_units, n_spans)."""
    n_bins = coupling.shape[2]
    total = np.concatenate([np.zeros((*coupling.shape[:2], 1)), np.cumsum(coupling, axis=2)], axis=2)
    first, last = np.triu_indices(n_bins + 1, k=1)
    return np.asarray(total[:, :, last] - total[:, :, first], dtype=np.float64)
