"""Trajectories per CPU-second of the backward model: ``python -m tests.bench.air_particles [particles]``.

W6 of the notes: neutral, u* 0.25 m/s, z 2 m, z0 0.03 m, fetch 500 m; reference kernel 1,927 (neutral), 2,134
(unstable, L -10 m), 1,173 (stable, L 20 m) trajectories per CPU-second on another machine of the same kind.
"""

from __future__ import annotations

import logging
import sys
import time

from models.air.particles.backward import catalogue
from models.air.particles.profile import Turbulence

_log = logging.getLogger(__name__)
_REFERENCE = {"unstable": (-1 / 10, 2134), "neutral": (0.0, 1927), "stable": (1 / 20, 1173)}


def main(particles: int = 50_000) -> None:
    """Log a line for every stability and backend."""
    for arrays in ("numpy", "torch"):
        for name, (inverse, reference) in _REFERENCE.items():
            air = Turbulence(friction_velocity_m_s=0.25, inverse_obukhov_1_m=inverse, roughness_m=0.03)
            catalogue(air, 2.0, particles=100, arrays=arrays)
            start = time.process_time()
            stays = catalogue(air, 2.0, fetch_m=500.0, particles=particles, arrays=arrays)
            spent = time.process_time() - start
            _log.info(
                "%s %s: %.0f trajectories per CPU-s (reference kernel %d), %.0f steps each, %.1f M steps/s",
                arrays,
                name,
                particles / spent,
                reference,
                stays.steps / particles,
                stays.steps / spent / 1e6,
            )


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    main(*[int(value) for value in sys.argv[1:2]])
