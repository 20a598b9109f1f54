"""A small aquifer with a leaking tank, in SI: uniform flow to the east, one species, wells nobody pumps."""

from __future__ import annotations

import numpy as np

from models.water.grid import regular_grid
from models.water.model import WaterModel, WaterProblem
from models.water.problem import (
    Dispersion,
    FixedHead,
    FlowProblem,
    MassSource,
    Medium,
    Period,
    Sorption,
    Species,
    TransportProblem,
)
from twin.core.groundwater import GroundwaterSource, GroundwaterTarget, SourceKind, TargetKind
from twin.core.text import Text

DAY_S = 86_400.0
FLUX_M_S = 2e-4 * 6.0 / 390.0  # K times the gradient
POROSITY = 0.25
TANK = GroundwaterSource(
    id="tank",
    name=Text(zh="储罐", en="Tank"),
    kind=SourceKind.TANK,
    x_m=55.0,
    y_m=105.0,
    substance_id="fluoride",
    rate_kg_s=1e-5,
)
WELL = GroundwaterTarget(
    id="W1",
    name=Text(zh="民井", en="Village well"),
    kind=TargetKind.WELL,
    line=((355.0, 105.0),),
    radius_m=6.0,
)


def spoiled_ground(
    *, columns: int = 40, rows: int = 20, cell_m: float = 10.0, kd_m3_kg: float = 0.0, factor: float = 1.0
) -> WaterModel:
    """Model at its start; ``factor`` multiplies the conductivity (members of an ensemble)."""
    grid = regular_grid((2, rows, columns), dx_m=cell_m, dy_m=cell_m, thickness_m=5.0)
    full = np.ones(grid.shape)
    medium = Medium(
        k_m_s=2e-4 * factor * full,
        k33_m_s=2e-5 * factor * full,
        porosity=POROSITY * full,
        specific_storage_1_m=1e-5 * full,
        specific_yield=0.1 * full,
    )
    edges = np.array([(k, i, j) for k in range(2) for i in range(rows) for j in (0, columns - 1)])
    heads = FixedHead(cells=edges, head_m=np.where(edges[:, 2] == 0, 6.0, 0.0))
    flow = FlowProblem(
        grid=grid,
        medium=medium,
        start_head_m=np.zeros(grid.shape),
        periods=(Period(length_s=3650 * DAY_S, stresses=(heads,), steady=True),),
    )
    leak = MassSource(cells=np.array([[0, 10, 5]]), rate_kg_s=np.array([[1e-5]]), name="tank")
    sorption = Sorption(kd_m3_kg=kd_m3_kg, bulk_density_kg_m3=1700.0) if kd_m3_kg else None
    transport = TransportProblem(
        species=(Species(id="fluoride", sorption=sorption),),
        dispersion=Dispersion(longitudinal_m=5.0, transverse_horizontal_m=0.5, transverse_vertical_m=0.05),
        sources=(leak,),
    )
    return WaterModel(WaterProblem(flow=flow, transport=transport), "numpy")


def aged(model: WaterModel, days: float, step_d: float = 10.0) -> WaterModel:
    """The same model, later."""
    for _ in range(round(days / step_d)):
        model.step(step_d * DAY_S)
    return model
