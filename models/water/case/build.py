"""From a case that was checked to the problem that the solvers are asked, in SI."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.casefiles.findings import bad_value
from models.water.case.arrays import Arrays
from models.water.case.cargo import transport_of
from models.water.case.gather import Gathered
from models.water.case.ground import grid_of, medium_of
from models.water.case.load import LoadedCase
from models.water.case.packages import Packages
from models.water.case.places import Ground
from models.water.case.schema import FlowCase, TransportCase
from models.water.model import WaterProblem
from models.water.problem import FlowProblem, Medium
from twin.core.geometry import frozen


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """The problem of a case, and what its places are looked up in."""

    loaded: LoadedCase
    case: FlowCase
    problem: WaterProblem
    ground: Ground
    arrays: Arrays
    notes: tuple[str, ...] = ()


def build_case(loaded: LoadedCase) -> Built:
    """Grid, properties, stresses, species of a case. Raises CaseError with everything that is wrong."""
    case, scale = loaded.case, loaded.scale
    if not isinstance(case, FlowCase):
        raise bad_value(
            loaded.source, "kind", case.kind, "flow, transport or tracks", "flow、transport 或 tracks"
        )
    grid, arrays = grid_of(case.grid, loaded)
    gathered = Gathered(loaded.source, arrays.counting)
    medium = medium_of(case.medium, loaded, arrays, gathered)
    start = gathered.part(
        lambda: arrays.cells(case.start_head, "start_head", scale.factor("L")), np.zeros(grid.shape)
    )
    ground = Ground(grid=grid, counting=arrays.counting, folder=loaded.folder, length_m=scale.factor("L"))
    species = tuple(row.id for row in case.species) if isinstance(case, TransportCase) else ()
    packages = Packages(
        case=case,
        scale=scale,
        ground=ground,
        arrays=arrays,
        medium=medium,
        gathered=gathered,
        species=species,
    )
    periods = packages.periods()
    transport = None
    if isinstance(case, TransportCase):
        transport = transport_of(case, scale, ground, arrays, medium.porosity, gathered)
    gathered.close()
    flow = FlowProblem(grid=grid, medium=medium, start_head_m=frozen(start), periods=periods)
    return Built(
        loaded=loaded,
        case=case,
        problem=WaterProblem(flow=flow, transport=transport),
        ground=ground,
        arrays=arrays,
        notes=_doubts(case, medium, arrays),
    )


def _doubts(case: FlowCase, medium: Medium, arrays: Arrays) -> tuple[str, ...]:
    """What can be computed and can hardly be meant, of what the file itself says."""
    meant = isinstance(case, TransportCase) or "porosity" in case.medium.model_fields_set
    if medium.convertible is None or arrays.active is None or not meant:
        return ()
    more = medium.specific_yield > medium.porosity
    found = np.argwhere(more & arrays.active & medium.convertible[:, None, None])
    if not len(found):
        return ()
    k, i, j = (int(n) for n in found[0])
    cell = arrays.counting.told((k, i, j))
    return (
        f"specific_yield {medium.specific_yield[k, i, j]:g} is more than porosity "
        f"{medium.porosity[k, i, j]:g} in {len(found)} cells, first (layer, row, column) {cell}: more water "
        "drains than the pores hold",
    )
