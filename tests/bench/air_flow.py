"""``python -m tests.bench.air_flow``: CPU-seconds of the wind library, the update and the look-up.

``--grow`` adds libraries of other sizes, ``--park`` that of the demonstration park.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from models.air.flow.fit import fit_flow
from models.air.flow.hill import linear_flow
from models.air.flow.library import FlowLibrary, build_library
from models.contract import Site
from tests.support.air_data import askervein
from twin.core.geometry import Extent, Place
from twin.core.origin import Origin
from twin.core.wind import WindSample

NOW = 1_795_000_000_000
SCENE = Path(__file__).resolve().parents[2] / "scenes" / "qingliu"


def cpu_s(work: Callable[[], object], repeat: int = 1) -> float:
    """Least CPU-seconds of a call."""
    least = float("inf")
    for _ in range(repeat):
        started = time.process_time()
        work()
        least = min(least, time.process_time() - started)
    return least


def mountains(width_m: float, step_m: float = 20.0) -> Site:
    """Rugged generated terrain: random waves, slopes to about one."""
    count = int(width_m / step_m) + 1
    random = np.random.default_rng(4)
    y, x = np.mgrid[0:count, 0:count] * step_m
    ground = np.zeros((count, count))
    for length in np.geomspace(200.0, 4000.0, 24):
        angle, phase = random.uniform(0.0, 2.0 * np.pi, 2)
        ground += (
            0.02 * length * np.cos(2.0 * np.pi * (x * np.cos(angle) + y * np.sin(angle)) / length + phase)
        )
    half = 0.5 * width_m
    return Site(
        extent=Extent(x_min_m=-half, y_min_m=-half, x_max_m=half, y_max_m=half),
        ground_heights_m=ground,
        x0_m=-half,
        y0_m=-half,
        step_m=step_m,
    )


def samples(site: Site, stations: int = 4, minutes: int = 50) -> list[WindSample]:
    """Readings every 10 s of some masts."""
    random = np.random.default_rng(6)
    places = random.uniform(-0.4, 0.4, (stations, 2)) * site.extent.width_m
    return [
        WindSample(
            sensor_id=f"W{s}",
            place=Place(x_m=float(places[s, 0]), y_m=float(places[s, 1]), z_m=0.0),
            height_m=10.0,
            time_ms=NOW + 10_000 * k,
            wind_speed_m_s=float(random.uniform(1.5, 3.0)),
            wind_from_deg=float(random.uniform(250.0, 290.0)),
            air_temperature_k=288.0,
            origin=Origin.SIMULATED,
        )
        for s in range(stations)
        for k in range(6 * minutes)
    ]


def look_ups(library: FlowLibrary, site: Site) -> None:
    """The update and what a solver asks."""
    rows = samples(site)
    update = cpu_s(lambda: fit_flow(rows, library, site), 5)
    print(f"update, 4 stations x 50 min of 10 s readings, all nodes again: {1000.0 * update:.1f} ms CPU")
    wind = fit_flow(rows, library, site)
    print(f"20 members: {1000.0 * cpu_s(lambda: wind.members(20, seed=1), 3):.1f} ms CPU")
    random = np.random.default_rng(0)
    for count in (100, 4_000, 100_000):
        x, y = random.uniform(-0.5, 0.5, (2, count)) * site.extent.width_m
        z = random.uniform(1.0, 100.0, count)
        first = cpu_s(lambda x=x, y=y, z=z: wind.at(x, y, NOW + 100_000, z))
        again = cpu_s(lambda x=x, y=y, z=z: wind.at(x, y, NOW + 100_000, z), 5)
        print(f"at, {count} points: {1000.0 * first:.2f} ms CPU, again at that moment {1000.0 * again:.2f}")


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--grow", action="store_true")
    parser.add_argument("--park", action="store_true")
    options = parser.parse_args()
    for width in (1250.0, 2500.0, 5000.0) if options.grow else (5000.0,):
        site = mountains(width)
        libraries: list[FlowLibrary] = []
        spent = cpu_s(lambda site=site, out=libraries: out.append(build_library(site)))
        library = libraries[-1]
        ny, nx = library.ground_m.shape
        print(
            f"library {width / 1000:g} x {width / 1000:g} km at 20 m, {ny * nx} columns, steepest "
            f"{library.steepest:.2f}: {spent:.1f} CPU-s, {library.ratio.nbytes / 1e6:.0f} MB"
        )
    look_ups(library, site)
    if options.park:
        from gis.scene.load import load_scene
        from twin.live.worker import ground_of

        scene = load_scene(SCENE)
        park = ground_of(scene.park, scene.terrain()).site
        print(f"library of the demonstration park: {cpu_s(lambda: build_library(park)):.1f} CPU-s")
    try:
        hill = askervein.load()
    except FileNotFoundError:
        print("Askervein: data are not there")
        return
    spent = cpu_s(lambda: linear_flow(hill.terrain, 210.0, roughness_m=0.03), 2)
    print(f"Askervein, 257 x 257 nodes, 8 levels, one inflow: {spent:.2f} CPU-s (WindNinja 5.3 to 11.2)")


if __name__ == "__main__":
    main()
