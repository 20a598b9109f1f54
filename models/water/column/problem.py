"""What the column is asked: soils, the top over time, the bottom, and what the water carries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

import numpy as np

from models.water.column.soils import Soil
from models.water.refusal import refused
from twin.core.geometry import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class SoilLayer:
    """A layer of ``soil`` from the bottom of the layer above (the ground) to ``bottom_m`` below ground.

    ``bulk_density_kg_m3`` dry. ``ph_value`` of its water; None: nothing is known, and a Kd that depends on
    it is refused.
    """

    soil: Soil
    bottom_m: float
    bulk_density_kg_m3: float = 1600.0
    ph_value: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Top:
    """What happens at the ground until ``end_s``.

    ``flux_m_s`` positive INTO the ground (rain less evaporation; negative evaporation). What cannot seep in
    runs off, what the dry soil cannot give is not taken. ``pond_m``: depth of standing liquid instead, as
    under a leaking tank or in a bund; it may be 0 or, for laboratory cases, a suction. ``conc_kg_m3`` of what
    enters, per species; None: clean. Evaporation leaves what is dissolved behind.
    """

    end_s: float
    flux_m_s: float = 0.0
    pond_m: float | None = None
    conc_kg_m3: Sequence[float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bottom:
    """Lower end: a fixed pressure ``head_m`` (0: the water table), or ``free`` drainage by gravity."""

    kind: Literal["head", "free"] = "head"
    head_m: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class KdRule:
    """Kd over pH, linear in log Kd between the given points and held outside them; one point: constant."""

    kd_m3_kg: Sequence[float]
    ph_values: Sequence[float] = ()

    def __post_init__(self) -> None:
        count = len(self.kd_m3_kg)
        if not count or (count > 1 and len(self.ph_values) != count):
            raise refused((count, len(self.ph_values)), "kd_m3_kg and ph_values", "as many of both")
        if any(not kd >= 0.0 for kd in self.kd_m3_kg) or (count > 1 and min(self.kd_m3_kg) <= 0.0):
            raise refused(min(self.kd_m3_kg), "kd_m3_kg", "zero or more, above zero in a table", "不小于零")
        if any(b <= a for a, b in pairwise(self.ph_values)):
            raise refused(list(self.ph_values), "ph_values", "rising values", "递增的值")

    def at(self, ph: FloatArray) -> FloatArray:
        """Kd (n,) at pH (n,). Raises BadRequestError where a table meets an unknown pH."""
        found: FloatArray = np.empty(len(ph))
        found[:] = self.kd_m3_kg[0]
        if len(self.kd_m3_kg) > 1:
            if np.isnan(ph).any():
                raise refused(
                    None, "ph_value", "a pH in every layer, for Kd depends on it", "每层均须给出 pH"
                )
            found[:] = np.exp(np.interp(ph, self.ph_values, np.log(self.kd_m3_kg)))
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Solute:
    """A substance in the column's water; ``decay_1_s`` in water, ``decay_sorbed_1_s`` on solids."""

    id: str
    kd: KdRule = field(default_factory=lambda: KdRule(kd_m3_kg=(0.0,)))
    decay_1_s: float = 0.0
    decay_sorbed_1_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ColumnProblem:
    """A column of ``cells`` equal cells from the ground to ``depth_m``.

    The start is one of ``start_head_m`` (n,), ``start_water_content`` (n,) as measured, or, without both,
    rest above the bottom head. ``start_conc_kg_m3`` (species, n). ``dispersivity_m`` along the column,
    ``diffusion_m2_s`` molecular, in free water; in the soil it is lowered by the tortuosity of Millington
    and Quirk (1961, Trans. Faraday Soc. 57, 1200-1207), theta^(7/3) / porosity^2.
    """

    layers: Sequence[SoilLayer]
    depth_m: float
    tops: Sequence[Top]
    cells: int = 100
    bottom: Bottom = field(default_factory=Bottom)
    start_head_m: FloatArray | None = None
    start_water_content: FloatArray | None = None
    solutes: Sequence[Solute] = ()
    start_conc_kg_m3: FloatArray | None = None
    dispersivity_m: float = 0.0
    diffusion_m2_s: float = 0.0

    def __post_init__(self) -> None:
        if not self.depth_m > 0.0:
            raise refused(self.depth_m, "depth_m", "more than zero", "大于零")
        if self.cells < 3:
            raise refused(self.cells, "cells", "at least 3", "至少 3")
        bottoms = [row.bottom_m for row in self.layers]
        if not bottoms or bottoms[0] <= 0.0 or any(b <= a for a, b in pairwise(bottoms)):
            raise refused(bottoms, "layers: bottom_m", "at least one, rising", "至少一层且递增")
        if bottoms[-1] < self.depth_m - 1e-9:
            raise refused(
                bottoms[-1], "layers: last bottom_m", f"at least depth_m {self.depth_m:g}",
                f"至少为 depth_m {self.depth_m:g}",
            )  # fmt: skip
        ends = [row.end_s for row in self.tops]
        if not ends or ends[0] <= 0.0 or any(b <= a for a, b in pairwise(ends)):
            raise refused(ends, "tops: end_s", "at least one, rising", "至少一个且递增")
        for name, start in (
            ("start_head_m", self.start_head_m),
            ("start_water_content", self.start_water_content),
        ):
            if start is not None and (start.shape != (self.cells,) or not np.isfinite(start).all()):
                raise refused(start.shape, name, f"{self.cells} finite values", f"{self.cells} 个有限值")
        for top in self.tops:
            if top.conc_kg_m3 is not None and len(top.conc_kg_m3) != len(self.solutes):
                wanted = f"{len(self.solutes)}, one per solute"
                raise refused(len(top.conc_kg_m3), "tops: conc_kg_m3", wanted, "每种物质一个")

    @property
    def dz_m(self) -> float:
        """Height of a cell."""
        return self.depth_m / self.cells

    @property
    def below_ground_m(self) -> FloatArray:
        """Depth of the middle of every cell (n,), from the ground down."""
        return np.asarray(self.dz_m * (np.arange(self.cells) + 0.5), dtype=np.float64)
