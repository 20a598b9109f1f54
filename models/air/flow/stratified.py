"""How far linear theory is believed in stable air, and how stable the air above a hill can be.

The gradient of potential temperature at the height L follows from the surface layer (Dyer 1974):
``N^2 = (1 + 5) u*^2 / (kappa L)^2``. It is not carried further than the steepest inversion that regulatory
models assume, 0.035 K/m in class F (EPA 1995, ISC3 vol. II, 1.1.4.1), and no further than linear waves
hold: over a height h the air neither overturns nor stagnates while ``N h / U < 0.85`` (Miles and Huppert
1969, J. Fluid Mech. 35, 497-525; 1.1 and more for a round hill, Smith 1989, Adv. Geophys. 31, 1-41). Of
deeper stable air only the part above the dividing streamline passes over, as thick as U / N (Hunt and
Snyder 1980, J. Fluid Mech. 96, 671-704), and that much of the ground bends it: the rest goes around,
which the projection does.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from models.air.flow.inflow import REFERENCE_M, Inflow
from models.air.turbulence import wind_profile
from models.limits import Limit
from twin.core.geometry import FloatArray
from twin.core.text import Text

LEAST_1_M, MOST_1_M = -0.02, 0.01  # 1/L of the library's first and last row
FROUDE_LIMIT = 0.85
MOST_BUOYANCY_1_S = math.sqrt(9.81 / 290.0 * 0.035)

SLOPE_LIMIT = Limit(
    quantity="terrain_slope",
    units="1",
    high=0.6,
    why=Text(
        zh="线性理论只在缓坡上得到验证；更陡处按坡度 0.3 截断并作背风衰减",
        en="linear theory is proved on gentle slopes; steeper ground is cut to 0.3 and its lee sheltered",
    ),
)
STABILITY_LIMIT = Limit(
    quantity="inverse_obukhov_1_m",
    units="1/m",
    low=LEAST_1_M,
    high=MOST_1_M,
    why=Text(
        zh="更不稳定或更稳定的大气，地形作用按边界值计算",
        en="what terrain does to air beyond counts as at the bound; the profile is that of the air",
    ),
)
FROUDE_LIMIT_ROW = Limit(
    quantity="buoyancy_height_over_speed",
    units="1",
    high=FROUDE_LIMIT,
    why=Text(
        zh="N h / U 更大时气流被阻挡或破碎，线性理论不再成立；山体按可越过的气层高度计算",
        en="air is blocked or waves break where N h / U is larger: the hill is cut to what air passes over",
    ),
)
LIMITS = (SLOPE_LIMIT, STABILITY_LIMIT, FROUDE_LIMIT_ROW)


def buoyancy_per_speed(roughness_m: float, inverse_obukhov_1_m: float, speed_10_m_s: float) -> float:
    """Buoyancy frequency of the air above a hill over its speed at 10 m, 1/m; 0 unless stable.

    ``speed_10_m_s`` is the undisturbed speed at 10 m, ``inverse_obukhov_1_m`` counts up to the bound.
    """
    inverse = min(max(inverse_obukhov_1_m, 0.0), MOST_1_M)
    shape = float(wind_profile(REFERENCE_M, roughness_m, inverse))
    # u* / kappa over the speed at 10 m is 1 / shape.
    ratio = math.sqrt(6.0) * inverse / shape
    return min(ratio, MOST_BUOYANCY_1_S / max(speed_10_m_s, 1e-6))


def relief_m(ground_m: npt.ArrayLike) -> float:
    """Height range of the ground above its mean slope: a plain that tilts is no hill."""
    ground = np.asarray(ground_m, dtype=np.float64)
    y, x = (axis - axis.mean() for axis in np.mgrid[0 : ground.shape[0], 0 : ground.shape[1]].astype(float))
    level = ground - ground.mean()
    tilt = (level * x).sum() / max((x * x).sum(), 1.0), (level * y).sum() / max((y * y).sum(), 1.0)
    return float(np.ptp(level - tilt[0] * x - tilt[1] * y))


def steepest(ground_m: npt.ArrayLike, step_m: float) -> float:
    """Largest slope of the ground, rise over run."""
    north, east = np.gradient(np.asarray(ground_m, dtype=np.float64), step_m)
    return float(np.hypot(east, north).max())


def blocking(inflow: Inflow, height_m: float) -> float:
    """``N h / U`` with the undisturbed speed that passes over a hill of this height."""
    speed = float(inflow.passing(np.asarray(max(height_m, REFERENCE_M))))
    return inflow.buoyancy_per_speed_1_m * height_m / speed


def over_it(ground_m: FloatArray, inflow: Inflow) -> float:
    """Part of the ground's height that air passes over, 0 to 1: 1 while ``N h / U`` holds."""
    number = blocking(inflow, relief_m(ground_m))
    return 1.0 if number <= FROUDE_LIMIT else FROUDE_LIMIT / number
