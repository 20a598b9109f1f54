"""The chlorine case that both reference programs were given: 10 kg/s from a pool of 5 m radius, class D.

Wind 5 m/s at 10 m, z0 0.03 m; see SOURCES.md of the shared data. Beside it a jet of hydrogen fluoride.
"""

from __future__ import annotations

import numpy as np

from models.air.dense.similarity import ambient_of_class, simple_term

DISTANCES_M = np.array([100.0, 150.0, 200.0, 300.0, 500.0, 700.0, 1000.0, 1500.0, 2000.0, 3000.0])
AIR = ambient_of_class(
    wind_speed_m_s=5.0,
    wind_height_m=10.0,
    pasquill="D",
    roughness_m=0.03,
    temperature_k=293.15,
    relative_humidity_fraction=0.5,
)
CHLORINE = simple_term(
    "cl2", shape="pool", rate_kg_s=10.0, duration_s=6000.0, radius_m=5.0, temperature_k=239.1
)
ACID = simple_term(
    "hf",
    shape="jet",
    rate_kg_s=10.0,
    duration_s=360.0,
    temperature_k=290.0,
    liquid_fraction=0.85,
    speed_m_s=25.0,
    height_m=1.0,
)
