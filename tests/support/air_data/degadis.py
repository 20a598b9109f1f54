"""What DEGADIS 2.1 (degali 0.1.0) gave for the chlorine case: mole fraction on the ground, by distance."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from twin.core.geometry import FloatArray

FILE = Path(__file__).parents[4] / "shared/data/air/degadis/cl2_profile_degali_0.1.0.csv"


def degadis_fraction(x_m: FloatArray) -> FloatArray:
    """Volume fraction on the centreline at distances, log-log. Skips when the data are not there."""
    if not FILE.exists():
        pytest.skip(f"{FILE.name} is not there: published data live outside this tree")
    rows = np.loadtxt(FILE, delimiter=",")
    return np.exp(np.interp(np.log(x_m), np.log(rows[:, 0]), np.log(rows[:, 1])))
