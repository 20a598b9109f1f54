"""The workbook curves of Britter and McQuaid (1988, HSE CRR 17) for dense gas at the ground.

Distances to fractions of the source's concentration, straight lines through the printed curves as tabulated
in CCPS (1999, Guidelines for consequence analysis of chemical releases) and by Crowl and Louvar. They rest on
field trials over smooth ground (Thorney Island, Maplin Sands, China Lake) and know no roughness; sudden
clouds by peaks of about a second, so a mean of an ensemble may lie below.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from models.air.dense.cloud import DenseCloud
from models.air.dense.similarity import ambient_of_class, similarity_run, simple_term
from models.air.dense.table import mixture_table
from models.term import Ambient
from twin.core.geometry import FloatArray

# fraction: rows of (alpha up to, slope, constant); beta = slope alpha + constant
STEADY = {
    0.1: ((-0.55, 0.0, 1.75), (-0.14, 0.24, 1.88), (1.0, -0.5, 1.78)),
    0.05: ((-0.68, 0.0, 1.92), (-0.29, 0.36, 2.16), (-0.18, 0.0, 2.06), (1.0, -0.56, 1.96)),
    0.02: ((-0.69, 0.0, 2.08), (-0.31, 0.45, 2.39), (-0.16, 0.0, 2.25), (1.0, -0.54, 2.16)),
    0.01: ((-0.70, 0.0, 2.25), (-0.29, 0.49, 2.59), (-0.20, 0.0, 2.45), (1.0, -0.52, 2.35)),
    0.005: ((-0.67, 0.0, 2.40), (-0.28, 0.59, 2.80), (-0.15, 0.0, 2.63), (1.0, -0.49, 2.56)),
    0.002: ((-0.69, 0.0, 2.60), (-0.25, 0.39, 2.87), (-0.13, 0.0, 2.77), (1.0, -0.50, 2.71)),
}
SUDDEN = {
    0.1: ((-0.44, 0.0, 0.70), (0.43, 0.26, 0.81), (1.0, 0.0, 0.93)),
    0.05: ((-0.56, 0.0, 0.85), (0.31, 0.26, 1.0), (1.0, -0.12, 1.12)),
    0.02: ((-0.66, 0.0, 0.95), (0.32, 0.36, 1.19), (1.0, -0.26, 1.38)),
    0.01: ((-0.71, 0.0, 1.15), (0.37, 0.34, 1.39), (1.0, -0.38, 1.66)),
    0.005: ((-0.52, 0.0, 1.48), (0.24, 0.26, 1.62), (1.0, -0.30, 1.75)),
    0.002: ((0.27, 0.0, 1.83), (1.0, -0.32, 1.92)),
    0.001: ((-0.10, 0.0, 2.075), (1.0, -0.27, 2.05)),
}
Curve = tuple[tuple[float, float, float], ...]


def beta(curve: Curve, alpha: float) -> float:
    """Logarithm of the scaled distance; beyond 1 the last line goes on."""
    for row in curve:
        if alpha <= row[0]:
            break
    return row[1] * alpha + row[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Our fraction of the source's concentration over the workbook's ``fraction`` (n,) at ``x_m`` (n,)."""

    alpha: float
    x_m: FloatArray
    fraction: FloatArray
    ratio: FloatArray


def steady(flow_m3_s: float, wind_m_s: float, radius_m: float, roughness_m: float) -> Compared:
    """Chlorine and as much air by mass, from a pool, at the air's temperature; means over a minute."""
    air, density, excess = _air(wind_m_s, roughness_m)
    term = simple_term(
        "cl2",
        shape="pool",
        temperature_k=_KELVIN,
        rate_kg_s=0.5 * density * flow_m3_s,
        air_fraction=0.5,
        radius_m=radius_m,
        duration_s=36_000.0,
    )
    alpha = 0.2 * math.log10(excess**2 * flow_m3_s / wind_m_s**5)
    length = math.sqrt(flow_m3_s / wind_m_s)
    return _compared(STEADY, alpha, length, similarity_run(term, air, averaging_s=60.0))


def sudden(volume_m3: float, wind_m_s: float, radius_m: float, roughness_m: float) -> Compared:
    """The same mixture as a cylinder; means over a second."""
    air, density, excess = _air(wind_m_s, roughness_m)
    term = simple_term(
        "cl2",
        shape="instant",
        temperature_k=_KELVIN,
        mass_kg=0.5 * density * volume_m3,
        air_fraction=0.5,
        radius_m=radius_m,
    )
    length = volume_m3 ** (1.0 / 3.0)
    alpha = 0.5 * math.log10(excess * length / wind_m_s**2)
    return _compared(SUDDEN, alpha, length, similarity_run(term, air, averaging_s=1.0))


_KELVIN = 293.15


def _air(wind_m_s: float, roughness_m: float) -> tuple[Ambient, float, float]:
    air = ambient_of_class(
        pasquill="D",
        wind_speed_m_s=wind_m_s,
        wind_height_m=10.0,
        roughness_m=roughness_m,
        temperature_k=_KELVIN,
        relative_humidity_fraction=0.3,
    )
    table = mixture_table("cl2", _KELVIN, 0.0, air, air_fraction=0.5)
    density = float(table.density_kg_m3[-1])
    return air, density, 9.81 * (density / table.ambient_density_kg_m3 - 1.0)


def _compared(curves: dict[float, Curve], alpha: float, length_m: float, cloud: DenseCloud) -> Compared:
    fraction = np.array(list(curves))
    x = np.array([length_m * 10.0 ** beta(curve, alpha) for curve in curves.values()])
    ours = 1e-6 * cloud.ppm_of(cloud.centreline_kg_m3(x)) / cloud.table.mole_fraction[-1]
    return Compared(alpha=alpha, x_m=x, fraction=fraction, ratio=ours / fraction)
