"""Project Prairie Grass (Barad 1958): SO2 from a pipe over a mown prairie, arcs at 50 to 800 m.

The data lie beside the project (``../shared/data/air/prairie_grass``). Meteorology is that of the table:
L, speed and scatter of the direction at 2 m, mixing height. u* is not taken from it: it was fitted with a
von Karman constant of 0.35, and follows here from speed, L and roughness.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.air.deposition import NOTHING, SUBSTANCES, Removal
from models.air.plume import PlumeAir, plume_air, steady_plume
from models.air.puff import GaussianPuff
from models.air.wind import uniform_wind
from models.contract import flat_site
from twin.core.beam import Receptor, point_receptor
from twin.core.clock import Interval
from twin.core.geometry import Extent, FloatArray, Place, frozen
from twin.core.origin import Origin
from twin.core.release import Release

ARCS = Path(__file__).parents[4] / "shared" / "data" / "air" / "prairie_grass" / "arcs_odd_runs.csv"
ROUGHNESS_M = 0.006
WIND_HEIGHT_M = 2.0
WIDTH_M = 3000.0
END_MS = 1_000_000_000_000
WINDOW = Interval(start_ms=END_MS - 1_200_000, end_ms=END_MS)
SITE = flat_site(
    Extent(x_min_m=-2000.0, y_min_m=-2000.0, x_max_m=2000.0, y_max_m=2000.0), roughness_m=ROUGHNESS_M
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Run:
    """A run with meteorology, its arcs in order: distances, observed maxima and crosswind integrals."""

    name: str
    air: PlumeAir
    rate_kg_s: float
    height_m: float
    radius_m: FloatArray
    receptor_m: FloatArray
    observed: FloatArray  # (n, 2): kg/m3, kg/m2


def runs(path: Path = ARCS) -> tuple[Run, ...]:
    """All runs with meteorology. Raises FileNotFoundError where the data are not there."""
    by_run: dict[str, list[dict[str, str]]] = {}
    with path.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["u2_m_s"]:
                by_run.setdefault(row["run"], []).append(row)
    return tuple(_run(rows) for rows in by_run.values())


def _run(rows: list[dict[str, str]]) -> Run:
    first = rows[0]
    lid = float(first["h_mix_m"])
    return Run(
        name=first["run"],
        air=plume_air(
            wind_speed_m_s=float(first["u2_m_s"]),
            wind_height_m=WIND_HEIGHT_M,
            roughness_m=ROUGHNESS_M,
            inverse_obukhov_1_m=1.0 / float(first["L_m"]),
            sigma_theta_deg=float(first["sigma_azim_deg"]),
            lid_m=lid if lid > 0.0 else None,
        ),
        rate_kg_s=float(first["Q_g_s"]) / 1000.0,
        height_m=float(first["source_h_m"]),
        radius_m=frozen([float(row["arc_m"]) for row in rows]),
        receptor_m=frozen([float(row["receptor_h_m"]) for row in rows]),
        observed=frozen([[float(row["arc_max_mg_m3"]), float(row["cic_mg_m2"])] for row in rows]) * 1e-6,
    )


def observed(rows: tuple[Run, ...]) -> FloatArray:
    """Arc maximum (kg/m3) and crosswind integral (kg/m2) of all arcs, (n, 2)."""
    return np.concatenate([row.observed for row in rows])


def steady(rows: tuple[Run, ...], removal: Removal = SUBSTANCES["so2"]) -> FloatArray:
    """The steady plume's centreline and crosswind integral, (n, 2)."""
    return np.concatenate([_steady(row, removal) for row in rows])


def _steady(run: Run, removal: Removal) -> FloatArray:
    plume = steady_plume(
        run.air, rate_kg_s=run.rate_kg_s, height_m=run.height_m, reach_m=1000.0, removal=removal
    )
    return np.column_stack(
        [
            plume.conc_kg_m3(run.radius_m, 0.0, run.receptor_m),
            plume.cic_kg_m2(run.radius_m, run.receptor_m),
        ]
    )


def puffs(
    rows: tuple[Run, ...],
    *,
    sigma_start_m: float = 0.1,
    step_s: float = 30.0,
    removal: Removal = SUBSTANCES["so2"],
) -> FloatArray:
    """The same of the row ``gaussian_puff``; the live twin begins with ``sigma_start_m`` 1."""
    lost: Mapping[str, Removal] = {} if removal == NOTHING else {"so2": removal}
    solver = GaussianPuff(sigma_start_m=sigma_start_m, step_s=step_s, removal=lost)
    return np.concatenate([_puffs(row, solver) for row in rows])


def _puffs(run: Run, solver: GaussianPuff) -> FloatArray:
    release = Release(
        id=run.name,
        substance_id="so2",
        place=Place(x_m=0.0, y_m=0.0, z_m=run.height_m),
        height_m=run.height_m,
        rate_kg_s=run.rate_kg_s,
        interval=WINDOW,
        origin=Origin.MEASURED,
    )
    places = list(zip(run.radius_m.tolist(), run.receptor_m.tolist(), strict=True))
    points = [point_receptor(f"{x}", Place(x_m=x, y_m=0.0, z_m=z)) for x, z in places]
    across = [
        Receptor(
            sensor_id=f"{x} across",
            points_m=frozen([[x, 0.0, z]]),
            weights=frozen([1.0]),
            segment_m=frozen([[x, -WIDTH_M / 2, z], [x, WIDTH_M / 2, z]]),
        )
        for x, z in places
    ]
    air = run.air
    wind = uniform_wind(
        air.wind_speed_m_s, 270.0, air.layer, height_m=air.wind_height_m, roughness_m=air.roughness_m
    )
    read = solver.beam_matrix(SITE, [release], wind, WINDOW, [*points, *across], [END_MS])[0, :, 0]
    return np.column_stack([read[: len(points)], read[len(points) :] * WIDTH_M])


def scores(measured: FloatArray, modelled: FloatArray) -> dict[str, float]:
    """FAC2, FB, NMSE, MG and VG (Chang and Hanna 2004, Meteorol. Atmos. Phys. 87, 167-196)."""
    ratio = np.log(measured / modelled)
    product = measured.mean() * modelled.mean()
    return {
        "fac2": float(np.mean(np.abs(ratio) <= math.log(2.0))),
        "fb": float(2.0 * (measured.mean() - modelled.mean()) / (measured.mean() + modelled.mean())),
        "nmse": float(((measured - modelled) ** 2).mean() / product),
        "mg": float(np.exp(ratio.mean())),
        "vg": float(np.exp((ratio**2).mean())),
    }
