"""Whether a release is too dense for a passive model: a warning, never a correction."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from models.limits import Limit, outside
from twin.core.text import Text

ADVICE = "dense: use emergency deduction"
_AIR_G_MOL = 28.96
_AIR_KG_M3 = 1.2
_GRAVITY_M_S2 = 9.81
_WIDTH_M = 2.0  # of the lee of the equipment in which the gas mixes first: the puffs are born 1 m wide
_LEAST_WIND_M_S = 0.5
# Saturated HF vapour is associated; from the hexamer equilibrium of Strohmeier and Briegleb.
_EFFECTIVE_G_MOL: Mapping[str, float] = MappingProxyType({"hf": 64.8})

LIMIT = Limit(
    quantity="release_richardson",
    units="1",
    high=0.15,
    why=Text(
        zh="重气：被动扩散模型不再适用（Britter 与 McQuaid 1988）",
        en="denser than air: a passive model no longer holds (Britter and McQuaid 1988)",
    ),
)


def release_richardson(
    substance_id: str, molar_mass_kg_mol: float, rate_kg_s: float, wind_speed_m_s: float
) -> float:
    """Criterion of Britter and McQuaid (1988, HSE report 17, section 3) for a continuous release.

    ``(g0' q0 / (U^3 D))^(1/3)`` with the reduced gravity g0' of the undiluted vapour, its volume flux q0, the
    wind U (at least 0.5 m/s) and the width D of 2 m over which equipment mixes it first. At most 0.15:
    passive from the start. Zero for gas lighter than air.
    """
    mass = _EFFECTIVE_G_MOL.get(substance_id, 1000.0 * molar_mass_kg_mol)
    excess = _GRAVITY_M_S2 * (mass / _AIR_G_MOL - 1.0)
    if excess <= 0.0 or rate_kg_s <= 0.0:
        return 0.0
    flux_m3_s = rate_kg_s / (_AIR_KG_M3 * mass / _AIR_G_MOL)
    wind = max(wind_speed_m_s, _LEAST_WIND_M_S)
    return float((excess * flux_m3_s / (wind**3 * _WIDTH_M)) ** (1.0 / 3.0))


def dense_notes(richardson: float) -> tuple[str, ...]:
    """What a frame says of its largest release; nothing while a passive model holds."""
    broken = outside((LIMIT,), {LIMIT.quantity: richardson})
    return (*(row.note for row in broken), ADVICE) if broken else ()
