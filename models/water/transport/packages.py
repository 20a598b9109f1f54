"""What packages bring and take, cut to a window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.water.result import CellFlow
from models.water.transport.body import CellArray
from models.water.transport.window import Box
from twin.core.geometry import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Intake:
    """Mass that a package brings: ravelled cells of the window, ``rate_kg_s`` (n, species)."""

    name: str
    cells: CellArray
    rate_kg_s: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Offtake:
    """Water that a package takes with what it holds: ravelled cells, ``rate_m3_s`` (n,) positive."""

    name: str
    cells: CellArray
    rate_m3_s: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Exchange:
    """All packages of a window.

    ``inflow_m3_s`` (window) water that enters, ``entering_kg_m3`` (species, window) what it holds.
    """

    intakes: tuple[Intake, ...]
    offtakes: tuple[Offtake, ...]
    inflow_m3_s: FloatArray
    entering_kg_m3: FloatArray

    def offtake_m3_s(self) -> FloatArray:
        """Water taken with its mass, every cell of the window."""
        total = np.zeros(self.inflow_m3_s.shape)
        for row in self.offtakes:
            np.add.at(total.ravel(), row.cells, row.rate_m3_s)
        return total


def exchange(packages: Sequence[CellFlow], box: Box, shape: tuple[int, int, int], species: int) -> Exchange:
    """Packages of a flow field within a window."""
    intakes: list[Intake] = []
    offtakes: list[Offtake] = []
    inflow = np.zeros(box.shape)
    load = np.zeros((species, *box.shape))
    for row in packages:
        inside, cells = box.local(row.cells, shape)
        flow = row.flow_m3_s[inside]
        into = flow > 0.0
        np.add.at(inflow.ravel(), cells[into], flow[into])
        if row.conc_kg_m3 is not None and into.any():
            rate = flow[into, None] * row.conc_kg_m3[inside][into]
            if rate.any():
                intakes.append(Intake(name=row.name, cells=cells[into], rate_kg_s=rate))
                for n in range(species):
                    np.add.at(load[n].ravel(), cells[into], rate[:, n])
        out = flow < 0.0
        if row.takes_mass and out.any():
            offtakes.append(Offtake(name=row.name, cells=cells[out], rate_m3_s=-flow[out]))
    entering = load / np.where(inflow > 0.0, inflow, 1.0)
    return Exchange(
        intakes=tuple(intakes), offtakes=tuple(offtakes), inflow_m3_s=inflow, entering_kg_m3=entering
    )


def bringing(packages: Sequence[CellFlow]) -> CellArray:
    """Ravelled cells of the grid into which packages bring mass."""
    found = [
        row.cells[(row.flow_m3_s > 0.0) & (row.conc_kg_m3 > 0.0).any(axis=1)]
        for row in packages
        if row.conc_kg_m3 is not None
    ]
    return np.concatenate([np.zeros(0, dtype=np.int64), *found])
