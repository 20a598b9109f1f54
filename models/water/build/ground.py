"""Properties of the ground: a stratum's own figures, and published ones where it has none.

Specific storage: Domenico and Mifflin (1965, Water Resources Research 1(4), 563-576), middle of the range of
the class. Specific yield: Johnson (1967, USGS Water-Supply Paper 1662-D), mean of the class; of rock, half
of the porosity (assumed, no table gives it). Vertical to horizontal conductivity: one tenth in layered
sediment (Freeze and Cherry, 1979, Groundwater, p. 32-34), one in rock whose fractures run anyhow (assumed).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.water.build.layers import Layered
from models.water.problem import Medium
from models.water.refusal import refused
from twin.core.aquifer import Stratum
from twin.core.geometry import FloatArray, frozen

_ROCK_POROSITY = 0.15  # strata tighter than this are taken as rock
_ROCK_YIELD = 0.5  # of the porosity


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Properties of one stratum; ``anisotropy_ratio`` is vertical over horizontal conductivity."""

    k_m_s: float
    porosity: float
    specific_storage_1_m: float
    specific_yield_fraction: float
    anisotropy_ratio: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Class:
    """A class of ground from ``least_k_m_s`` up."""

    least_k_m_s: float
    specific_storage_1_m: float
    specific_yield_fraction: float


_LOOSE = (
    _Class(least_k_m_s=1e-4, specific_storage_1_m=7.5e-5, specific_yield_fraction=0.25),  # dense sandy gravel
    _Class(least_k_m_s=1e-5, specific_storage_1_m=1.7e-4, specific_yield_fraction=0.26),  # medium sand, dense
    _Class(least_k_m_s=1e-6, specific_storage_1_m=7.5e-4, specific_yield_fraction=0.21),  # fine sand, loose
    _Class(least_k_m_s=1e-7, specific_storage_1_m=1.1e-3, specific_yield_fraction=0.07),  # sandy clay
    _Class(least_k_m_s=0.0, specific_storage_1_m=1.9e-3, specific_yield_fraction=0.02),  # stiff clay
)
_ROCK = (
    _Class(least_k_m_s=1e-7, specific_storage_1_m=1.5e-5, specific_yield_fraction=0.0),  # fissured
    _Class(least_k_m_s=0.0, specific_storage_1_m=3.3e-6, specific_yield_fraction=0.0),  # sound
)


def ground_of(stratum: Stratum) -> Ground:
    """Properties of a stratum, with published means where the scene has no figures."""
    rock = stratum.porosity < _ROCK_POROSITY
    found = next(row for row in (_ROCK if rock else _LOOSE) if stratum.conductivity_m_s >= row.least_k_m_s)
    own_yield = _ROCK_YIELD * stratum.porosity if rock else found.specific_yield_fraction
    return Ground(
        k_m_s=stratum.conductivity_m_s,
        porosity=stratum.porosity,
        specific_storage_1_m=found.specific_storage_1_m,
        specific_yield_fraction=min(own_yield, stratum.porosity),
        anisotropy_ratio=1.0 if rock else 0.1,
    )


def medium_of(
    layered: Layered,
    strata: Sequence[Stratum],
    *,
    given: Mapping[str, Ground] | None = None,
    convertible: bool = True,
    k_m_s: FloatArray | None = None,
) -> Medium:
    """Properties of all cells by stratum.

    ``given``: measured properties by stratum id, in the place of the published means. ``k_m_s`` (nl, nr, nc)
    in the place of the strata's conductivity, for random fields; the anisotropy of the stratum is kept.
    ``convertible`` for all layers. Raises BadRequestError for a stratum without figures, or figures that
    no ground has.
    """
    known = {row.id: ground_of(row) for row in strata} | dict(given or {})
    rows = []
    for name in layered.strata_ids:
        if name not in known:
            raise refused(name, "stratum", f"one of {', '.join(known)}", f" {'、'.join(known)} 之一")
        _check(name, known[name])
        rows.append(known[name])
    shape = layered.grid.shape

    def spread(values: Sequence[float]) -> FloatArray:
        return frozen(np.broadcast_to(np.array(values)[layered.stratum][:, None, None], shape))

    horizontal = spread([row.k_m_s for row in rows]) if k_m_s is None else frozen(k_m_s)
    return Medium(
        k_m_s=horizontal,
        k33_m_s=frozen(horizontal * spread([row.anisotropy_ratio for row in rows])),
        porosity=spread([row.porosity for row in rows]),
        specific_storage_1_m=spread([row.specific_storage_1_m for row in rows]),
        specific_yield=spread([row.specific_yield_fraction for row in rows]),
        convertible=np.full(shape[0], convertible),
    )


def _check(name: str, row: Ground) -> None:
    positive = {
        "k_m_s": row.k_m_s,
        "anisotropy_ratio": row.anisotropy_ratio,
        "specific_storage_1_m": row.specific_storage_1_m,
    }
    for field, value in positive.items():
        if not (np.isfinite(value) and value > 0.0):
            raise refused(value, f"{field} of stratum {name}", "more than zero", "大于零")
    for field, value in (
        ("porosity", row.porosity),
        ("specific_yield_fraction", row.specific_yield_fraction),
    ):
        if not 0.0 < value < 1.0:
            raise refused(value, f"{field} of stratum {name}", "more than 0, less than 1", "大于 0 且小于 1")
