"""Desert Tortoise 4: 113 kg/s of ammonia from under pressure over a dry lake bed (Goldwire et al. 1985).

The file holds rate, duration, wind, roughness and arc maxima. The hole (3.72 inch, 94.5 mm) and the storage
temperature (297 K) are those of Goldwire et al. (1985, UCID-20562) as tabulated by Hanna, Strimaitis and
Chang (1991), from memory; the relative humidity (21 %) is that of SLAB's shipped case of the same trial.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from models.air.dense.cloud import DenseCloud
from models.air.dense.similarity import ambient_of_class, similarity_run, simple_term
from models.substances.table import substance
from models.term import Ambient, SourceTerm
from twin.core.geometry import FloatArray

FILE = Path(__file__).parents[4] / "shared/data/air/dense_gas_arcs/desert_tortoise_4.json"
HOLE_M = 0.0945
STORED_K = 297.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DesertTortoise:
    """Arc maxima ``conc_kg_m3`` (n,) at ``x_m`` (n,), 1 m above ground, and our cloud of the trial."""

    x_m: FloatArray
    conc_kg_m3: FloatArray
    cloud: DenseCloud
    ambient: Ambient
    term: SourceTerm

    @property
    def predicted_kg_m3(self) -> FloatArray:
        """The same by the one-dimensional model."""
        return self.cloud.centreline_kg_m3(self.x_m, 1.0)


def expanded(rate_kg_s: float, pressure_pa: float) -> tuple[float, float, float]:
    """Speed, temperature and liquid fraction of the flashing jet at ambient pressure.

    Momentum and enthalpy between the saturated liquid in the opening and ambient pressure.
    """
    row = substance("nh3")
    area = np.pi * HOLE_M**2 / 4.0
    inside = float(row.vapour_pressure_pa(STORED_K))
    speed = rate_kg_s / (float(row.liquid_density_kg_m3(STORED_K)) * area)
    faster = speed + (inside - pressure_pa) * area / rate_kg_s
    boiling = row.saturation_k(pressure_pa)
    middle = 0.5 * (STORED_K + boiling)
    freed = float(row.liquid_cp_j_kg_k(middle)) * (STORED_K - boiling) - 0.5 * (faster**2 - speed**2)
    return faster, boiling, 1.0 - freed / float(row.vaporisation_j_kg(boiling))


def desert_tortoise_4(averaging_s: float = 60.0) -> DesertTortoise:
    """The trial. Skips when the data are not there."""
    if not FILE.exists():
        pytest.skip(f"{FILE.name} is not there: published data live outside this tree")
    row = json.loads(FILE.read_text(encoding="utf-8"))[0]
    ambient = ambient_of_class(
        wind_speed_m_s=row["u_m_s"],
        wind_height_m=row["u_height_m"],
        pasquill=row["stability"],
        roughness_m=row["z0_m"],
        temperature_k=row["T_K"],
        relative_humidity_fraction=0.21,
        pressure_pa=row["p_Pa"],
    )
    speed, temperature, liquid = expanded(row["q_kg_s"], row["p_Pa"])
    term = simple_term(
        "nh3",
        shape="jet",
        rate_kg_s=row["q_kg_s"],
        duration_s=row["duration_s"],
        temperature_k=temperature,
        liquid_fraction=liquid,
        height_m=row["release_h_m"],
        speed_m_s=speed,
    )
    return DesertTortoise(
        x_m=np.array([float(key) for key in row["obs"]]),
        conc_kg_m3=np.array([float(value) for value in row["obs"].values()]),
        cloud=similarity_run(term, ambient, averaging_s=averaging_s),
        ambient=ambient,
        term=term,
    )
