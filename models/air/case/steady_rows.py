"""The steady plume in the shape of a solver: continuous points in a steady wind over flat ground."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from models.air.case.met import Air
from models.air.deposition import Removal
from models.air.plume import PlumeAir, SteadyPlume, steady_plume
from models.air.validity import LIMITS
from models.contract import Site, WindField
from twin.core.beam import Receptor
from twin.core.clock import Interval
from twin.core.geometry import FloatArray
from twin.core.release import Release

_NODES = 32
_LEAST_REACH_M = 10.0


class SteadyRows:
    """Reads a steady plume off at points and beams; ``beam_matrix`` as in ``models.contract.AirSolver``."""

    name = "steady_plume"
    version = "1"
    limits = tuple(row for row in LIMITS if row.quantity in ("wind_speed_m_s", "distance_m"))

    def __init__(self, air: Air, *, removal: Removal, rain_mm_h: float, sigma_start_m: float) -> None:
        self._air = air
        self._removal = removal
        self._rain_mm_h = rain_mm_h
        self._sigma_start_m = sigma_start_m

    def beam_matrix(
        self,
        site: Site,
        releases: Sequence[Release],
        wind: WindField,
        window: Interval,
        receptors: Sequence[Receptor],
        times_ms: Sequence[int],
    ) -> FloatArray:
        """Response (1, receptors, releases) at the stated rates; the same at every time."""
        angle = math.radians(self._air.wind_from_deg + 180.0 - site.convergence_deg)
        downwind = np.array([math.sin(angle), math.cos(angle)])
        out = np.zeros((len(times_ms), len(receptors), len(releases)))
        shared: dict[tuple[float, float], SteadyPlume] = {}
        for k, release in enumerate(releases):
            start = np.array([release.place.x_m, release.place.y_m])
            rows = [_nodes(row, start, downwind) for row in receptors]
            points = np.concatenate([row[0] for row in rows])
            away = points[:, :2] - start
            along = away @ downwind
            across = away @ np.array([-downwind[1], downwind[0]])
            above = points[:, 2] - site.ground_m(points[:, 0], points[:, 1])
            plume = self._plume(shared, site, release, float(along.max(initial=_LEAST_REACH_M)))
            conc = np.zeros(len(points))
            ahead = along > 0.0
            conc[ahead] = plume.conc_kg_m3(along[ahead], across[ahead], np.maximum(above[ahead], 0.0))
            ends = np.cumsum([len(row[1]) for row in rows])
            parts = np.split(conc, ends[:-1])
            means = [float(row[1] @ part) for row, part in zip(rows, parts, strict=True)]
            out[:, :, k] = np.array(means) * release.rate_kg_s
        return out

    def _plume(
        self,
        shared: dict[tuple[float, float], SteadyPlume],
        site: Site,
        release: Release,
        reach_m: float,
    ) -> SteadyPlume:
        """Plume of 1 kg/s from a height; places of one area share it."""
        reach = 2.0 ** math.ceil(math.log2(reach_m))
        key = (release.height_m, reach)
        if key not in shared:
            air = PlumeAir(
                layer=self._air.layer,
                wind_speed_m_s=self._air.wind_speed_m_s,
                wind_height_m=self._air.wind_height_m - site.displacement_m,
                roughness_m=site.roughness_m,
            )
            shared[key] = steady_plume(
                air,
                rate_kg_s=1.0,
                height_m=release.height_m,
                reach_m=reach,
                removal=self._removal,
                rain_mm_h=self._rain_mm_h,
                sigma_start_m=self._sigma_start_m,
            )
        return shared[key]


def _nodes(row: Receptor, start: FloatArray, downwind: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Points (n, 3) and weights of a receptor; a beam is denser where it crosses the axis of the plume."""
    if row.segment_m is None:
        return row.points_m, row.weights
    one, other = row.segment_m
    side = np.array([-downwind[1], downwind[0]])
    left, right = float((one[:2] - start) @ side), float((other[:2] - start) @ side)
    crossing = 0.5 if left == right else min(max(left / (left - right), 0.0), 1.0)
    abscissa, weight = np.polynomial.legendre.leggauss(_NODES)
    s, w = 0.5 * (abscissa + 1.0), 0.5 * weight
    parts = []
    for low, high in ((crossing, 0.0), (crossing, 1.0)):
        # Cubed, so that nodes crowd where the plume is narrow.
        parts.append((low + (high - low) * s**3, abs(high - low) * 3.0 * s**2 * w))
    t = np.concatenate([part[0] for part in parts])
    share = np.concatenate([part[1] for part in parts])
    return one + t[:, None] * (other - one), share
