"""Where the source models hold: limits that are checked and put into the notes of their results."""

from __future__ import annotations

from models.limits import Limit, Outside, outside
from models.substances.substance import SubstanceData
from twin.core.text import Text

LIQUID_LAWS = ("vapour_pressure_pa", "liquid_density_kg_m3", "liquid_cp_j_kg_k", "vaporisation_j_kg")
GAS_LAWS = ("gas_cp_j_kg_k",)
HOLE_LIMITS = (
    Limit(
        quantity="reduced_temperature_ratio",
        units="1",
        high=0.9,
        why=Text(
            zh="接近临界点，两相流模型不准", en="near the critical point two-phase flow is not modelled well"
        ),
    ),
    Limit(
        quantity="hole_to_vessel_ratio",
        units="1",
        high=0.3,
        why=Text(
            zh="孔口相对容器过大，应按瞬时泄漏计", en="hole large for the vessel: take a burst vessel instead"
        ),
    ),
)
DISSOLVING = Text(
    zh="未计入水中的溶解、反应与结冰，水面液池的蒸发会偏高",
    en="dissolving, reacting and freezing of water are not modelled: a pool on water evaporates too fast",
)


def law_limit(row: SubstanceData, names: tuple[str, ...]) -> Limit | None:
    """Temperatures in which all of these laws have data; None where the table has none of them."""
    laws = [row.laws[name] for name in names if name in row.laws]
    if not laws:
        return None
    return Limit(
        quantity="temperature_k",
        units="K",
        low=max(law.low_k for law in laws),
        high=min(law.high_k for law in laws),
        why=Text(
            zh="物性数据超出来源范围，取端点值",
            en="properties beyond their source's range are held at its end",
        ),
    )


def beyond_the_laws(row: SubstanceData, temperature_k: float, *, gas: bool) -> tuple[Outside, ...]:
    """Whether a temperature lies beyond the data of a liquid, or of a gas."""
    limit = law_limit(row, GAS_LAWS if gas else LIQUID_LAWS)
    return () if limit is None else outside((limit,), {"temperature_k": temperature_k})


def beyond_the_hole(
    row: SubstanceData, temperature_k: float, phase: str, hole_to_vessel_ratio: float
) -> tuple[Outside, ...]:
    """Limits of the flow through a hole that the inputs break."""
    values = {"hole_to_vessel_ratio": hole_to_vessel_ratio}
    if phase == "two_phase":
        values["reduced_temperature_ratio"] = temperature_k / row.critical_k
    return (*outside(HOLE_LIMITS, values), *beyond_the_laws(row, temperature_k, gas=phase == "gas"))
