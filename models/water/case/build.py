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
from models.water.problem import FlowProblem
from twin.core.geometry import frozen


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """The problem of a case, and what its places are looked up in."""

    loaded: LoadedCase
    case: FlowCase
    problem: WaterProblem
    ground: Ground
    arrays: Arrays


def build_case(loaded: LoadedCase) -> Built:
    """Grid, properties, stresses, species of a case. Raises CaseError with everything that is wrong."""
    case, scale = loaded.case, loaded.scale
    if not isinstance(case, FlowCase):
        raise bad_value(
            loaded.source, "kind", case.kind, "flow, transport or tracks", "flow、transport 或 tracks"
        )
    grid, arrays = grid_of(case.grid, loaded)
    gathered = Gathered(loaded.source)
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
        transport = transport_of(case, scale, ground, arrays, gathered)
    gathered.close()
    flow = FlowProblem(grid=grid, medium=medium, start_head_m=frozen(start), periods=periods)
    return Built(
        loaded=loaded,
        case=case,
        problem=WaterProblem(flow=flow, transport=transport),
        ground=ground,
        arrays=arrays,
    )
