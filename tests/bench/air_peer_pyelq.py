"""W1 in pyELQ: run by ``tests.bench.air_speed`` with an interpreter that has ``pyelq`` (see ``PEER`` there).

``python air_peer_pyelq.py workload.npz result.npz``; imports nothing of this project.
"""

from __future__ import annotations

import sys
import time

import numpy as np
import pandas as pd
from pyelq.coordinate_system import ENU
from pyelq.dispersion_model.gaussian_plume import GaussianPlume
from pyelq.meteorology.meteorology import Meteorology
from pyelq.sensor.beam import Beam
from pyelq.sensor.sensor import SensorGroup
from pyelq.source_map import SourceMap


def enu(points: np.ndarray) -> ENU:
    """Points (n, 3) in the local frame."""
    east, north, up = np.atleast_2d(points).T
    return ENU(ref_latitude=0.0, ref_longitude=0.0, ref_altitude=0.0, east=east, north=north, up=up)


def main(workload: str, result: str) -> None:
    """CPU seconds of the coupling, and the matrix (n_times, n_beams, n_sources) in s/m3."""
    given = np.load(workload)
    moments = pd.date_range("2026-01-01", periods=given["u"].size, freq="10min").array
    weather = Meteorology()
    weather.time, weather.u_component, weather.v_component = moments, given["u"], given["v"]
    weather.wind_turbulence_horizontal = np.full(given["u"].size, 10.0)
    weather.wind_turbulence_vertical = np.full(given["u"].size, 5.0)
    group = SensorGroup()
    for k, ends in enumerate(given["segments"]):
        beam = Beam()
        beam.label, beam.location, beam.time = f"B{k}", enu(ends), moments
        beam.concentration = np.zeros(given["u"].size)
        group.add_sensor(beam)
    sources = SourceMap()
    sources.location = enu(given["sources"])
    model = GaussianPlume(source_map=sources)
    start = time.process_time()
    found = model.compute_coupling(group, weather, gas_object=None, run_interpolation=False)
    spent = time.process_time() - start
    matrix = np.stack([found[f"B{k}"] for k in range(len(given["segments"]))], axis=1)
    np.savez(result, cpu_s=spent, matrix=matrix.astype(np.float32) * 3600.0 / 1e6)


if __name__ == "__main__":
    main(*sys.argv[1:3])
