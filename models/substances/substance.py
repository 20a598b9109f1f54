"""One substance of the table: properties as functions, numbers with sources, levels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy.typing as npt

from models.substances.cited import Cited
from models.substances.laws import Law
from models.substances.levels import REFERENCE_K, REFERENCE_PA, Kind, Level, LevelAt, level_at
from twin.core.errors import SolverError
from twin.core.geometry import FloatArray
from twin.core.text import Text
from twin.core.units import GAS_CONSTANT_J_MOL_K, ppm_to_kg_m3


@dataclass(frozen=True, slots=True, kw_only=True)
class SubstanceData:
    """A row of the table of substances.

    ``numbers``: constants by name (``boiling_k`` at 1 atm, ``critical_k``, ``critical_pa``,
    ``molar_mass_kg_mol``, ``toxic_exponent_ratio`` n of C^n t, ``critical_quantity_kg`` and
    ``beta_factor`` of GB 18218, ...). ``laws``: functions of temperature by name. A property that is not
    in the table raises SolverError: nothing is guessed.
    """

    id: str
    cas: str
    name: Text
    formula: str
    aliases: tuple[str, ...]
    numbers: Mapping[str, Cited]
    laws: Mapping[str, Law]
    levels: tuple[Level, ...]
    notes: tuple[Text, ...] = ()

    def number(self, name: str) -> float:
        """Constant by name. Raises SolverError where the table has none."""
        if name not in self.numbers:
            raise self._missing(name)
        return self.numbers[name].value

    def law(self, name: str) -> Law:
        """Function of temperature by name. Raises SolverError where the table has none."""
        if name not in self.laws:
            raise self._missing(name)
        return self.laws[name]

    @property
    def molar_mass_kg_mol(self) -> float:
        """Molar mass of the formula (of the monomer where the vapour associates)."""
        return self.number("molar_mass_kg_mol")

    @property
    def boiling_k(self) -> float:
        """Normal boiling point (1 atm); of SF6, CO2 and other subliming substances see ``notes``."""
        return self.number("boiling_k")

    @property
    def critical_k(self) -> float:
        """Critical temperature."""
        return self.number("critical_k")

    @property
    def critical_pa(self) -> float:
        """Critical pressure."""
        return self.number("critical_pa")

    @property
    def gas_constant_j_kg_k(self) -> float:
        """Specific gas constant of the unassociated vapour."""
        return GAS_CONSTANT_J_MOL_K / self.molar_mass_kg_mol

    def vapour_pressure_pa(self, t_k: npt.ArrayLike) -> FloatArray:
        """Saturation pressure over the liquid; held at the ends of the law's range."""
        return self.law("vapour_pressure_pa").at(t_k)

    def liquid_density_kg_m3(self, t_k: npt.ArrayLike) -> FloatArray:
        """Density of the saturated liquid."""
        return self.law("liquid_density_kg_m3").at(t_k)

    def gas_cp_j_kg_k(self, t_k: npt.ArrayLike) -> FloatArray:
        """Heat capacity of the ideal gas (of the monomer where the vapour associates)."""
        return self.law("gas_cp_j_kg_k").at(t_k)

    def liquid_cp_j_kg_k(self, t_k: npt.ArrayLike) -> FloatArray:
        """Heat capacity of the liquid."""
        return self.law("liquid_cp_j_kg_k").at(t_k)

    def vaporisation_j_kg(self, t_k: npt.ArrayLike) -> FloatArray:
        """Heat of vaporisation to the real saturated vapour, zero at the critical point."""
        return self.law("vaporisation_j_kg").at(t_k)

    def diffusivity_m2_s(self, t_k: npt.ArrayLike) -> FloatArray:
        """Molecular diffusivity of the vapour in air at 1 atm."""
        return self.law("diffusivity_m2_s").at(t_k)

    def gamma(self, t_k: float) -> float:
        """Ratio of ideal gas heat capacities cp / cv at a temperature."""
        cp = float(self.gas_cp_j_kg_k(t_k))
        return cp / (cp - self.gas_constant_j_kg_k)

    def saturation_k(self, pressure_pa: float) -> float:
        """Temperature at which the vapour pressure is ``pressure_pa``, by bisection in the law's range.

        Raises SolverError where the law does not reach that pressure.
        """
        law = self.law("vapour_pressure_pa")
        low, high = law.low_k, law.high_k
        if not float(law.at(low)) <= pressure_pa <= float(law.at(high)):
            raise SolverError(
                f"pressure_pa is {pressure_pa:g}; the vapour pressure of {self.id} is known from "
                f"{float(law.at(low)):.3g} to {float(law.at(high)):.3g} Pa",
                message_zh=f"pressure_pa 为 {pressure_pa:g}；{self.id} 的蒸气压数据范围为 "
                f"{float(law.at(low)):.3g} 至 {float(law.at(high)):.3g} Pa",
                field="pressure_pa",
                value=pressure_pa,
            )
        for _ in range(60):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if float(law.at(middle)) < pressure_pa else (low, middle)
        return 0.5 * (low + high)

    def ppm_to_kg_m3(
        self, ppm: float, *, temperature_k: float = REFERENCE_K, pressure_pa: float = REFERENCE_PA
    ) -> float:
        """Mass concentration of a volume fraction in ppm, of the monomer."""
        return ppm_to_kg_m3(ppm, self.molar_mass_kg_mol, temperature_k=temperature_k, pressure_pa=pressure_pa)

    def level(
        self,
        level: int,
        exposure_s: float,
        *,
        kind: Kind = Kind.AEGL,
        temperature_k: float = REFERENCE_K,
        pressure_pa: float = REFERENCE_PA,
    ) -> LevelAt | None:
        """Level for an exposure time (log-log between tabulated ones); None where there is none."""
        return level_at(
            self.levels, level, exposure_s, kind=kind, temperature_k=temperature_k, pressure_pa=pressure_pa
        )

    def toxic_load_exponent(self) -> float | None:
        """Exponent n of the toxic load C^n t where one is published (``toxic_exponent_ratio``), else None."""
        row = self.numbers.get("toxic_exponent_ratio")
        return None if row is None else row.value

    def _missing(self, name: str) -> SolverError:
        return SolverError(
            f"{name} of {self.id} is not in the table of substances",
            message_zh=f"物质表中没有 {self.id} 的 {name}",
            field=name,
            value=self.id,
        )
