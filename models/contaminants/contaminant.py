"""One contaminant: numbers with their sources, how it sorbs, and what is not known of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import exp, log

import numpy as np

from models.substances.cited import Cited
from twin.core.errors import BadRequestError, SolverError
from twin.core.text import Text

LN2 = log(2.0)
# What one would like to know of every contaminant; what is missing is said to be unknown, never zero.
WANTED = (
    *("molar_mass_kg_mol", "solubility_kg_m3", "sorption_m3_kg", "henry_ratio", "diffusion_m2_s"),
    "half_life_saturated_s",
)


class Kind(StrEnum):
    """Groups that behave, and are handled, alike."""

    METAL = "metal"
    INORGANIC = "inorganic"
    FLUORINE = "fluorine"
    REFRIGERANT = "refrigerant"
    PFAS = "pfas"
    AROMATIC = "aromatic"
    CHLORINATED = "chlorinated"
    PAH = "pah"
    PHENOL = "phenol"
    PESTICIDE = "pesticide"
    NITROGEN = "nitrogen"
    PHTHALATE = "phthalate"
    SOLVENT = "solvent"
    MIXTURE = "mixture"


# Elements, ions and perfluorinated acids: nothing in an aquifer makes them less.
LASTING = frozenset({Kind.METAL, Kind.FLUORINE, Kind.PFAS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Contaminant:
    """A row of the library.

    ``numbers`` in SI by name: ``molar_mass_kg_mol``, ``solubility_kg_m3``, ``koc_m3_kg``, ``kd_m3_kg``,
    ``henry_ratio`` (air over water, without a unit), ``diffusion_m2_s`` (in water),
    ``half_life_saturated_s``, ``limit_us_mcl_kg_m3``, ``limit_gb_5749_kg_m3``. ``kd_by_ph`` pairs of pH
    and Kd. ``indicator``: its number in GB/T 14848-2017, None: not regulated there.
    """

    id: str
    cas: str
    kind: Kind
    name: Text
    formula: str
    numbers: Mapping[str, Cited]
    kd_by_ph: tuple[tuple[float, Cited], ...] = ()
    indicator: int | None = None
    note: Text | None = None

    def number(self, name: str) -> float:
        """Number by name, SI. Raises SolverError where it is unknown."""
        if name not in self.numbers:
            raise SolverError(
                f"{name} of {self.id} is unknown",
                message_zh=f"{self.id} 的 {name} 未知",
                field=name,
                value=self.id,
            )
        return self.numbers[name].value

    @property
    def all_numbers(self) -> tuple[Cited, ...]:
        """Every number of the row, those at a pH included."""
        return (*self.numbers.values(), *(number for _, number in self.kd_by_ph))

    @property
    def unknown(self) -> tuple[str, ...]:
        """Names of wanted numbers that are not known; the half-life of what does not decay is no gap."""
        missing = [name for name in WANTED if name not in self.numbers]
        if self.kd_by_ph or "koc_m3_kg" in self.numbers or "kd_m3_kg" in self.numbers:
            missing.remove("sorption_m3_kg")
        if self.kind in LASTING and "half_life_saturated_s" in missing:
            missing.remove("half_life_saturated_s")
        return tuple(missing)

    @property
    def decay_1_s(self) -> float:
        """First-order decay in the saturated zone; 0 where no half-life is known (which protects)."""
        row = self.numbers.get("half_life_saturated_s")
        return 0.0 if row is None else LN2 / row.value

    def kd_m3_kg(self, *, foc_fraction: float = 0.001, ph: float = 7.0) -> float | None:
        """Distribution coefficient between solid and water, m3 per kg of solid; None where unknown.

        Organic substances: Kd = foc Koc (Karickhoff, Brown and Scott, 1979, Water Res. 13, 241). Metals
        with values at several pH: ln Kd linear in pH, held at the ends. Raises BadRequestError for a foc
        outside 0 to 1 or a pH outside 0 to 14.
        """
        _check("foc_fraction", foc_fraction, 0.0, 1.0)
        _check("ph", ph, 0.0, 14.0)
        if self.kd_by_ph:
            known = np.log([row.value for _, row in self.kd_by_ph])
            return exp(float(np.interp(ph, [at for at, _ in self.kd_by_ph], known)))
        if "kd_m3_kg" in self.numbers:
            return self.number("kd_m3_kg")
        if "koc_m3_kg" in self.numbers:
            return foc_fraction * self.number("koc_m3_kg")
        return None

    def retardation_ratio(
        self,
        *,
        porosity: float,
        bulk_density_kg_m3: float = 1700.0,
        foc_fraction: float = 0.001,
        ph: float = 7.0,
    ) -> float | None:
        """Retardation R = 1 + rho_b Kd / porosity; None where the sorption is unknown (compute with 1)."""
        _check("porosity", porosity, 1e-6, 1.0)
        kd = self.kd_m3_kg(foc_fraction=foc_fraction, ph=ph)
        return None if kd is None else 1.0 + bulk_density_kg_m3 * kd / porosity


def _check(field: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise BadRequestError(
            f"{field}: {value}; expected {low:g} to {high:g}",
            message_zh=f"{field}：{value}；应为 {low:g} 至 {high:g}",
            field=field,
            value=value,
        )
