"""What the solvers are asked: the ground, the stresses on it, the periods; the species that travel in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from models.water.grid import Grid, IntArray
from twin.core.geometry import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Medium:
    """Properties of the cells, all (nl, nr, nc).

    ``k_m_s`` conductivity along rows (x), ``k22_m_s`` along columns (y; None: equal to ``k_m_s``),
    ``k33_m_s`` vertical. ``specific_storage_1_m`` and ``specific_yield`` count in transient periods.
    ``porosity`` is the effective porosity of transport. ``convertible`` (nl,) bool: whether a layer's
    saturated thickness follows the head (unconfined), as ICELLTYPE of MODFLOW 6; None: no layer does.
    """

    k_m_s: FloatArray
    k33_m_s: FloatArray
    porosity: FloatArray
    specific_storage_1_m: FloatArray
    specific_yield: FloatArray
    k22_m_s: FloatArray | None = None
    convertible: npt.NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FixedHead:
    """CHD: heads of cells.

    ``cells`` (n, 3) layer, row, column; ``conc_kg_m3`` (n, species) of water that enters.
    """

    cells: IntArray
    head_m: FloatArray
    conc_kg_m3: FloatArray | None = None
    name: str = "chd"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Wells:
    """WEL: ``rate_m3_s`` (n,), positive INTO the aquifer (injection), negative pumping."""

    cells: IntArray
    rate_m3_s: FloatArray
    conc_kg_m3: FloatArray | None = None
    name: str = "wel"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class River:
    """RIV: leakage C (stage - max(head, bottom)); ``conductance_m2_s`` (n,)."""

    cells: IntArray
    stage_m: FloatArray
    conductance_m2_s: FloatArray
    bottom_m: FloatArray
    conc_kg_m3: FloatArray | None = None
    name: str = "riv"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drain:
    """DRN: outflow C (head - elevation) where the head stands above the elevation."""

    cells: IntArray
    elevation_m: FloatArray
    conductance_m2_s: FloatArray
    name: str = "drn"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GeneralHead:
    """GHB: flow C (head_outside - head)."""

    cells: IntArray
    head_m: FloatArray
    conductance_m2_s: FloatArray
    conc_kg_m3: FloatArray | None = None
    name: str = "ghb"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recharge:
    """RCH: ``rate_m_s`` (nr, nc) into the uppermost active cell; ``conc_kg_m3`` (nr, nc, species) of it."""

    rate_m_s: FloatArray
    conc_kg_m3: FloatArray | None = None
    name: str = "rch"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evapotranspiration:
    """EVT, linear: full ``rate_m_s`` with the head at ``surface_m``, none ``depth_m`` below it; all (nr, nc).

    Takes water only, no dissolved mass.
    """

    surface_m: FloatArray
    rate_m_s: FloatArray
    depth_m: FloatArray
    name: str = "evt"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Barrier:
    """HFB: a thin wall between horizontal neighbours ``cells_a`` and ``cells_b`` (n, 3) of one layer.

    ``hydraulic_1_s`` (n,) conductivity over thickness of the wall, as HYDCHR of MODFLOW 6; 0 is a tight wall.
    """

    cells_a: IntArray
    cells_b: IntArray
    hydraulic_1_s: FloatArray
    name: str = "hfb"


Stress = FixedHead | Wells | River | Drain | GeneralHead | Recharge | Evapotranspiration | Barrier


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Period:
    """A stress period: ``steps`` time steps, each ``multiplier`` times as long as the one before."""

    length_s: float
    stresses: Sequence[Stress]
    steps: int = 1
    multiplier: float = 1.0
    steady: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FlowProblem:
    """A flow problem; ``start_head_m`` (nl, nr, nc)."""

    grid: Grid
    medium: Medium
    start_head_m: FloatArray
    periods: Sequence[Period]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorption:
    """Isotherm of a species, with C in kg/m3 of water and the sorbed S in kg per kg of solid.

    linear: S = ``kd_m3_kg`` C. freundlich: S = ``kf`` C^``exponent`` (C in kg/m3).
    langmuir: S = ``s_max_kg_kg`` ``kl_m3_kg`` C / (1 + kl C). ``rate_1_s``: first-order exchange instead of
    equilibrium, dS/dt = rate (S_eq - S) ; MT3DMS's beta [1/s] is ``rate_1_s`` times the bulk density.
    """

    kind: Literal["linear", "freundlich", "langmuir"] = "linear"
    bulk_density_kg_m3: float = 1600.0
    kd_m3_kg: float = 0.0
    kf: float = 0.0
    exponent: float = 1.0
    s_max_kg_kg: float = 0.0
    kl_m3_kg: float = 0.0
    rate_1_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DualDomain:
    """Immobile water beside the mobile: ``porosity`` of it and first-order exchange (per bulk volume)."""

    porosity: float
    exchange_1_s: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DecayZone:
    """Cells in which a species decays faster, dissolved and sorbed alike, between two moments: a remedy.

    ``rate_1_s`` (n,) comes on top of the species' own decay. What decays counts as ``zone`` in the rows of
    mass and makes no daughter.
    """

    cells: IntArray
    rate_1_s: FloatArray
    start_s: float = 0.0
    end_s: float = float("inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Species:
    """What travels. ``decay_1_s`` in water, ``decay_sorbed_1_s`` on solids, more of it in ``zones``.

    ``parent`` names the species whose decay makes this one, ``yield_kg_kg`` of it per kg that decays.
    """

    id: str
    sorption: Sorption | None = None
    decay_1_s: float = 0.0
    decay_sorbed_1_s: float = 0.0
    parent: str | None = None
    yield_kg_kg: float = 1.0
    dual: DualDomain | None = None
    zones: Sequence[DecayZone] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispersion:
    """Dispersivities (Burnett and Frind, 1987) and molecular diffusion in the pores.

    ``longitudinal_m``; ``transverse_horizontal_m`` across in the plane; ``transverse_vertical_m`` across in
    the vertical. ``cross_terms`` False leaves the off-diagonal part of the tensor out (MODFLOW 6: XT3D_OFF).
    """

    longitudinal_m: float = 0.0
    transverse_horizontal_m: float = 0.0
    transverse_vertical_m: float = 0.0
    diffusion_m2_s: float = 0.0
    cross_terms: bool = True


Scheme = Literal["koren", "superbee", "van_leer", "upstream"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MassSource:
    """Mass without water put into cells: ``rate_kg_s`` (n, species) between two moments."""

    cells: IntArray
    rate_kg_s: FloatArray
    start_s: float = 0.0
    end_s: float = float("inf")
    name: str = "src"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FixedConcentration:
    """CNC: concentrations of cells held between two moments; ``conc_kg_m3`` (n, species)."""

    cells: IntArray
    conc_kg_m3: FloatArray
    start_s: float = 0.0
    end_s: float = float("inf")
    name: str = "cnc"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TransportProblem:
    """What travels and how; ``start_conc_kg_m3`` (species, nl, nr, nc), None: clean water."""

    species: Sequence[Species]
    dispersion: Dispersion
    scheme: Scheme = "koren"
    start_conc_kg_m3: FloatArray | None = None
    sources: Sequence[MassSource] = ()
    fixed: Sequence[FixedConcentration] = ()
