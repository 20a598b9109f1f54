"""What an air solver eats and makes, and the table of solvers: all that a new solver must read.

A solver is one file, one row of ``BUILT_IN`` (or one entry point of the group
``park_twin.solvers`` in another distribution) and one law test; ``tests/contract`` runs every
row against mass, linearity, symmetry and the rule that nothing goes upwind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import Protocol, cast, runtime_checkable

import numpy as np
import numpy.typing as npt

from models.limits import Limit
from twin.core.beam import Receptor
from twin.core.clock import Interval
from twin.core.errors import UnknownSolverError
from twin.core.geometry import Extent, FloatArray
from twin.core.origin import Origin
from twin.core.plume import Plume, PlumeGrid
from twin.core.release import Release

ENTRY_POINTS = "park_twin.solvers"
BUILT_IN: Mapping[str, str] = MappingProxyType({"gaussian_puff": "models.air.puff:GaussianPuff"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A declared quantity: ``units`` is a name of ``twin.core.units``, ``dims`` its axes in order."""

    units: str
    dims: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Site:
    """What a solver needs to know of the ground.

    ``ground_heights_m`` (ny, nx) are nodes in the local frame, row 0 = south, the first node at
    (``x0_m``, ``y0_m``), ``step_m`` apart. ``roughness_m`` is z0 of the surface layer,
    ``displacement_m`` the zero-plane displacement. ``longitude_deg`` and ``latitude_deg`` (WGS 84)
    place the sun. ``convergence_deg``: grid north minus true north, positive to the east.
    """

    extent: Extent
    ground_heights_m: npt.NDArray[np.floating]
    x0_m: float
    y0_m: float
    step_m: float
    roughness_m: float = 0.3
    displacement_m: float = 0.0
    longitude_deg: float = 117.0
    latitude_deg: float = 26.2
    convergence_deg: float = 0.0

    def ground_m(self, x_m: npt.ArrayLike, y_m: npt.ArrayLike) -> FloatArray:
        """Ground level at places, bilinear; beyond the edge the edge's level holds.

        ``x_m`` and ``y_m`` broadcast; the result has their common shape, in metres of the local frame.
        """
        ny, nx = self.ground_heights_m.shape
        column = np.clip((np.asarray(x_m, dtype=np.float64) - self.x0_m) / self.step_m, 0.0, nx - 1.0)
        row = np.clip((np.asarray(y_m, dtype=np.float64) - self.y0_m) / self.step_m, 0.0, ny - 1.0)
        i = np.minimum(column.astype(np.intp), max(nx - 2, 0))
        j = np.minimum(row.astype(np.intp), max(ny - 2, 0))
        i1, j1 = np.minimum(i + 1, nx - 1), np.minimum(j + 1, ny - 1)
        fx, fy, z = column - i, row - j, self.ground_heights_m
        south = z[j, i] * (1.0 - fx) + z[j, i1] * fx
        north = z[j1, i] * (1.0 - fx) + z[j1, i1] * fx
        return np.asarray(south * (1.0 - fy) + north * fy, dtype=np.float64)


def flat_site(extent: Extent, *, ground_m: float = 0.0, roughness_m: float = 0.3) -> Site:
    """Site on a level plain, for tests, comparisons and scenes without terrain."""
    return Site(
        extent=extent,
        ground_heights_m=np.full((2, 2), ground_m),
        x0_m=extent.x_min_m,
        y0_m=extent.y_min_m,
        step_m=max(extent.width_m, extent.height_m),
        roughness_m=roughness_m,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SurfaceLayer:
    """Turbulence of the surface layer at one moment.

    ``inverse_obukhov_1_m`` is 1/L: negative unstable, 0 neutral, positive stable. ``sigma_v_m_s``
    is the standard deviation of the lateral wind, ``mixing_height_m`` the reflecting lid (above
    ground; infinite where there is none). Closures of growth, profile and loss are called with arrays in
    these fields too (one value for every node, from ``TimedWind.air_at``): no branches on their sign.
    """

    friction_velocity_m_s: float
    inverse_obukhov_1_m: float
    sigma_v_m_s: float
    mixing_height_m: float


class WindField(Protocol):
    """Wind over the site during a window, with the turbulence that goes with it."""

    @property
    def origin(self) -> Origin:
        """Origin of the observations behind the field."""
        ...

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the series and times behind the field, for the plume's ``inputs``."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """Warnings on validity (``calm``, ``few stations``)."""
        ...

    def at(
        self, x_m: FloatArray, y_m: FloatArray, time_ms: int, height_m: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Grid vector (u east, v north) in m/s; ``height_m`` is above ground. Arrays broadcast."""
        ...

    def air(self, time_ms: int) -> SurfaceLayer:
        """Turbulence at a moment."""
        ...


@runtime_checkable
class TimedWind(Protocol):
    """What a wind field may offer besides: many moments in one call, which makes puffs several times faster.

    Without it ``models.timed`` asks ``at`` again and again and interpolates in time.
    """

    def at_times(
        self, x_m: FloatArray, y_m: FloatArray, times_ms: FloatArray, height_m: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Grid vector (u east, v north), m/s; all four arrays broadcast, each place at its own moment."""
        ...

    def air_at(self, times_ms: FloatArray) -> SurfaceLayer:
        """Turbulence at many moments: a layer whose fields are arrays shaped like ``times_ms``."""
        ...


class AirSolver(Protocol):
    """A row of the table of passive gas. Concentrations are linear in the release rates.

    ``limits`` are checked by the row itself; what lies outside is said in the plume's notes.
    """

    name: str
    version: str
    needs: Mapping[str, Field]
    makes: Mapping[str, Field]
    limits: tuple[Limit, ...]

    def run(
        self,
        site: Site,
        releases: Sequence[Release],
        wind: WindField,
        window: Interval,
        *,
        grid: PlumeGrid | None = None,
        receptors: Sequence[Receptor] = (),
    ) -> Plume:
        """Concentration at ``window.end_ms`` of what was released since ``window.start_ms``.

        Without ``grid`` the solver chooses one that follows the cloud. All releases must be of
        one substance; otherwise, or with no release at all, SolverError.
        """
        ...

    def beam_matrix(
        self,
        site: Site,
        releases: Sequence[Release],
        wind: WindField,
        window: Interval,
        receptors: Sequence[Receptor],
        times_ms: Sequence[int],
    ) -> FloatArray:
        """What every release does to every receptor at every time.

        Shape (len(times_ms), len(receptors), len(releases)), kg/m3 at the releases' stated rates:
        with unit rates, kg/m3 per kg/s. ``reshape(-1, n_releases)`` gives the rows of a fit.
        """
        ...


def solver_names() -> tuple[str, ...]:
    """Names of all rows: built in first, then those of installed distributions."""
    return (*BUILT_IN, *sorted(row.name for row in entry_points(group=ENTRY_POINTS)))


def solver(name: str) -> AirSolver:
    """Row of the table by name, loaded when asked for. Raises UnknownSolverError."""
    if name in BUILT_IN:
        module, _, attribute = BUILT_IN[name].partition(":")
        return cast(AirSolver, getattr(import_module(module), attribute)())
    for row in entry_points(group=ENTRY_POINTS, name=name):
        return cast(AirSolver, row.load()())
    known = ", ".join(solver_names())
    raise UnknownSolverError(
        f"solver {name!r} is unknown; expected one of {known}",
        message_zh=f"未知求解器 {name!r}；应为 {known} 之一",
        field="solver",
        value=name,
    )
