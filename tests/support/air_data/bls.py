"""C / E of the reference kernel of backward particles: two meteorologies, three areas."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from models.air.particles.profile import Turbulence
from twin.core.geometry import FloatArray

FILE = Path(__file__).parents[4] / "shared/data/air/bls_reference_kernel.csv"
_WIDE_M = 20_000.0  # the reference's strips have no end; particles go no farther than this


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceArea:
    """One row of the table."""

    case: str
    name: str
    turbulence: Turbulence
    height_m: float
    area_m: FloatArray
    value_s_m: float
    error_s_m: float


def reference_areas() -> list[ReferenceArea]:
    """Rows of the table; the test is skipped, saying so, where it is not there."""
    if not FILE.exists():
        pytest.skip("bls_reference_kernel.csv is not here")
    with FILE.open() as file:
        return [_area(row) for row in csv.DictReader(file)]


def _area(row: dict[str, str]) -> ReferenceArea:
    low, high = max(float(row["y0"]), -_WIDE_M), min(float(row["y1"]), _WIDE_M)
    near, far = float(row["x1"]), float(row["x0"])
    return ReferenceArea(
        case=row["case"],
        name=row["source"],
        turbulence=Turbulence(
            friction_velocity_m_s=float(row["ustar"]),
            inverse_obukhov_1_m=1.0 / float(row["L"]),
            roughness_m=float(row["z0"]),
            sigma_u_ratio=float(row["sUu"]),
            sigma_v_ratio=float(row["sVu"]),
            sigma_w_ratio=float(row["bw"]),
        ),
        height_m=float(row["z"]),
        area_m=np.array([(far, low), (near, low), (near, high), (far, high)]),
        value_s_m=float(row["CE_s_per_m"]),
        error_s_m=float(row["se"]),
    )
