"""The wind anywhere: weights of modes in time, residuals of stations, and the profile of the moment."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from models.air.flow.inflow import REFERENCE_M
from models.air.flow.library import FlowLibrary
from models.air.flow.mass import Column, closed, edges_of, to_faces
from models.air.flow.places import Corners, corners
from models.air.flow.posterior import Posterior
from models.air.flow.residual import Spread
from models.air.turbulence import wind_profile
from models.air.wind import StationWind
from models.contract import SurfaceLayer
from twin.core.geometry import FloatArray
from twin.core.origin import Origin

Float32Array = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.intp]
_MANY = 20_000  # points from which it pays to blend the modes on the whole grid first


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FlowWind:
    """Fitted wind; a ``models.contract.WindField``. See ``models.air.flow.fit.fit_flow``.

    ``weights`` (nt, n_stabilities * n_modes) at the nodes of ``stations.times_ms``, m/s at 10 m above level
    ground; ``spread`` carries the residuals of the stations. ``mean_m_s`` (nt, 4) and ``covariance`` (nt,
    4, 4), (m/s)^2, are of the inflow vector (east, north), the slope wind and the valley wind.
    ``misfit_m_s`` (nt,) is the root mean square of what the modes leave at the stations.
    """

    library: FlowLibrary
    stations: StationWind
    weights: FloatArray
    mean_m_s: FloatArray
    covariance: FloatArray
    misfit_m_s: FloatArray
    spread: Spread
    notes: tuple[str, ...]
    posterior: Posterior
    _blended: dict[bytes, Float32Array] = field(default_factory=dict)

    @property
    def origin(self) -> Origin:
        """Origin of the observations behind the field."""
        return self.stations.origin

    @property
    def inputs(self) -> tuple[str, ...]:
        """Series behind the field, and the library."""
        return (*self.stations.inputs, f"wind library {self.library.key[:12]}")

    def air(self, time_ms: int) -> SurfaceLayer:
        """Turbulence at the nearest node."""
        return self.stations.air(time_ms)

    def at(
        self, x_m: FloatArray, y_m: FloatArray, time_ms: int, height_m: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Grid vector (u east, v north), m/s, at places and heights above ground. Arrays broadcast.

        Beyond the library's grid the wind of its edge holds; above its top and below its lowest level the
        ratio to the profile stays what it is there.
        """
        return self.at_times(x_m, y_m, np.asarray(time_ms, dtype=np.float64), height_m)

    def at_times(
        self, x_m: FloatArray, y_m: FloatArray, times_ms: FloatArray, height_m: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """As ``at``, each place at its own moment; see ``models.contract.TimedWind``."""
        shape = np.broadcast_shapes(np.shape(x_m), np.shape(y_m), np.shape(times_ms), np.shape(height_m))
        x, y, z = (np.broadcast_to(part, shape).astype(np.float64).ravel() for part in (x_m, y_m, height_m))
        found = corners(self.library, x, y, z)
        times = np.asarray(times_ms, dtype=np.float64)
        moments = times if times.ndim == 0 else np.broadcast_to(times, shape).ravel()
        k, part = self._nodes(moments)
        ratio = self._ratio(found, k, part) + self.spread.at(found, k, part)
        profile = self._profile(z, self.air_at(moments).inverse_obukhov_1_m)
        return (ratio[:, 0] * profile).reshape(shape), (ratio[:, 1] * profile).reshape(shape)

    def vertical(self, x_m: FloatArray, y_m: FloatArray, time_ms: int, height_m: FloatArray) -> FloatArray:
        """Upward wind, m/s, at one moment: what continuity leaves to it, nothing passing through the ground.

        It is closed upwards over the whole grid for the fitted wind, residuals included (a tenth of a second
        for a new moment), and follows the profile below the lowest level. Solvers whose vertical coordinate
        is the height above ground do not need it.
        """
        shape = np.broadcast_shapes(np.shape(x_m), np.shape(y_m), np.shape(height_m))
        x, y, z = (np.broadcast_to(part, shape).astype(np.float64).ravel() for part in (x_m, y_m, height_m))
        ratio = corners(self.library, x, y, z).read(self._upward(time_ms))[:, 0]
        inverse = self.air(time_ms).inverse_obukhov_1_m
        return np.asarray((ratio * self._profile(z, inverse)).reshape(shape), dtype=np.float64)

    def air_at(self, times_ms: FloatArray) -> SurfaceLayer:
        """Turbulence at the nearest nodes, fields as arrays; see ``models.contract.TimedWind``."""
        return self.stations.air_at(times_ms)

    def members(self, n: int, seed: int) -> tuple[FlowWind, ...]:
        """Equally likely winds from the posterior of the weights; the same for the same ``seed``.

        A member keeps its place in the distribution over time, and its residuals are those of stations
        read with their noise: near a station members agree, far away they differ as the covariance says.
        """
        random = np.random.default_rng(seed)
        return tuple(self._member(random) for _ in range(n))

    def _member(self, random: np.random.Generator) -> FlowWind:
        seen = self.posterior.seen
        unknowns, wind = self.posterior.sample(random)
        weights = seen.weights(unknowns[:, :2], unknowns[:, 2:])
        spread = seen.left(weights, wind, self.spread)
        return replace(self, weights=weights, mean_m_s=unknowns, spread=spread, _blended={})

    def _nodes(self, times_ms: FloatArray) -> tuple[IntArray, FloatArray]:
        times = self.stations.times_ms
        last = times.size - 1
        place = np.clip((times_ms - times[0]) / (times[1] - times[0]), 0.0, float(last))
        k = np.minimum(place.astype(np.intp), last - 1)
        return k, np.asarray(place - k)

    def _ratio(self, found: Corners, k: IntArray, part: FloatArray) -> FloatArray:
        share = part[..., None]
        weights = self.weights[k] * (1.0 - share) + self.weights[k + 1] * share
        modes = self.library.ratio.reshape(weights.shape[-1], -1, 2)
        if weights.ndim == 1 and found.size >= _MANY:
            return found.read(self._whole(modes, weights)).astype(np.float64)
        total = np.zeros((found.size, 2))
        for m in np.flatnonzero(weights.reshape(-1, modes.shape[0]).any(axis=0)):
            total += weights[..., m, None] * found.read(modes[m])
        return total

    def _whole(self, modes: Float32Array, weights: FloatArray) -> Float32Array:
        """The modes blended on the whole grid; the last two are kept, because solvers ask twice."""
        key = weights.tobytes()
        if key not in self._blended:
            whole = np.zeros(modes.shape[1:], dtype=np.float32)
            for m in np.flatnonzero(weights):
                whole += np.float32(weights[m]) * modes[m]
            self._keep(key, whole)
        return self._blended[key]

    def _upward(self, time_ms: int) -> Float32Array:
        """Upward wind over the profile at the library's nodes, flat (nz * ny * nx, 1)."""
        key = f"upward {time_ms}".encode()
        if key not in self._blended:
            column, u, v = self.on_grid(time_ms)
            faces = closed(to_faces(u, 2), to_faces(v, 1), column)
            north, east = np.gradient(column.ground_m, column.step_m)
            w = 0.5 * (faces.omega[1:] + faces.omega[:-1]) + u * east + v * north
            self._keep(key, (w / column.profile[:, None, None]).astype(np.float32).reshape(-1, 1))
        return self._blended[key]

    def on_grid(self, time_ms: int) -> tuple[Column, FloatArray, FloatArray]:
        """The library's cells and the wind (u, v), (nz, ny, nx), at their centres at one moment."""
        library = self.library
        ny, nx = library.ground_m.shape
        x = library.x0_m + library.settings.step_m * np.arange(nx, dtype=np.float64)
        y = library.y0_m + library.settings.step_m * np.arange(ny, dtype=np.float64)
        heights = np.asarray(library.settings.heights_m)
        u, v = self.at(x, y[:, None], time_ms, heights[:, None, None])
        column = Column(
            ground_m=library.ground_m.astype(np.float64),
            step_m=library.settings.step_m,
            edges_m=edges_of(heights),
            profile=self._profile(heights, self.air(time_ms).inverse_obukhov_1_m),
        )
        return column, u, v

    def _keep(self, key: bytes, field: Float32Array) -> None:
        while len(self._blended) > 1:
            self._blended.pop(next(iter(self._blended)))
        self._blended[key] = field

    def _profile(self, height_m: FloatArray, inverse_1_m: npt.ArrayLike) -> FloatArray:
        z0 = self.stations.roughness_m
        shape = wind_profile(height_m - self.stations.displacement_m, z0, inverse_1_m)
        return np.asarray(shape / wind_profile(REFERENCE_M, z0, inverse_1_m))
