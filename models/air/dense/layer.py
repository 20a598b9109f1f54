"""The nouns of the shallow layer: its cells, its settings, its fields and its book of mass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import gamma

from models.air.dense.arrays import Precision
from models.contract import Site
from twin.core.errors import SolverError
from twin.core.geometry import FloatArray, frozen
from twin.core.plume import PlumeGrid

GHOSTS = 2
_WALL_M = 1e4
_DILUTE_SHAPE = 1.5  # of exp(-(z/S)^s) in a dilute layer: van Ulden (1978); Nieuwstadt and van Ulden (1978)
_STEEPEST_SHAPE = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerSettings:
    """How the layer is computed.

    ``order`` 1 or 2 in space and time; ``courant_factor`` of the step; ``dry_m`` the depth under which a cell
    has no velocity; ``wind_height_m`` where the wind field is asked; ``wind_every_s`` how often;
    ``handover_richardson_ratio`` the bulk number under which a cell becomes puffs, ``handover_every_s`` how
    often that is looked at, ``handover_block`` how many cells along each side make one puff. ``edge`` is
    ``open`` (what flows out goes on as puffs) or ``wall``. ``air`` False switches wind, mixing, drag and
    front off (bare gravity current, for tests); ``ground_heat`` the heat from the ground. ``library`` is
    ``numpy`` or ``torch`` (on ``device``), ``precision`` of its numbers.
    """

    order: Literal[1, 2] = 2
    courant_factor: float = 0.45
    dry_m: float = 2e-3
    wind_height_m: float = 5.0
    wind_every_s: float = 60.0
    handover_richardson_ratio: float = 1.0
    handover_every_s: float = 10.0
    handover_block: int = 2
    edge: Literal["open", "wall"] = "open"
    air: bool = True
    ground_heat: bool = True
    library: str = "numpy"
    precision: Precision = "float32"
    device: str = "cpu"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cells:
    """Square cells in the local frame; the first cell's south-west corner is (``x_min_m``, ``y_min_m``).

    ``ground_m`` (ny + 4, nx + 4) at the centres, with two cells of border all round.
    """

    x_min_m: float
    y_min_m: float
    step_m: float
    nx: int
    ny: int
    ground_m: FloatArray

    @property
    def x_m(self) -> FloatArray:
        """Centres, (nx,)."""
        return frozen(self.x_min_m + self.step_m * (np.arange(self.nx) + 0.5))

    @property
    def y_m(self) -> FloatArray:
        """Centres, (ny,)."""
        return frozen(self.y_min_m + self.step_m * (np.arange(self.ny) + 0.5))


def cells_of(grid: PlumeGrid, site: Site, edge: str = "open") -> Cells:
    """Cells of the layer from a plume's grid. Raises SolverError when the grid is not square."""
    if abs(grid.dx_m - grid.dy_m) > 1e-9 * grid.dx_m or min(grid.nx, grid.ny) < 3:
        msg = (
            f"grid has {grid.nx} x {grid.ny} cells of {grid.dx_m} x {grid.dy_m} m; expected square, 3 or more"
        )
        raise SolverError(
            msg,
            message_zh=f"网格为 {grid.nx} x {grid.ny}、{grid.dx_m} x {grid.dy_m} m；应为方格，每边至少 3 格",
            field="grid",
            value=(grid.dx_m, grid.dy_m),
        )
    x = grid.x_min_m + grid.dx_m * (np.arange(grid.nx) + 0.5)
    y = grid.y_min_m + grid.dy_m * (np.arange(grid.ny) + 0.5)
    ground = np.pad(site.ground_m(x[None, :], y[:, None]), GHOSTS, mode="edge")
    if edge == "wall":  # the reconstruction of the ground makes a step of any height a wall
        inner = np.zeros(ground.shape, dtype=bool)
        inner[GHOSTS:-GHOSTS, GHOSTS:-GHOSTS] = True
        ground = np.where(inner, ground, ground + _WALL_M)
    return Cells(
        x_min_m=grid.x_min_m,
        y_min_m=grid.y_min_m,
        step_m=grid.dx_m,
        nx=grid.nx,
        ny=grid.ny,
        ground_m=frozen(ground),
    )


@dataclass(slots=True, kw_only=True)
class Book:
    """Where the mass went, kg: substance, and total (substance with air).

    ``entered`` through sources, ``air`` mixed in, ``left`` over the edge of the grid, ``handed`` to puffs,
    ``mended`` what rounding gave where a cell would have become negative. ``heat_j`` came from the ground,
    ``heat_gone_j`` of it left the layer. What left over the edge goes on as puffs too.
    """

    entered_kg: float = 0.0
    entered_total_kg: float = 0.0
    air_kg: float = 0.0
    left_kg: float = 0.0
    left_total_kg: float = 0.0
    handed_kg: float = 0.0
    handed_total_kg: float = 0.0
    mended_kg: float = 0.0
    heat_j: float = 0.0
    heat_gone_j: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LayerFields:
    """The layer at a moment, arrays (ny, nx), row 0 in the south.

    ``depth_m`` of the uniform layer with the same mass and mean height; ``mass_fraction`` of the substance in
    it; ``conc_kg_m3`` its mean concentration; ``excess_kg_m3`` its density over the air's; ``u_m_s`` east,
    ``v_m_s`` north; ``warmth_k`` what the ground's heat has added to the temperature of the mixing line;
    ``age_s`` the mean time since the substance left its source.
    """

    time_s: float
    depth_m: FloatArray
    mass_fraction: FloatArray
    conc_kg_m3: FloatArray
    excess_kg_m3: FloatArray
    u_m_s: FloatArray
    v_m_s: FloatArray
    warmth_k: FloatArray
    age_s: FloatArray


def profile(height_m: float | FloatArray, depth_m: FloatArray, mass_fraction: FloatArray) -> FloatArray:
    """Concentration at a height over the layer's mean one.

    ``exp(-(z/S)^s)`` with the mean height D/2: s = 1.5 in a dilute layer, growing to a sharp top where the
    layer is all substance (a mean of pure gas cannot have a richer bottom). The integral over z is D.
    """
    s = np.minimum(_DILUTE_SHAPE / np.maximum(1.0 - mass_fraction, 0.05), _STEEPEST_SHAPE)
    one, two = gamma(1.0 / s), gamma(2.0 / s)
    scale = 0.5 * np.maximum(depth_m, 1e-9) * one / two
    return np.asarray(2.0 * s * two / one**2 * np.exp(-((height_m / scale) ** s)), dtype=np.float64)
