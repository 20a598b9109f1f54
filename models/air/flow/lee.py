"""Shelter behind steep ground: how much of the wind is lost below a separated shear layer.

Where the lee falls steeper than 0.3 the air does not follow it (Kaimal and Finnigan 1994, ch. 5; Wood
1995, Boundary-Layer Meteorol. 76, 137-164); around that slope it separates part of the time, which is
what hills of field experiments do. The streamline that leaves the crest is a cubic that starts level and
falls with at most 14 degrees (Kroy, Sauermann and Herrmann 2002, Phys. Rev. E 66, 031305), so it lands
six heights behind the crest. Around it the wind changes from the sheltered air to the free wind as in a
plane mixing layer that widens with the distance from the crest: ``u / U = (1 + erf(13.5 y / x)) / 2``
(Goertler 1942, Z. angew. Math. Mech. 22, 244-254; Schlichting 1979, ch. XXIV). Behind the landing the
streamline goes on below ground at 14 degrees, by which the wake fades within some three heights.
Shelter only weakens the linear wind, by four fifths at
most: flow that turns round within the bubble is not in it.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.ndimage import map_coordinates
from scipy.special import erf, erfc

from twin.core.geometry import FloatArray

STEEPEST = math.tan(math.radians(14.0))
LANDING = STEEPEST / 1.5  # mean slope of a cubic whose steepest slope is that
SPREADING = 13.5
CRITICAL_SLOPE = 0.3
_INTERMITTENT = 0.05  # standard deviation of the slope at which separation sets in
_REACH_M = 2000.0
_WAKE = 1.6  # lengths of the bubble after which nothing is left
_SECTOR_DEG = (-10.0, 0.0, 10.0)  # crests are looked for over the wander of the direction
_LEAST = 0.01
_MOST = 0.8  # the air within is stirred by what passes over it


def shelter(
    ground_m: FloatArray, step_m: float, towards: tuple[float, float], heights_m: FloatArray
) -> FloatArray:
    """Part of the wind that is taken away, 0 to 1, (nz, ny, nx), at heights above ground.

    ``ground_m`` (ny, nx), row 0 = south; ``towards`` is the unit vector the wind blows TO. Beyond the
    edge the ground is level with it.
    """
    lost = np.zeros((heights_m.size, *ground_m.shape))
    for turn in _SECTOR_DEG:
        ray = _Ray(ground_m, step_m, _turned(towards, turn))
        if ray.length_m.any():
            lost += ray.loss(heights_m) / len(_SECTOR_DEG)
    return lost


class _Ray:
    """One direction: what every node sees up and down the wind."""

    def __init__(self, ground_m: FloatArray, step_m: float, towards: tuple[float, float]) -> None:
        self.ground_m, self.step_m, self.towards = ground_m, step_m, towards
        ny, nx = ground_m.shape
        self.nodes = np.mgrid[0:ny, 0:nx].astype(np.float64)
        reach = max(min(_REACH_M, step_m * max(ny, nx)), 2.0 * step_m)
        count = math.ceil(math.log(reach / step_m) / math.log(1.15))
        self.distances_m = np.geomspace(step_m, reach, count)
        self.length_m, self.separated = self._bubbles()

    def shifted(self, field: FloatArray, upwind_m: float) -> FloatArray:
        """Values a distance upwind of every node, bilinear; beyond the edge those of the edge."""
        cells = upwind_m / self.step_m
        places = [self.nodes[0] - cells * self.towards[1], self.nodes[1] - cells * self.towards[0]]
        return np.asarray(map_coordinates(field, places, order=1, mode="nearest"))

    def _bubbles(self) -> tuple[FloatArray, FloatArray]:
        """How far a streamline flies that leaves each node (0: none leaves), and what part of the time.

        Whether the air separates is a matter of the whole lee: of its steepest piece before the landing.
        """
        descent = (self.shifted(self.ground_m, self.step_m) - self.ground_m) / self.step_m
        length, seen, steepest = (np.zeros_like(self.ground_m) for _ in range(3))
        for distance in self.distances_m:
            np.maximum(seen, self.shifted(descent, -distance), out=seen)
            falls = (self.ground_m - self.shifted(self.ground_m, -distance)) >= LANDING * distance
            length[falls], steepest[falls] = distance, seen[falls]
        often = 0.5 * (1.0 + erf((steepest - CRITICAL_SLOPE) / (math.sqrt(2.0) * _INTERMITTENT)))
        length[often < _LEAST] = 0.0
        return length, often

    def loss(self, heights_m: FloatArray) -> FloatArray:
        """Largest loss over all upwind crests, (nz, ny, nx)."""
        lost = np.zeros((heights_m.size, *self.ground_m.shape))
        for distance in self.distances_m:
            length = self.shifted(self.length_m, distance)
            seen = np.nonzero(length * _WAKE > distance)
            if not seen[0].size:
                continue
            separated = self.shifted(self.separated, distance)[seen]
            crest = self.shifted(self.ground_m, distance)[seen] - self.ground_m[seen]
            above = crest - _fallen(distance, length[seen])
            for n, height in enumerate(heights_m):
                part = separated * 0.5 * erfc(SPREADING * (height - above) / distance)
                lost[n][seen] = np.maximum(lost[n][seen], np.where(part > _LEAST, part, 0.0))
        return np.minimum(lost, _MOST)


def _fallen(distance_m: float, length_m: FloatArray) -> FloatArray:
    """Drop of the streamline below its crest, metres, at a distance; ``length_m`` to its landing."""
    part = np.minimum(distance_m / length_m, 1.0)
    beyond = np.maximum(distance_m - length_m, 0.0)
    return np.asarray(LANDING * length_m * part * part * (3.0 - 2.0 * part) + STEEPEST * beyond)


def _turned(towards: tuple[float, float], angle_deg: float) -> tuple[float, float]:
    c, s = math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))
    return towards[0] * c - towards[1] * s, towards[0] * s + towards[1] * c
