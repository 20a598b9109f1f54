"""What the live twin says: heads, plumes, fronts and targets with their bands, all SI.

Bands are the 2.5, 50 and 97.5 % points. Rings are closed polylines (n, 2) of metres in the local frame, outer
ones counter-clockwise, holes clockwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from models.water.result import BudgetRow, MassRow
from twin.core.geometry import FloatArray

Ring = npt.NDArray[np.float64]
Risk = Literal["none", "low", "medium", "high"]
Response = Literal["I", "II", "III"]
LEADS_S = (0.0, 86_400.0, 7 * 86_400.0, 30 * 86_400.0, 365 * 86_400.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """2.5, 50 and 97.5 % points of a quantity."""

    low: float
    median: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A reading of a well: ``quantity`` is ``level`` (m, the grid's datum) or the id of a species (kg/m3).

    ``sd`` of the instrument alone, in the quantity's unit.
    """

    place: str
    quantity: str
    time_ms: int
    value: float
    sd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WellNow:
    """What the twin holds of a well: level, drawdown (positive: lower than undisturbed), concentrations."""

    name: str
    level_m: Band
    drawdown_m: Band
    conc_kg_m3: Mapping[str, Band]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Front:
    """Outline of a plume at its limit.

    ``low`` holds what is inside with a probability of 97.5 % or more, ``median`` 50 %, ``high`` 2.5 %; the
    95 % band of the front lies between ``low`` and ``high``. ``area_m2`` of the plume in plan, ``reach_m``
    of its longest connected body from that body's own source (``models.water.reach``).
    """

    species: str
    lead_s: float
    limit_kg_m3: float
    low: tuple[Ring, ...]
    median: tuple[Ring, ...]
    high: tuple[Ring, ...]
    area_m2: Band
    reach_m: Band


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetNow:
    """What a place to protect is to expect within the horizon; see ``models.water.arrival`` for the rule.

    ``arrival_s`` after now, among the members that arrive; None where fewer than 2.5 % do. ``middle_s``
    median arrival over all members, None where fewer than half arrive.
    """

    id: str
    kind: str
    x_m: float
    y_m: float
    species: str
    limit_kg_m3: float
    probability: float
    arrival_s: Band | None
    peak_kg_m3: Band
    risk: Risk
    response: Response | None
    middle_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Volume:
    """Concentrations in the grid's cells (nl, nr, nc), kg/m3: ``band`` ``median`` or ``p975``."""

    species: str
    lead_s: float
    band: Literal["median", "p975"]
    conc_kg_m3: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Vertical:
    """Median dissolved mass by depth below ground: ``mass_kg`` (n,) between ``depth_m`` edges (n + 1,)."""

    species: str
    lead_s: float
    depth_m: FloatArray
    mass_kg: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """How the assimilation went: against the readings used, before and after.

    ``spread_error``: root of the mean of the ensemble's variance plus noise over the mean square error;
    1 is honest.
    """

    readings: int
    rmse_before_m: float
    rmse_after_m: float
    ln_rmse_before: float
    ln_rmse_after: float
    spread_error: float
    groups: Mapping[str, int]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Nowcast:
    """The water now and ahead. Maps are (nr, nc) of the water table in the uppermost wet cells.

    ``flow_east_m_s`` and ``flow_north_m_s``: specific discharge averaged over the wet thickness.
    ``flow_lines``: open polylines (n, 2) downstream on the median flow. ``mass_now_kg`` by species.
    """

    time_ms: int
    members: int
    wells: tuple[WellNow, ...]
    budget: tuple[BudgetRow, ...]
    mass: tuple[MassRow, ...]
    mass_now_kg: Mapping[str, Band]
    fronts: tuple[Front, ...]
    targets: tuple[TargetNow, ...]
    flow_lines: tuple[Ring, ...]
    volumes: tuple[Volume, ...]
    vertical: tuple[Vertical, ...]
    head_median_m: FloatArray
    head_sd_m: FloatArray
    drawdown_m: FloatArray
    flow_east_m_s: FloatArray
    flow_north_m_s: FloatArray
    fit: Fit | None
    notes: tuple[str, ...]
