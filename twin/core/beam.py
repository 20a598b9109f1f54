"""Receptors and beams. A path average is a linear operator: weights @ concentration(points)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twin.core.geometry import FloatArray, Place, frozen
from twin.core.text import Text


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Receptor:
    """Points (n, 3) in local metres and weights (n,) that sum to one.

    ``segment`` holds the end points (2, 3) when the receptor is a straight path, so that a
    solver with a closed form for a path may use it; a point sensor has ``segment`` None.
    """

    sensor_id: str
    points_m: FloatArray
    weights: FloatArray
    segment_m: FloatArray | None = None

    def __post_init__(self) -> None:
        if self.points_m.shape != (self.weights.size, 3):
            msg = f"points_m has shape {self.points_m.shape}, expected ({self.weights.size}, 3)"
            raise ValueError(msg)
        total = float(self.weights.sum())
        if abs(total - 1.0) > 1e-9:
            msg = f"weights of {self.sensor_id} sum to {total}, expected 1"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class Beam:
    """One optical path from a receiver (on the station's tower) to an emitter.

    Angles point from the receiver to the emitter: azimuth clockwise from grid north,
    elevation up from the horizontal, kept to 0.001 degree.
    """

    id: str
    station_id: str
    name: Text
    receiver: Place
    emitter: Place
    azimuth_deg: float
    elevation_deg: float

    @property
    def length_m(self) -> float:
        """Length of the path in metres."""
        return float(np.linalg.norm(self.emitter.array() - self.receiver.array()))

    def receptor(self, nodes: int = 16) -> Receptor:
        """Path average as ``nodes`` Gauss-Legendre points whose weights sum to one."""
        abscissa, weight = np.polynomial.legendre.leggauss(nodes)
        along = (abscissa + 1.0) / 2.0
        start, end = self.receiver.array(), self.emitter.array()
        return Receptor(
            sensor_id=self.id,
            points_m=frozen(start + along[:, None] * (end - start)),
            weights=frozen(weight / weight.sum()),
            segment_m=frozen([start, end]),
        )


def point_receptor(sensor_id: str, place: Place) -> Receptor:
    """Receptor of a sensor that measures at one place."""
    return Receptor(sensor_id=sensor_id, points_m=frozen([place.array()]), weights=frozen([1.0]))
