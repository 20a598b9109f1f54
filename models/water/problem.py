"""What the solvers are asked: the ground, the stresses on it, the periods; the species that travel in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from models.water.grid import Grid, IntArray
from models.water.numbers import along, cells_of, number, numbers, per_cell, per_column
from models.water.refusal import refused
from twin.core.geometry import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Medium:
    """Properties of the cells, all (nl, nr, nc).

    ``k_m_s`` conductivity along rows (x), ``k22_m_s`` along columns (y; None: equal to ``k_m_s``),
    ``k33_m_s`` vertical. ``specific_storage_1_m`` and ``specific_yield`` count in transient periods.
    ``porosity`` is the effective porosity of transport. ``convertible`` (nl,) bool: whether a layer's
    saturated thickness follows the head (unconfined), as ICELLTYPE of MODFLOW 6; None: no layer does.
    Lists become arrays; one number for all cells, or one per layer (nl,), is spread over the grid by
    ``FlowProblem`` (a plane has no layers and is refused). Raises BadRequestError for what is no number.
    """

    k_m_s: FloatArray
    k33_m_s: FloatArray
    porosity: FloatArray
    specific_storage_1_m: FloatArray
    specific_yield: FloatArray
    k22_m_s: FloatArray | None = None
    convertible: npt.NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        names = ("k_m_s", "k33_m_s", "porosity", "specific_storage_1_m", "specific_yield")
        _settle(self, *names, *(("k22_m_s",) if self.k22_m_s is not None else ()))
        if self.convertible is not None and not isinstance(self.convertible, np.ndarray):
            _put(self, "convertible", _switches(self.convertible))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FixedHead:
    """CHD: heads of cells.

    ``cells`` (n, 3) layer, row, column; ``conc_kg_m3`` (n, species) of water that enters.
    """

    cells: IntArray
    head_m: FloatArray
    conc_kg_m3: FloatArray | None = None
    name: str = "chd"

    def __post_init__(self) -> None:
        _settle_cells(self, "head_m")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Wells:
    """WEL: ``rate_m3_s`` (n,), positive INTO the aquifer (injection), negative pumping."""

    cells: IntArray
    rate_m3_s: FloatArray
    conc_kg_m3: FloatArray | None = None
    name: str = "wel"

    def __post_init__(self) -> None:
        _settle_cells(self, "rate_m3_s")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class River:
    """RIV: leakage C (stage - max(head, bottom)); ``conductance_m2_s`` (n,)."""

    cells: IntArray
    stage_m: FloatArray
    conductance_m2_s: FloatArray
    bottom_m: FloatArray
    conc_kg_m3: FloatArray | None = None
    name: str = "riv"

    def __post_init__(self) -> None:
        _settle_cells(self, "stage_m", "conductance_m2_s", "bottom_m")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drain:
    """DRN: outflow C (head - elevation) where the head stands above the elevation."""

    cells: IntArray
    elevation_m: FloatArray
    conductance_m2_s: FloatArray
    name: str = "drn"

    def __post_init__(self) -> None:
        _settle_cells(self, "elevation_m", "conductance_m2_s")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GeneralHead:
    """GHB: flow C (head_outside - head)."""

    cells: IntArray
    head_m: FloatArray
    conductance_m2_s: FloatArray
    conc_kg_m3: FloatArray | None = None
    name: str = "ghb"

    def __post_init__(self) -> None:
        _settle_cells(self, "head_m", "conductance_m2_s")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recharge:
    """RCH: ``rate_m_s`` (nr, nc) into the uppermost active cell; ``conc_kg_m3`` (nr, nc, species) of it."""

    rate_m_s: FloatArray
    conc_kg_m3: FloatArray | None = None
    name: str = "rch"

    def __post_init__(self) -> None:
        _settle(self, "rate_m_s")
        if self.conc_kg_m3 is not None:
            _settle(self, "conc_kg_m3")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evapotranspiration:
    """EVT, linear: full ``rate_m_s`` with the head at ``surface_m``, none ``depth_m`` below it; all (nr, nc).

    Takes water only, no dissolved mass.
    """

    surface_m: FloatArray
    rate_m_s: FloatArray
    depth_m: FloatArray
    name: str = "evt"

    def __post_init__(self) -> None:
        _settle(self, "surface_m", "rate_m_s", "depth_m")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Barrier:
    """HFB: a thin wall between horizontal neighbours ``cells_a`` and ``cells_b`` (n, 3) of one layer.

    ``hydraulic_1_s`` (n,) conductivity over thickness of the wall, as HYDCHR of MODFLOW 6; 0 is a tight wall.
    """

    cells_a: IntArray
    cells_b: IntArray
    hydraulic_1_s: FloatArray
    name: str = "hfb"

    def __post_init__(self) -> None:
        for side in ("cells_a", "cells_b"):
            _put(self, side, cells_of(getattr(self, side), f"{self.name}.{side}"))
        spread = along(self.hydraulic_1_s, len(self.cells_a), f"{self.name}.hydraulic_1_s")
        _put(self, "hydraulic_1_s", spread)


Stress = FixedHead | Wells | River | Drain | GeneralHead | Recharge | Evapotranspiration | Barrier


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Period:
    """A stress period: ``steps`` time steps, each ``multiplier`` times as long as the one before.

    Raises BadRequestError for stresses that are none, and for steps, a length or a multiplier that cannot be.
    """

    length_s: float
    stresses: Sequence[Stress]
    steps: int = 1
    multiplier: float = 1.0
    steady: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.stresses, Sequence) or isinstance(self.stresses, str):
            raise refused(self.stresses, "periods.stresses", "a list of stresses", "应力（边界）的列表")
        for at, row in enumerate(self.stresses):
            if not isinstance(row, Stress):
                known = ", ".join(kind.__name__ for kind in get_args(Stress))
                raise refused(row, f"periods.stresses[{at}]", f"one of {known}", f"{known} 之一")
        if not isinstance(self.steps, Integral) or self.steps < 1:
            raise refused(self.steps, "periods.steps", "a whole number of at least 1", "不小于 1 的整数")
        for name in ("length_s", "multiplier"):
            if not number(getattr(self, name), f"periods.{name}") > 0.0:
                raise refused(getattr(self, name), f"periods.{name}", "more than zero", "大于零")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FlowProblem:
    """A flow problem; ``start_head_m`` (nl, nr, nc).

    Properties and starting heads given as one number or as one per layer (nl,), and rates of recharge and
    evapotranspiration given as one number, are spread over the grid. Raises BadRequestError for shapes that
    are none of these.
    """

    grid: Grid
    medium: Medium
    start_head_m: FloatArray
    periods: Sequence[Period]

    def __post_init__(self) -> None:
        shape = self.grid.shape
        _put(self, "medium", _spread(self.medium, shape))
        _put(self, "start_head_m", per_cell(self.start_head_m, shape, "start_head_m"))
        if not isinstance(self.periods, Sequence) or not all(isinstance(row, Period) for row in self.periods):
            raise refused(type(self.periods).__name__, "periods", "a list of Period", "Period 的列表")
        if any(_is_flat(row) for period in self.periods for row in period.stresses):
            _put(self, "periods", tuple(_spread_period(row, shape[1:]) for row in self.periods))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorption:
    """Isotherm of a species, with C in kg/m3 of water and the sorbed S in kg per kg of solid.

    linear: S = ``kd_m3_kg`` C. freundlich: S = ``kf`` C^``exponent`` (C in kg/m3).
    langmuir: S = ``s_max_kg_kg`` ``kl_m3_kg`` C / (1 + kl C). ``rate_1_s``: first-order exchange instead of
    equilibrium, dS/dt = rate (S_eq - S); MT3DMS's beta [1/s] of linear sorption is rate times bulk density
    times Kd.
    """

    kind: Literal["linear", "freundlich", "langmuir"] = "linear"
    bulk_density_kg_m3: float = 1600.0
    kd_m3_kg: float = 0.0
    kf: float = 0.0
    exponent: float = 1.0
    s_max_kg_kg: float = 0.0
    kl_m3_kg: float = 0.0
    rate_1_s: float | None = None

    def __post_init__(self) -> None:
        known = ("linear", "freundlich", "langmuir")
        if self.kind not in known:
            raise refused(
                self.kind, "sorption.kind", f"one of {', '.join(known)}", f"{'、'.join(known)} 之一"
            )


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
    """Mass without water put into cells: ``rate_kg_s`` (n, species) between two moments.

    Mass for a dry cell goes to the uppermost wet cell below it in the column, or waits where none is.
    """

    cells: IntArray
    rate_kg_s: FloatArray
    start_s: float = 0.0
    end_s: float = float("inf")
    name: str = "src"

    def __post_init__(self) -> None:
        _settle_cells(self)
        _settle(self, "rate_kg_s")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FixedConcentration:
    """CNC: concentrations of cells held between two moments; ``conc_kg_m3`` (n, species), NaN: free."""

    cells: IntArray
    conc_kg_m3: FloatArray
    start_s: float = 0.0
    end_s: float = float("inf")
    name: str = "cnc"

    def __post_init__(self) -> None:
        _settle_cells(self)
        _settle(self, "conc_kg_m3")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TransportProblem:
    """What travels and how; ``start_conc_kg_m3`` (species, nl, nr, nc), None: clean water."""

    species: Sequence[Species]
    dispersion: Dispersion
    scheme: Scheme = "koren"
    start_conc_kg_m3: FloatArray | None = None
    sources: Sequence[MassSource] = ()
    fixed: Sequence[FixedConcentration] = ()


def _put(row: object, name: str, value: object) -> None:
    """Set a field of a frozen noun while it is made."""
    object.__setattr__(row, name, value)


def _settle(row: object, *names: str) -> None:
    for name in names:
        _put(row, name, numbers(getattr(row, name), name))


def _settle_cells(row: Any, *names: str) -> None:
    """Cells as whole numbers; values of them, one for all or one each; concentrations as an array."""
    _put(row, "cells", cells_of(row.cells, f"{row.name}.cells"))
    for name in names:
        _put(row, name, along(getattr(row, name), len(row.cells), f"{row.name}.{name}"))
    if getattr(row, "conc_kg_m3", None) is not None:
        _put(row, "conc_kg_m3", numbers(row.conc_kg_m3, f"{row.name}.conc_kg_m3"))


def _switches(given: object) -> npt.NDArray[np.bool_]:
    found = np.asarray(given)
    if found.dtype != np.bool_:
        raise refused(given, "convertible", "True or False, one per layer", "每层一个 True 或 False")
    return np.asarray(found, dtype=np.bool_)


def _spread(medium: Medium, shape: tuple[int, int, int]) -> Medium:
    """The medium with all its fields of the grid's shape; the same object where they are so already."""
    if not isinstance(medium, Medium):
        raise refused(type(medium).__name__, "medium", "a Medium", "Medium")
    changed: dict[str, Any] = {}
    for name in ("k_m_s", "k33_m_s", "k22_m_s", "porosity", "specific_storage_1_m", "specific_yield"):
        value = getattr(medium, name)
        if value is not None and value.shape != shape:
            changed[name] = per_cell(value, shape, name)
    if medium.convertible is not None and not medium.convertible.ndim:
        changed["convertible"] = np.full(shape[0], bool(medium.convertible))
    return replace(medium, **changed) if changed else medium


def _is_flat(row: Stress) -> bool:
    planes = {Recharge: ("rate_m_s",), Evapotranspiration: ("surface_m", "rate_m_s", "depth_m")}
    return any(not getattr(row, name).ndim for name in planes.get(type(row), ()))


def _spread_period(period: Period, plane: tuple[int, int]) -> Period:
    """The period with rates of one number spread over the plane; stresses that need none stay the same."""
    if not any(_is_flat(row) for row in period.stresses):
        return period
    return replace(period, stresses=tuple(_spread_stress(row, plane) for row in period.stresses))


def _spread_stress(row: Stress, plane: tuple[int, int]) -> Stress:
    if isinstance(row, Recharge) and _is_flat(row):
        return replace(row, rate_m_s=per_column(row.rate_m_s, plane, f"{row.name}.rate_m_s"))
    if isinstance(row, Evapotranspiration) and _is_flat(row):
        return replace(
            row,
            surface_m=per_column(row.surface_m, plane, f"{row.name}.surface_m"),
            rate_m_s=per_column(row.rate_m_s, plane, f"{row.name}.rate_m_s"),
            depth_m=per_column(row.depth_m, plane, f"{row.name}.depth_m"),
        )
    return row
