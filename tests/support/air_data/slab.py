"""What SLAB printed for its shipped cases: highest concentration along the centreline, by distance."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from twin.core.geometry import FloatArray

FOLDER = Path(__file__).parents[4] / "shared/data/air/slab"


@dataclass(frozen=True, slots=True, kw_only=True)
class SlabRun:
    """``x_m`` (n,), ``height_m`` (n,) at which the volume ``fraction`` (n,) is highest on the centreline."""

    name: str
    x_m: FloatArray
    height_m: FloatArray
    fraction: FloatArray

    def at(self, x_m: FloatArray) -> FloatArray:
        """Volume fraction at distances, log-log between the printed ones."""
        return np.exp(np.interp(np.log(x_m), np.log(self.x_m), np.log(self.fraction)))


def slab_run(name: str, weather: int = 0) -> SlabRun:
    """Run ``cl2``, ``INPR1`` (methane pool) or ``INPR2`` (ammonia jet). Skips when the data are not there.

    ``weather`` counts the meteorologies of a run: ``INPR1`` has two, 1.92 m/s stable and 4 m/s neutral.
    """
    path = FOLDER / f"{name}_predict.txt"
    if not path.exists():
        pytest.skip(f"{path.name} is not there: published data live outside this tree")
    text = path.read_text(encoding="utf-8", errors="replace")
    block = text.split("maximum concentration (volume fraction) along centerline")[1 + weather]
    block = block.split("problem input")[0]
    rows = [line.split() for line in block.splitlines()]
    numbers = [[float(cell) for cell in row] for row in rows if len(row) == 5 and row[0][-4:-2] == "E+"]
    table = np.array([row for row in numbers if row[0] > 1.0 and row[2] > 0.0])
    return SlabRun(name=name, x_m=table[:, 0], height_m=table[:, 1], fraction=table[:, 2])
