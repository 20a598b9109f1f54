"""What the solvers answer: heads, flows through faces, budgets; concentrations and the balance of mass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from twin.core.geometry import FloatArray

FlatArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CellFlow:
    """Water that a package exchanges with cells during a step.

    ``cells`` (n,) indices into the ravelled grid, ``flow_m3_s`` (n,) positive INTO the aquifer,
    ``conc_kg_m3`` (n, species) of water that enters, None: clean. ``takes_mass`` False: what leaves is pure
    water (evapotranspiration).
    """

    name: str
    cells: FlatArray
    flow_m3_s: FloatArray
    conc_kg_m3: FloatArray | None = None
    takes_mass: bool = True


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FlowField:
    """Flow during one step; all arrays (nl, nr, nc), stored at the cell on the west, south or upper side.

    ``right_m3_s`` to the next column (positive EAST), ``front_m3_s`` to the next row (positive NORTH),
    ``lower_m3_s`` to the next active cell below (``Grid.below``; positive DOWN). Zero where there is no
    neighbour. ``saturation_start`` and ``saturation_end``: saturated part of every cell (0 to 1) at the
    ends of the step. ``storage_m3_s``: water that storage gives to the cell (positive INTO the flow), its
    elastic part included, so that the sum of face flows, packages and storage is zero in every cell.
    """

    right_m3_s: FloatArray
    front_m3_s: FloatArray
    lower_m3_s: FloatArray
    saturation_start: FloatArray
    saturation_end: FloatArray
    storage_m3_s: FloatArray
    packages: Sequence[CellFlow]
    steady: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetRow:
    """Water of one package (or ``storage``) in a step: rates, both not negative."""

    name: str
    in_m3_s: float
    out_m3_s: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FlowStep:
    """Outcome of one time step. ``head_m`` (nl, nr, nc); dry or inactive cells NaN.

    ``converged`` False: the head is the last iterate and must be shown as failed; ``notes`` say why.
    ``imbalance`` is (in - out) / (in + out) * 2 over the whole model.
    """

    head_m: FloatArray
    field: FlowField
    budget: tuple[BudgetRow, ...]
    imbalance: float
    converged: bool
    iterations: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MassRow:
    """Mass of one species that a package, decay, or storage moved since the start, kg, both not negative."""

    species: str
    name: str
    in_kg: float
    out_kg: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TransportStep:
    """Outcome of one step of transport.

    ``conc_kg_m3`` (species, nl, nr, nc), NaN in inactive and dry cells (saturation zero at the step's end).

    ``mass_kg`` per species: dissolved, sorbed, immobile and left dry. ``balance_error`` relative: mass now
    minus what the rows say, over the larger of the mass and what entered; where the flow field does not close
    at least what the missing water would have carried in the step. ``substeps`` inside the step.
    """

    conc_kg_m3: FloatArray
    mass_kg: FloatArray
    rows: tuple[MassRow, ...]
    balance_error: float
    substeps: int
    converged: bool = True
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WaterResult:
    """A whole run at the moments that were asked for.

    ``times_s`` (nt,), ``head_m`` (nt, nl, nr, nc), ``conc_kg_m3`` (nt, species, nl, nr, nc) or None;
    ``budgets`` and ``masses`` of every step, ``series`` of observation points by name, each (steps,) with
    ``series_times_s``. ``converged`` is False when any step did not.
    """

    times_s: FloatArray
    head_m: FloatArray
    conc_kg_m3: FloatArray | None
    step_times_s: FloatArray
    budgets: tuple[tuple[BudgetRow, ...], ...]
    masses: tuple[tuple[MassRow, ...], ...]
    series: Mapping[str, FloatArray]
    fields: tuple[FlowField, ...]
    converged: bool
    worst_imbalance: float
    worst_balance_error: float
    notes: tuple[str, ...]
