"""How much comes out: leaks, spills, failed tanks, broken pipes as rates over time.

Hydraulics of orifices (Torricelli 1643; discharge coefficient of a sharp edge 0.61, Crane TP-410); what
spreads on soil enters it at the soil's conductivity under a unit gradient.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import pi, sqrt

import numpy as np

from models.water.grid import IntArray
from models.water.problem import MassSource, Wells
from models.water.refusal import refused
from twin.core.geometry import FloatArray, frozen

GRAVITY_M_S2 = 9.80665
SHARP_EDGE = 0.61
_PIECES = 24


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Release:
    """Liquid that enters the ground at mean rates between moments.

    ``times_s`` (n + 1,) bounds since the release began, ``rate_m3_s`` (n,) liquid, ``conc_kg_m3`` of each
    substance in it. ``lost_m3``: what did not enter the ground (evaporated, held back, pumped off).
    """

    times_s: FloatArray
    rate_m3_s: FloatArray
    conc_kg_m3: FloatArray
    lost_m3: float = 0.0

    @property
    def volume_m3(self) -> float:
        """Liquid that enters the ground."""
        return float(np.sum(self.rate_m3_s * np.diff(self.times_s)))

    @property
    def mass_kg(self) -> FloatArray:
        """Mass of each substance that enters the ground."""
        return self.volume_m3 * self.conc_kg_m3

    def delayed(self, lag_s: float) -> Release:
        """The same release, later: plug flow through the unsaturated zone (see ``plug_lag_s``)."""
        return Release(
            times_s=frozen(self.times_s + lag_s),
            rate_m3_s=self.rate_m3_s,
            conc_kg_m3=self.conc_kg_m3,
            lost_m3=self.lost_m3,
        )

    def mass_sources(
        self, cells: IntArray, *, start_s: float = 0.0, name: str = "leak"
    ) -> tuple[MassSource, ...]:
        """Sources of mass spread evenly over cells (n, 3), beginning at a moment of the model's clock.

        Right where the liquid is little beside the aquifer's flow; ``wells`` gives its water.
        """
        share = self.conc_kg_m3[None, :] / len(cells)
        return tuple(
            MassSource(
                cells=cells,
                rate_kg_s=frozen(np.repeat(rate * share, len(cells), axis=0)),
                start_s=start_s + float(low),
                end_s=start_s + float(high),
                name=name,
            )
            for low, high, rate in zip(self.times_s[:-1], self.times_s[1:], self.rate_m3_s, strict=True)
            if rate > 0.0
        )

    def wells(self, cells: IntArray, piece: int, *, name: str = "leak") -> Wells:
        """Water and mass of one piece of the release, shared evenly by cells (n, 3)."""
        return Wells(
            cells=cells,
            rate_m3_s=frozen(np.full(len(cells), self.rate_m3_s[piece] / len(cells))),
            conc_kg_m3=frozen(np.repeat(self.conc_kg_m3[None, :], len(cells), axis=0)),
            name=name,
        )


def orifice_m3_s(area_m2: float, head_m: float, *, coefficient: float = SHARP_EDGE) -> float:
    """Torricelli: Q = Cd A sqrt(2 g h); 0 without a head.

    >>> round(orifice_m3_s(1e-4, 2.0), 7)
    0.000382
    """
    return coefficient * _positive(area_m2, "area_m2") * sqrt(2.0 * GRAVITY_M_S2 * max(head_m, 0.0))


def tank_leak(
    *,
    conc_kg_m3: Sequence[float],
    hole_diameter_m: float,
    level_m: float,
    section_m2: float,
    stopped_after_s: float = float("inf"),
    coefficient: float = SHARP_EDGE,
) -> Release:
    """Upright tank that empties through a hole at its foot until it is empty or the hole is closed.

    Level h(t) = (sqrt(h0) - Cd A / S sqrt(g / 2) t)^2, an exact volume in every piece.
    ``level_m`` of liquid above the hole, ``section_m2`` of the tank. Raises BadRequestError for values
    that are not positive.
    """
    hole_m2 = pi / 4.0 * _positive(hole_diameter_m, "hole_diameter_m") ** 2
    root = sqrt(_positive(level_m, "level_m"))
    fall = coefficient * hole_m2 / _positive(section_m2, "section_m2") * sqrt(GRAVITY_M_S2 / 2.0)
    end_s = min(root / fall, _positive(stopped_after_s, "stopped_after_s"))
    times_s = np.linspace(0.0, end_s, _PIECES + 1)
    level = np.clip(root - fall * times_s, 0.0, None) ** 2
    rates = -section_m2 * np.diff(level) / np.diff(times_s)
    kept_m3 = section_m2 * float(level[-1])
    return _release(times_s, rates, conc_kg_m3, lost_m3=kept_m3 if end_s < root / fall else 0.0)


def steady_leak(*, conc_kg_m3: Sequence[float], rate_m3_s: float, duration_s: float) -> Release:
    """Leak of one rate, as of a seam or a basin that is refilled."""
    ends = np.array([0.0, _positive(duration_s, "duration_s")])
    return _release(ends, np.array([_positive(rate_m3_s, "rate_m3_s")]), conc_kg_m3)


def pipe_break(
    *,
    conc_kg_m3: Sequence[float],
    hole_diameter_m: float,
    pressure_pa: float,
    density_kg_m3: float,
    isolated_after_s: float,
    contents_m3: float = 0.0,
    delivery_m3_s: float = float("inf"),
    drained_in_s: float = 3600.0,
    coefficient: float = SHARP_EDGE,
) -> Release:
    """Pipe under gauge pressure: Q = Cd A sqrt(2 dp / rho), not more than the pump delivers.

    After ``isolated_after_s`` the ``contents_m3`` between the valves drain evenly within ``drained_in_s``.
    """
    hole_m2 = pi / 4.0 * _positive(hole_diameter_m, "hole_diameter_m") ** 2
    jet_m_s = sqrt(2.0 * _positive(pressure_pa, "pressure_pa") / _positive(density_kg_m3, "density_kg_m3"))
    rate = min(coefficient * hole_m2 * jet_m_s, _positive(delivery_m3_s, "delivery_m3_s"))
    times = [0.0, _positive(isolated_after_s, "isolated_after_s")]
    rates = [rate]
    if contents_m3 > 0.0:
        times.append(times[-1] + _positive(drained_in_s, "drained_in_s"))
        rates.append(contents_m3 / drained_in_s)
    return _release(np.asarray(times), np.asarray(rates), conc_kg_m3)


def spill(
    *,
    conc_kg_m3: Sequence[float],
    volume_m3: float,
    area_m2: float,
    soil_k_m_s: float,
    recovered_fraction: float = 0.0,
    evaporation_m_s: float = 0.0,
) -> Release:
    """Liquid that lies on soil and seeps in at K under a unit gradient while some evaporates.

    Depth V / A falls at K + e, so the share K / (K + e) of what was not recovered enters. Raises
    BadRequestError for values that are not positive or a share outside 0 to 1.
    """
    if not 0.0 <= recovered_fraction <= 1.0:
        raise refused(
            value=recovered_fraction, field="recovered_fraction", expected="0 to 1", expected_zh="0 至 1"
        )
    k_m_s = _positive(soil_k_m_s, "soil_k_m_s")
    left_m3 = _positive(volume_m3, "volume_m3") * (1.0 - recovered_fraction)
    area = _positive(area_m2, "area_m2")
    depth_m = left_m3 / area
    end_s = max(depth_m / (k_m_s + max(evaporation_m_s, 0.0)), 1.0)
    entered_m3 = left_m3 * k_m_s / (k_m_s + max(evaporation_m_s, 0.0))
    rates = np.array([entered_m3 / end_s])
    return _release(np.array([0.0, end_s]), rates, conc_kg_m3, lost_m3=volume_m3 - entered_m3)


def tank_failure(
    *,
    conc_kg_m3: Sequence[float],
    volume_m3: float,
    bund_area_m2: float,
    bund_k_m_s: float,
    bund_height_m: float = float("inf"),
    soil_k_m_s: float | None = None,
    spread_m: float = 0.02,
    emptied_after_s: float = float("inf"),
) -> Release:
    """Tank that gives way at once: its bund seeps, and what overtops it lies on the soil around.

    The bund's floor takes liquid at ``bund_k_m_s`` until it is pumped out at ``emptied_after_s``; the rest
    spreads ``spread_m`` deep on soil of ``soil_k_m_s`` (None: all is held).
    """
    held_m3 = min(_positive(volume_m3, "volume_m3"), bund_height_m * _positive(bund_area_m2, "bund_area_m2"))
    over_m3 = volume_m3 - held_m3
    dry_s = held_m3 / bund_area_m2 / _positive(bund_k_m_s, "bund_k_m_s")
    end_s = min(dry_s, _positive(emptied_after_s, "emptied_after_s"))
    bund_m3_s = bund_area_m2 * bund_k_m_s
    lost_m3 = held_m3 - bund_m3_s * end_s
    if over_m3 <= 0.0 or soil_k_m_s is None:
        return _release(np.array([0.0, end_s]), np.array([bund_m3_s]), conc_kg_m3, lost_m3=lost_m3 + over_m3)
    soil_s = _positive(spread_m, "spread_m") / _positive(soil_k_m_s, "soil_k_m_s")
    bounds = np.unique([0.0, soil_s, end_s])
    middle = 0.5 * (bounds[1:] + bounds[:-1])
    rates = (middle < end_s) * bund_m3_s + (middle < soil_s) * (over_m3 / soil_s)
    return _release(bounds, rates, conc_kg_m3, lost_m3=lost_m3)


def plug_lag_s(
    *, depth_m: float, water_content: float, flux_m_s: float, retardation_ratio: float = 1.0
) -> float:
    """Time that a front takes through the unsaturated zone under a steady flux: z theta R / q.

    A first estimate; ``models.water.column`` computes flow and spreading.
    """
    if not 0.0 < water_content <= 1.0:
        raise refused(
            value=water_content,
            field="water_content",
            expected="more than 0, at most 1",
            expected_zh="大于 0 且不大于 1",
        )
    return depth_m * water_content * retardation_ratio / _positive(flux_m_s, "flux_m_s")


def dissolving_pool(
    *, mass_kg: float, solubility_kg_m3: float, width_m: float, depth_m: float, flux_m_s: float
) -> tuple[float, float]:
    """Pure liquid lying in the aquifer: (rate kg/s, seconds it lasts).

    Water that passes its cross section leaves saturated, the upper bound of what dissolves:
    rate = solubility * q * width * depth.
    """
    rate = _positive(solubility_kg_m3, "solubility_kg_m3") * _positive(flux_m_s, "flux_m_s")
    rate *= _positive(width_m, "width_m") * _positive(depth_m, "depth_m")
    return rate, _positive(mass_kg, "mass_kg") / rate


def _release(
    times_s: FloatArray, rates: FloatArray, conc_kg_m3: Sequence[float], *, lost_m3: float = 0.0
) -> Release:
    conc = np.asarray(conc_kg_m3, dtype=np.float64)
    if conc.ndim != 1 or not len(conc) or not np.all(np.isfinite(conc) & (conc >= 0.0)):
        raise refused(
            conc_kg_m3,
            "conc_kg_m3",
            "one finite value of at least 0 per substance",
            "每种物质一个不小于零的有限值",
        )
    return Release(
        times_s=frozen(np.asarray(times_s, dtype=np.float64)),
        rate_m3_s=frozen(np.asarray(rates, dtype=np.float64)),
        conc_kg_m3=frozen(conc),
        lost_m3=max(lost_m3, 0.0),
    )


def _positive(value: float, field: str) -> float:
    if not value > 0.0:
        raise refused(value=value, field=field, expected="more than zero", expected_zh="大于零")
    return value
