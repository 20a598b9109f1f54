"""The species as the solver needs them: laws, rates, parents first; and what is wrong with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.water.problem import DualDomain, Sorption, Species
from models.water.refusal import refused
from models.water.transport.isotherm import Isotherm, isotherm
from models.water.transport.reactions import Rates


@dataclass(frozen=True, slots=True, kw_only=True)
class Cargo:
    """A species: ``number`` in the problem's order, ``law`` of equilibrium, ``slow`` that of a rate.

    ``parent`` number of the parent or None, ``yield_kg_kg`` made per kg of it.
    """

    number: int
    law: Isotherm
    slow: Isotherm
    rates: Rates
    dual: DualDomain | None
    parent: int | None
    yield_kg_kg: float

    @property
    def density_kg_m3(self) -> float:
        """Bulk density of what it sorbs to."""
        return self.law.bulk_density_kg_m3

    @property
    def decay_1_s(self) -> float:
        """The faster of its decays."""
        return max(self.rates.decay_1_s, self.rates.decay_sorbed_1_s)

    @property
    def exchange_1_s(self) -> tuple[float, float]:
        """Least rates at which solids and immobile water come to rest; 0 where there are none."""
        still = 0.0 if self.dual is None else self.dual.exchange_1_s / self.dual.porosity
        return self.rates.exchange_1_s, still

    @property
    def reacts(self) -> bool:
        """Whether anything happens to it beside moving."""
        rates = self.rates
        busy = rates.decay_1_s > 0.0 or rates.decay_sorbed_1_s > 0.0 or rates.exchange_1_s > 0.0
        return busy or self.dual is not None or self.parent is not None


def cargoes(species: Sequence[Species]) -> tuple[Cargo, ...]:
    """The species, parents before daughters.

    Raises BadRequestError for no species, equal names, unknown parents, circles, and for numbers that
    are negative or not finite.
    """
    names = [row.id for row in species]
    if not names or len(set(names)) != len(names):
        raise refused(
            names, "species", "at least one, each with a name of its own", "至少一个，且名称各不相同"
        )
    for row in species:
        _check(row)
    return tuple(_cargo(species[n], n, names) for n in _ordered(species, names))


def _cargo(row: Species, number: int, names: list[str]) -> Cargo:
    by_rate = row.sorption is not None and row.sorption.rate_1_s is not None
    rate = row.sorption.rate_1_s if row.sorption is not None else None
    return Cargo(
        number=number,
        law=isotherm(row.sorption, bare=by_rate),
        slow=isotherm(row.sorption if by_rate else None),
        rates=Rates(decay_1_s=row.decay_1_s, decay_sorbed_1_s=row.decay_sorbed_1_s, exchange_1_s=rate or 0.0),
        dual=row.dual,
        parent=None if row.parent is None else names.index(row.parent),
        yield_kg_kg=row.yield_kg_kg,
    )


def _ordered(species: Sequence[Species], names: list[str]) -> list[int]:
    order: list[int] = []
    while len(order) < len(species):
        ready = [
            n
            for n, row in enumerate(species)
            if n not in order and (row.parent is None or row.parent in [names[m] for m in order])
        ]
        if not ready:
            left = [row.id for n, row in enumerate(species) if n not in order]
            raise refused(left, "species.parent", "names of species, no circle", "已有物质的名称，且不成环")
        order += ready
    return order


def _check(row: Species) -> None:
    found = {"decay_1_s": row.decay_1_s, "decay_sorbed_1_s": row.decay_sorbed_1_s}
    found["yield_kg_kg"] = row.yield_kg_kg
    found |= _sorption(row.sorption) | _dual(row.dual)
    for name, value in found.items():
        if not (np.isfinite(value) and value >= 0.0):
            raise refused(value, f"species {row.id} {name}", "zero or more, finite", "不小于零的有限数")
    if row.sorption is not None and not row.sorption.bulk_density_kg_m3 > 0.0:
        raise refused(
            row.sorption.bulk_density_kg_m3,
            f"species {row.id} bulk_density_kg_m3",
            "more than zero",
            "大于零",
        )
    if row.sorption is not None and row.sorption.kind == "freundlich" and not row.sorption.exponent > 0.0:
        raise refused(row.sorption.exponent, f"species {row.id} exponent", "more than zero", "大于零")
    if row.dual is not None and not 0.0 < row.dual.porosity < 1.0:
        raise refused(
            row.dual.porosity, f"species {row.id} dual.porosity", "between zero and one", "零与一之间"
        )


def _sorption(sorption: Sorption | None) -> dict[str, float]:
    if sorption is None:
        return {}
    names = ("bulk_density_kg_m3", "kd_m3_kg", "kf", "exponent", "s_max_kg_kg", "kl_m3_kg")
    found = {name: float(getattr(sorption, name)) for name in names}
    return found if sorption.rate_1_s is None else found | {"rate_1_s": sorption.rate_1_s}


def _dual(dual: DualDomain | None) -> dict[str, float]:
    if dual is None:
        return {}
    return {"dual.porosity": dual.porosity, "dual.exchange_1_s": dual.exchange_1_s}
