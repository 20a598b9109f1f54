"""Cases of the backward particle model: C/E of areas at sensors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from models.air.case.ground import ground_of
from models.air.case.load import LoadedCase, bad_value
from models.air.case.met import Air, air_of
from models.air.case.missing import entry
from models.air.case.result import CaseResult, make_table
from models.air.case.schema import AreaRow, BackwardCase, SensorRow
from twin.core.geometry import FloatArray
from twin.core.origin import Origin

_ROOM = "models.air.particles.backward"
_PATH_NODES = 16
_NEUTRAL_SIGMA_W = 1.25
VERSION = "1"


def run_backward(loaded: LoadedCase) -> CaseResult:
    """Run a case of kind ``backward``: one catalogue per height, read for every sensor and area."""
    case = loaded.case
    assert isinstance(case, BackwardCase)
    site = ground_of(case.site, loaded.folder, loaded.source).site
    air = air_of(case.air, case.run, site, loaded.source)
    catalogues: dict[float, Any] = {}
    rows: list[tuple[str, float, float, float]] = []
    for sensor in case.sensor:
        height = sensor.height_m - site.displacement_m
        if height <= site.roughness_m:
            lowest = site.displacement_m + site.roughness_m
            raise bad_value(
                loaded.source,
                "sensor.height_m",
                sensor.height_m,
                f"more than displacement and roughness together, {lowest:g} m",
                f"高于零平面位移与粗糙度之和 {lowest:g} m",
            )
        if height not in catalogues:
            catalogues[height] = entry(_ROOM, "catalogue", "the backward particle model")(
                _turbulence(case, air, height, site.roughness_m),
                height,
                fetch_m=case.fetch_m,
                particles=case.particles,
                seed=case.seed,
                arrays=case.backend,
            )
        points, weights = _points(sensor)
        for area in case.area:
            estimate = entry(_ROOM, "conc_per_flux", "the backward particle model")(
                catalogues[height],
                corners_of(area),
                sensors_m=points,
                weights=weights,
                wind_from_deg=(air.wind_from_deg - site.convergence_deg) % 360.0,
            )
            name = area.id if len(case.sensor) == 1 else f"{sensor.id}/{area.id}"
            rows.append((name, sensor.height_m, estimate.value_s_m, estimate.error_s_m))
    columns = list(zip(*rows, strict=True))
    table = make_table(
        "ratios",
        [
            ("receptor", "", columns[0]),
            ("height", "m", columns[1]),
            ("ce", "s/m", columns[2]),
            ("ce_error", "s/m", columns[3]),
        ],
    )
    layer = air.layer
    return CaseResult(
        id=loaded.id,
        kind="backward",
        title=case.title,
        solver=f"backward_particles.{case.backend}",
        version=VERSION,
        origin=Origin(case.origin),
        tables={"ratios": table},
        inputs=(
            f"u* {layer.friction_velocity_m_s:g} m/s, 1/L {layer.inverse_obukhov_1_m:g} 1/m, "
            f"z0 {site.roughness_m:g} m, {case.particles} particles, seed {case.seed}",
        ),
        notes=_notes(case, air),
    )


def _notes(case: BackwardCase, air: Air) -> tuple[str, ...]:
    """Notes of the air, of which those on sigma_v are about a similarity that this model does not take."""
    kept = [note for note in air.notes if not note.startswith("sigma_v")]
    stated_v = case.air.sigma_v_m_s is not None or case.air.sigma_theta_deg is not None
    return (*kept, *(() if stated_v else ("sigma_v taken as 2.0 u*",)))


def corners_of(area: AreaRow) -> FloatArray:
    """Corners (n, 2) of an area."""
    if area.polygon_m:
        return np.array(area.polygon_m, dtype=np.float64)
    x0, x1, y0, y1 = area.x_min_m, area.x_max_m, area.y_min_m, area.y_max_m
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], dtype=np.float64)


def _turbulence(case: BackwardCase, air: Air, height_m: float, roughness_m: float) -> Any:
    from models.air.particles.profile import Turbulence

    friction, inverse = air.layer.friction_velocity_m_s, air.layer.inverse_obukhov_1_m
    sigma_w = _NEUTRAL_SIGMA_W
    if case.air.sigma_w_m_s is not None:
        z = case.air.sigma_w_height_m or height_m
        sigma_w = case.air.sigma_w_m_s / friction / float(np.cbrt(1.0 - 3.0 * min(z * inverse, 0.0)))
    sigma_u = case.air.sigma_u_m_s
    stated_v = case.air.sigma_v_m_s is not None or case.air.sigma_theta_deg is not None
    return Turbulence(
        friction_velocity_m_s=friction,
        inverse_obukhov_1_m=inverse,
        roughness_m=roughness_m,
        sigma_u_ratio=2.5 if sigma_u is None else sigma_u / friction,
        sigma_v_ratio=air.layer.sigma_v_m_s / friction if stated_v else 2.0,
        sigma_w_ratio=sigma_w,
        mixing_height_m=case.air.mixing_height_m or math.inf,
    )


def _points(sensor: SensorRow) -> tuple[FloatArray, FloatArray]:
    start = np.array([sensor.x_m, sensor.y_m])
    if sensor.to_x_m is None or sensor.to_y_m is None:
        return start[None, :], np.ones(1)
    end = np.array([sensor.to_x_m, sensor.to_y_m])
    abscissa, weight = np.polynomial.legendre.leggauss(_PATH_NODES)
    along = (abscissa + 1.0) / 2.0
    return start + along[:, None] * (end - start), weight / weight.sum()
