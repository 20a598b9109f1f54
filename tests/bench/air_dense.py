"""CPU-seconds of the one-dimensional dense-gas model: ``python -m tests.bench.air_dense``.

W8 of the notes: 10 kg/s of chlorine, 5 m radius, 5 m/s at 10 m, class D, z0 0.03 m, to 1 ppm. Beside it
DEGADIS in Python (degali 0.1.0), where the environment variable ``DEGALI_PYTHON`` names an interpreter that
has it and the input file of the case is there; otherwise the line says that it was not run.
"""

from __future__ import annotations

import logging
import os
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from models.air.dense.similarity import similarity_run, simple_term
from models.air.dense.table import line_cache_clear
from models.term import SourceTerm
from tests.support.air_data.chlorine import ACID, AIR, CHLORINE

_log = logging.getLogger(__name__)
_CASE = Path(__file__).parents[3] / "shared/data/air/degadis/cl2.inp"
_TIMES = 5
_DRIVER = """
import time
from degali import run_steady
start = time.process_time()
run_steady("cl2.inp")
print(f"{time.process_time() - start:.3f}")
"""


def spent(work: Callable[[], object]) -> float:
    """Median CPU-seconds of a call."""
    found = []
    for _ in range(_TIMES):
        start = time.process_time()
        work()
        found.append(time.process_time() - start)
    return float(np.median(found))


def answer(term: SourceTerm, *, cold: bool) -> None:
    """Cloud, centreline at ten distances and one footprint; ``cold`` makes the mixing line anew."""
    if cold:
        line_cache_clear()
    cloud = similarity_run(term, AIR)
    cloud.centreline_kg_m3(np.geomspace(100.0, 8000.0, 10), 1.0)
    cloud.footprint(float(cloud.table.conc_of_ppm(1.0)), 1.0)


def degali() -> float | None:
    """CPU-seconds of DEGADIS in Python for the same case, import included; None where it is not there."""
    python = os.environ.get("DEGALI_PYTHON", "")
    program = Path(python).parent / "degali"
    if not python or not program.exists() or not _CASE.exists():
        return None
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(_CASE, Path(folder) / "cl2.inp")
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(
            [python, "-c", _DRIVER], cwd=folder, capture_output=True, text=True, timeout=120, check=False
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        _log.warning("degali failed: %s", done.stderr.strip().splitlines()[-1:])
        return None
    _log.info("degali says: %s CPU-s without its imports", done.stdout.strip())
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Log a line for every case, warm and cold."""
    cases = {
        "chlorine pool (W8)": CHLORINE,
        "ammonia jet": simple_term(
            "nh3",
            shape="jet",
            rate_kg_s=100.0,
            duration_s=360.0,
            temperature_k=239.0,
            liquid_fraction=0.82,
            speed_m_s=80.0,
            height_m=1.0,
        ),
        "hydrogen fluoride jet": ACID,
        "chlorine at once": simple_term(
            "cl2", shape="instant", mass_kg=2000.0, temperature_k=288.0, radius_m=5.0
        ),
    }
    for name, term in cases.items():
        answer(term, cold=False)
        warm = spent(lambda term=term: answer(term, cold=False))  # type: ignore[misc]
        cold = spent(lambda term=term: answer(term, cold=True))  # type: ignore[misc]
        _log.info("%s: %.3f CPU-s with its mixing line at hand, %.3f CPU-s without", name, warm, cold)
    peer = degali()
    if peer is None:
        _log.warning("NOT RUN: degali 0.1.0; set DEGALI_PYTHON to an interpreter that has it")
    else:
        _log.info("degali 0.1.0, the same chlorine case: %.3f CPU-s with its imports", peer)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    main()
