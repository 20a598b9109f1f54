"""Random numbers that depend on the seed and a name only, so that equal plans give equal bytes."""

from __future__ import annotations

import math
import zlib

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def stream(seed: int, *names: object) -> np.random.Generator:
    """Generator of a named part; independent of all others."""
    words = [zlib.crc32(str(name).encode()) for name in names]
    return np.random.default_rng(np.random.SeedSequence([seed, *words]))


class Drift:
    """Ornstein-Uhlenbeck process: wanders about 0 with a standard deviation and a memory.

    Exact for any step: x(t + dt) = a x + sd sqrt(1 - a^2) n with a = exp(-dt / tau)
    (Gillespie 1996, Phys. Rev. E 54, 2084, eqs. 1.7 and 1.8).
    """

    def __init__(
        self, draws: np.random.Generator, shape: int | tuple[int, ...], *, tau_s: float, sd: float
    ) -> None:
        self._draws = draws
        self._tau_s = tau_s
        self._sd = sd
        self.value: FloatArray = sd * draws.standard_normal(shape)

    def step(self, dt_s: float) -> FloatArray:
        """Value after another ``dt_s`` seconds."""
        keep = math.exp(-dt_s / self._tau_s)
        kick = self._sd * math.sqrt(1.0 - keep * keep)
        self.value = keep * self.value + kick * self._draws.standard_normal(self.value.shape)
        return self.value
