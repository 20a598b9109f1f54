"""How a cloud grows along the wind: shear carries its top ahead of its foot.

The second moment of a puff on the ground, by the diffusivity and the wind of the surface layer (the moments
of Aris 1956, Proc. R. Soc. A 235, 67-77, as Saffman 1962, Q. J. R. Meteorol. Soc. 88, 382-393, and Chatwin
1968, same journal 94, 350-360, took them to the air), grows as ``2.0 u* t`` in neutral air, which is what
field puffs show (Hanna and Franzese 2000, J. Appl. Meteorol. 39, 1700-1714), and faster in stable air, where
the wind turns more from height to height: ``d sigma_x / dt = 2 u* (1 + 2.9 z / L)`` at the mean height of the
gas follows the moments within 7 per cent up to z = L; a test computes them anew.
"""

from __future__ import annotations

import numpy as np

from twin.core.geometry import FloatArray

ALONG_WIND = 2.0  # of the friction velocity
STABLE = 2.9  # of the mean height over the Obukhov length


def along_wind_spread_m(
    time_s: FloatArray, mean_height_m: FloatArray, friction_m_s: float, inverse_obukhov_1_m: float
) -> FloatArray:
    """Standard deviation along the wind, metres, at the times (n,) of a cloud of these mean heights (n,).

    Stability counts up to a mean height of one Obukhov length, the end of the surface layer's laws.
    """
    stable = np.clip(mean_height_m * inverse_obukhov_1_m, 0.0, 1.0)
    speed = ALONG_WIND * friction_m_s * (1.0 + STABLE * stable)
    grown = np.cumsum(0.5 * (speed[1:] + speed[:-1]) * np.diff(time_s))
    return np.asarray(speed[0] * time_s[0] + np.concatenate([[0.0], grown]), dtype=np.float64)
