"""Speed of puffs, maps and couplings: ``python -m tests.bench.air_speed [growth.json]``.

CPU-seconds, the best of three runs, with OMP_NUM_THREADS=1. Published programs need, on another machine of
the same kind, 6.28 (W1, pyELQ 1.2.7), 6.76 (W4) and 0.587 (W5, both FastGaussianPuff). W1 runs pyELQ side by
side when PARK_TWIN_PYELQ names a Python interpreter that has it. Errors are against fine quadrature
(W1: every pair above 1e-6 of its beam's largest, sample of 4,000) and against the same scheme with all
steps ten times finer (W4, W5: relative L2 norm over all cells or knots and minutes, and largest difference
over largest value).
"""

from __future__ import annotations

import json
import logging
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from models.air.cloud import clouds, emissions_of, joined
from models.air.coupling import coupling_matrix, spread_of_angles
from models.air.ground import MapGrid, level_maps
from models.air.means import mean_fields, mean_readings
from models.air.paths import pieces_of
from models.air.puff import GaussianPuff
from models.air.tracks import Fineness
from models.air.wind import StationWind, field_from_samples
from models.contract import flat_site
from tests.models.air.test_coupling import by_quadrature
from twin.core.beam import Receptor, point_receptor
from twin.core.clock import Interval
from twin.core.geometry import Extent, FloatArray, Place, frozen
from twin.core.origin import Origin
from twin.core.plume import PlumeGrid
from twin.core.release import Release
from twin.core.wind import WindSample

PEER = "PARK_TWIN_PYELQ"
START_MS = 1_795_000_020_000
HOUR = Interval(start_ms=START_MS, end_ms=START_MS + 3_600_000)
MINUTES = [START_MS + 60_000 * k for k in range(61)]
PLAIN = Extent(x_min_m=-700.0, y_min_m=-700.0, x_max_m=700.0, y_max_m=700.0)
PARK = Extent(x_min_m=-2560.0, y_min_m=-2560.0, x_max_m=2560.0, y_max_m=2560.0)
W4 = (Fineness(step_s=5.0, longest_s=20.0, growth=0.1, spacing=0.75, far_m=300.0), 16)
W5 = (Fineness(step_s=5.0, longest_s=20.0, growth=0.15, spacing=1.0, far_m=300.0), 4)
_log = logging.getLogger(__name__)


def cpu_s(work: Callable[[], object], runs: int = 3) -> float:
    """CPU-seconds of the best of some runs."""
    best = math.inf
    for _ in range(runs):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def w1_workload(n_sources: int = 1000) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Sources, beams and winds (to the east, to the north) of W1."""
    rng = np.random.default_rng(0)
    segments = []
    for centre in rng.uniform(-400.0, 400.0, (4, 2)):
        for _ in range(5):
            angle, length = rng.uniform(0.0, 2.0 * np.pi), rng.uniform(200.0, 500.0)
            end = centre + length * np.array([np.cos(angle), np.sin(angle)])
            segments.append([[*centre, 10.0], [*end, 10.0]])
    direction, speed = rng.uniform(0.0, 360.0, 144), rng.uniform(1.0, 5.0, 144)
    cells = np.array([rng.permutation(n_sources) for _ in range(3)]).T  # a Latin hypercube
    unit = (cells + rng.uniform(size=(n_sources, 3))) / n_sources
    sources = unit * [1200.0, 1200.0, 20.0] - [600.0, 600.0, 0.0]
    angle = np.radians(direction)
    return sources, np.array(segments), -speed * np.sin(angle), -speed * np.cos(angle)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """CPU-seconds of a workload and what it errs by (relative; meaning by workload, top of this file)."""

    cpu_s: float
    typical: float
    largest: float


def w1() -> Figures:
    """Coupling of 1,000 sources to 20 beams at 144 times; errors: 99th percentile and largest."""
    sources, segments, u, v = w1_workload()
    spread = spread_of_angles(10.0, 5.0)
    spent = cpu_s(lambda: coupling_matrix(sources, segments, u, v, spread))
    found = coupling_matrix(sources, segments, u, v, spread)
    rng = np.random.default_rng(1)
    floor = 1e-6 * found.max(axis=2, keepdims=True)
    some = rng.choice(np.argwhere(found > floor), 4000, replace=False)
    exact = np.array([by_quadrature(sources[s], *segments[b], u[k], v[k], spread) for k, b, s in some])
    error = np.abs(found[tuple(some.T)] / exact - 1.0)
    return Figures(cpu_s=spent, typical=float(np.percentile(error, 99)), largest=float(error.max()))


def side_by_side() -> Figures | None:
    """W1 in pyELQ, when there is one; its differences to ours: median and 95th percentile."""
    interpreter = os.environ.get(PEER, "")
    if not interpreter:
        return None
    sources, segments, u, v = w1_workload()
    found = coupling_matrix(sources, segments, u, v, spread_of_angles(10.0, 5.0))
    with tempfile.TemporaryDirectory() as folder:
        given, result = Path(folder) / "given.npz", Path(folder) / "result.npz"
        np.savez(given, sources=sources, segments=segments, u=u, v=v)
        script = Path(__file__).with_name("air_peer_pyelq.py")
        subprocess.run([interpreter, script, given, result], check=True, timeout=300, capture_output=True)  # noqa: S603
        peer = np.load(result)
        seen = found > 1e-3 * found.max(axis=2, keepdims=True)
        off = np.abs(peer["matrix"][seen] / found[seen] - 1.0)
        return Figures(
            cpu_s=float(peer["cpu_s"]),
            typical=float(np.median(off)),
            largest=float(np.percentile(off, 95)),
        )


def turning_wind() -> StationWind:
    """3 m/s at 10 m, FROM 120 |cos t| degrees, minute by minute, t from 0 to 10."""
    rows = [
        WindSample(
            sensor_id="W",
            place=Place(x_m=0.0, y_m=0.0, z_m=10.0),
            height_m=10.0,
            time_ms=START_MS + 60_000 * k,
            wind_speed_m_s=3.0,
            wind_from_deg=float(120.0 * abs(math.cos(k / 6.0))),
            air_temperature_k=None,
            origin=Origin.MODELLED,
        )
        for k in range(61)
    ]
    return field_from_samples(rows, flat_site(PLAIN, roughness_m=0.03), average_s=50.0)


def source(x_m: float, y_m: float, height_m: float, name: str = "R") -> Release:
    """3 kg/h during the hour."""
    return Release(
        id=name,
        substance_id="hf",
        place=Place(x_m=x_m, y_m=y_m, z_m=height_m),
        height_m=height_m,
        rate_kg_s=3.0 / 3600.0,
        interval=HOUR,
        origin=Origin.MODELLED,
    )


def w4(fineness: Fineness, moments: int) -> FloatArray:
    """Minute means on 51 x 51 x 11 cells over 50 x 50 x 10 m."""
    grid = PlumeGrid(x_min_m=-0.5, y_min_m=-0.5, dx_m=1.0, dy_m=1.0, dz_m=10.0 / 11.0, nx=51, ny=51, nz=11)
    solver = GaussianPuff(fineness=fineness)
    return mean_fields(
        solver, [source(25.0, 25.0, 5.0)], turning_wind(), HOUR, MINUTES, grid, moments=moments
    )


def w5() -> Callable[[Fineness, int], FloatArray]:
    """Minute means at the 1,000 knots of W1; the knots are set up once."""
    _, segments, _, _ = w1_workload(1)
    knots = np.concatenate([a + np.linspace(0.0, 1.0, 50)[:, None] * (b - a) for a, b in segments])
    receptors = [point_receptor(str(k), Place(x_m=x, y_m=y, z_m=z)) for k, (x, y, z) in enumerate(knots)]
    site, rows = flat_site(PLAIN, roughness_m=0.03), [source(0.0, 0.0, 2.5)]

    def means(fineness: Fineness, moments: int) -> FloatArray:
        solver, wind = GaussianPuff(fineness=fineness), turning_wind()
        return mean_readings(solver, site, rows, wind, HOUR, MINUTES, receptors, moments=moments)[:, :, 0]

    return means


def against_finer(work: Callable[[Fineness, int], FloatArray], how: tuple[Fineness, int]) -> Figures:
    """Cost, and the difference to everything ten times finer: L2, and largest over the maximum."""
    fineness, moments = how
    fine = replace(
        fineness,
        step_s=fineness.step_s / 10.0,
        longest_s=fineness.longest_s / 10.0,
        growth=fineness.growth / 10.0,
        spacing=fineness.spacing / 10.0,
        far_m=1000.0,
    )
    spent, found = cpu_s(lambda: work(*how)), work(*how)
    exact = work(fine, 4 * moments)
    return Figures(
        cpu_s=spent,
        typical=float(np.linalg.norm(found - exact) / np.linalg.norm(exact)),
        largest=float(np.abs(found - exact).max() / exact.max()),
    )


def growth_curves() -> dict[str, list[tuple[int, float]]]:
    """CPU-seconds over sources, moments, puffs, cells and substances: pairs (number, CPU-s) by name."""
    wind, rng = turning_wind(), np.random.default_rng(2)
    places = rng.uniform(-600.0, 600.0, (1000, 2))
    rows = [source(x, y, 5.0, f"R{k}") for k, (x, y) in enumerate(places)]
    beams = pieces_of([_beam(k, ends) for k, ends in enumerate(w1_workload(1)[1])], flat_site(PLAIN))
    found: dict[str, list[tuple[int, float]]] = {}

    def read(sources: int, moments: int) -> None:
        times = np.linspace(START_MS + 1_800_000.0, HOUR.end_ms, moments)
        parts = clouds(emissions_of(rows[:sources], HOUR, 1.0), wind, HOUR, times, PLAIN, fineness=Fineness())
        for part in parts:
            part.means(beams, 20)

    found["20 beams, 10 moments, by sources"] = [
        (n, cpu_s(lambda n=n: read(n, 10))) for n in (1, 10, 40, 160, 640)
    ]
    found["20 beams, 10 sources, by moments"] = [
        (n, cpu_s(lambda n=n: read(10, n))) for n in (1, 10, 40, 160)
    ]
    for name, counts in (
        ("puffs", (100, 1000, 10_000)),
        ("cells", (128, 256, 512, 1024)),
        ("maps", (1, 3, 6, 12)),
    ):
        found[f"ground map by {name}"] = [(n, _map_cpu_s(name, n)) for n in counts]
    return found


def _map_cpu_s(name: str, number: int) -> float:
    puffs_at = {"puffs": number}.get(name, 1000)
    cells, maps = {"cells": number}.get(name, 512), {"maps": number}.get(name, 1)
    rng = np.random.default_rng(3)
    rows = [source(*rng.uniform(-2000.0, 2000.0, 2), 5.0, f"R{k}") for k in range(max(1, puffs_at // 60))]
    parts = clouds(
        emissions_of(rows, HOUR, 1.0),
        turning_wind(),
        HOUR,
        np.array([float(HOUR.end_ms)]),
        PARK,
        fineness=Fineness(),
    )
    puffs = joined(list(parts))
    grid = MapGrid(
        x_min_m=PARK.x_min_m,
        y_min_m=PARK.y_min_m,
        dx_m=5120.0 / cells,
        dy_m=5120.0 / cells,
        nx=cells,
        ny=cells,
    )
    return cpu_s(lambda: level_maps(puffs, np.ones((maps, puffs.x_m.size)), grid, 800.0))


def _beam(k: int, ends: FloatArray) -> Receptor:
    return Receptor(
        sensor_id=f"B{k}", points_m=frozen([ends.mean(axis=0)]), weights=frozen([1.0]), segment_m=frozen(ends)
    )


def main(picture: str = "") -> None:
    """Everything; the growth curves also as JSON when a file is named."""
    rows = [
        ("W1 coupling (target 0.30; pyELQ published 6.28), error p99 and largest", w1()),
        ("W4 grid (target 1.4; FastGaussianPuff published 6.76), L2 and largest", against_finer(w4, W4)),
        ("W5 knots (target 0.12; FastGaussianPuff published 0.587), L2 and largest", against_finer(w5(), W5)),
    ]
    peer = side_by_side()
    if peer is None:
        _log.warning("W1 peer SKIPPED: set %s to a Python that has pyelq 1.2.7", PEER)
    else:
        rows.insert(1, ("W1 in pyELQ, side by side; its difference to ours, median and p95", peer))
    for name, row in rows:
        _log.info("%s: %.3f CPU-s, %.1e, %.1e", name, row.cpu_s, row.typical, row.largest)
    curves = growth_curves()
    for name, points in curves.items():
        _log.info("%s: %s", name, ", ".join(f"{n}: {1e3 * spent:.1f} ms" for n, spent in points))
    if picture:
        Path(picture).write_text(json.dumps(curves), encoding="utf-8")


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    main(*sys.argv[1:2])
