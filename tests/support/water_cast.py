"""Rows of the groundwater as the live process makes them, from a plume drawn by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from shapely.geometry import box

from models.water.grid import Grid, regular_grid
from models.water.now import (
    LEADS_S,
    Band,
    Fit,
    Front,
    Nowcast,
    TargetNow,
    Vertical,
    Volume,
    WellNow,
)
from models.water.result import BudgetRow, MassRow
from tests.support.small_park import NAME, small_park
from twin.core.aquifer import Stratum, Well
from twin.core.geometry import Extent, FloatArray, Place
from twin.core.groundwater import (
    Groundwater,
    GroundwaterMeasure,
    GroundwaterModel,
    GroundwaterSource,
    GroundwaterTarget,
    MeasureKind,
    SourceKind,
    TargetKind,
    WaterSubstance,
)
from twin.core.origin import Origin
from twin.core.park import Park
from twin.core.text import Text
from twin.live.water_frames import Learning, Measured, MeasuredConc, display_of, now_cast_row
from twin.store.rows import WaterKind, WaterRow

NOW_MS = 1_795_000_000_000
SOLVER = "water twin"
_LIMIT = 1e-3


def well(name: str, x_m: float, y_m: float) -> Well:
    """A well screened from 4 to 8 m below its collar at 20 m."""
    return Well(
        id=name, name=Text(zh=name, en=name), collar=Place(x_m=x_m, y_m=y_m, z_m=20.0), depth_m=10.0,
        screen_top_m=4.0, screen_bottom_m=8.0, stratum_id="gravel",
    )  # fmt: skip


def water_park(devices: int = 4) -> Park:
    """The small park with an aquifer, three wells, a source, a target and two measures."""
    gravel = Stratum(
        id="gravel", name=NAME, colour="#888888", aquifer=True, conductivity_m_s=3e-4, porosity=0.25
    )
    book = Groundwater(
        model=GroundwaterModel(cell_m=20.0),
        substances=(
            WaterSubstance(
                id="f", name=Text(zh="氟化物", en="Fluoride"), limit_kg_m3=_LIMIT, source="GB/T 14848 III"
            ),
        ),
        targets=(
            GroundwaterTarget(
                id="river", name=Text(zh="河", en="River"), kind=TargetKind.RIVER,
                line=((250.0, 0.0), (250.0, 200.0)), radius_m=20.0,
            ),
        ),
        sources=(
            GroundwaterSource(
                id="S1", name=Text(zh="罐区", en="Tanks"), kind=SourceKind.TANK, x_m=50.0, y_m=100.0,
                substance_id="f", rate_kg_s=1e-5,
            ),
        ),
        measures=(
            GroundwaterMeasure(
                id="pump", name=Text(zh="抽水", en="Pump"), kind=MeasureKind.PUMP, line=((150.0, 100.0),),
                rate_m3_s=1e-3,
            ),
            GroundwaterMeasure(
                id="dig", name=Text(zh="清除", en="Dig"), kind=MeasureKind.SOURCE_REMOVAL, source_id="S1"
            ),
        ),
        held_out=("W3",),
    )  # fmt: skip
    return replace(
        small_park(devices),
        extent=Extent(x_min_m=0.0, y_min_m=0.0, x_max_m=300.0, y_max_m=200.0),
        areas=(),
        wells=(well("W1", 100.0, 100.0), well("W2", 180.0, 110.0), well("W3", 140.0, 60.0)),
        strata=(gravel,),
        groundwater=book,
    )


def water_grid() -> Grid:
    """Two layers of five metres, fifteen by ten cells of 20 m."""
    return regular_grid((2, 10, 15), dx_m=20.0, dy_m=20.0, thickness_m=5.0, top_m=20.0)


def plume(grid: Grid, lead_s: float, factor: float = 1.0) -> FloatArray:
    """A plume that has gone on for ``lead_s``, (nl, nr, nc)."""
    x, y = np.meshgrid(grid.x_m, grid.y_m)
    along = 60.0 + lead_s / 86_400.0 * 0.4
    body = 8e-3 * np.exp(-(((x - 100.0) / along) ** 2) - ((y - 100.0) / 30.0) ** 2)
    return np.asarray(factor * np.stack([body, 0.3 * body]))


def _ring(west: float, south: float, east: float, north: float) -> FloatArray:
    return np.array(box(west, south, east, north, ccw=True).exterior.coords)


def now_cast() -> Nowcast:
    """A now-cast of the plume with bands."""
    grid = water_grid()
    head = 15.0 - 0.01 * np.broadcast_to(grid.x_m, grid.shape[1:])
    one = Band(low=0.9, median=1.0, high=1.1)
    return Nowcast(
        time_ms=NOW_MS,
        members=24,
        wells=tuple(
            WellNow(
                name=name,
                level_m=Band(low=13.8, median=14.0, high=14.2),
                drawdown_m=Band(low=-0.1, median=0.0, high=0.1),
                conc_kg_m3={"f": Band(low=5e-4, median=1.2e-3, high=2e-3)},
            )
            for name in ("W1", "W2", "W3")
        ),
        budget=(BudgetRow(name="rch", in_m3_s=1e-3, out_m3_s=0.0),),
        mass=(MassRow(species="f", name="S1", in_kg=12.0, out_kg=0.0),),
        mass_now_kg={"f": Band(low=8.0, median=11.0, high=15.0)},
        fronts=tuple(
            Front(
                species="f", lead_s=lead, limit_kg_m3=_LIMIT, low=(_ring(60, 80, 140, 120),),
                median=(_ring(50, 70, 160 + 10 * i, 130),), high=(_ring(40, 60, 190 + 10 * i, 140),),
                area_m2=one, reach_m=one,
            )
            for i, lead in enumerate(LEADS_S)
        ),
        targets=(
            TargetNow(
                id="river", kind="river", x_m=250.0, y_m=100.0, species="f", limit_kg_m3=_LIMIT,
                probability=0.62, arrival_s=Band(low=3e6, median=9e6, high=2e7),
                peak_kg_m3=Band(low=2e-4, median=1.3e-3, high=4e-3), risk="medium", response="II",
            ),
        ),
        flow_lines=(np.array([[10.0, 100.0], [150.0, 101.0], [290.0, 102.0]]),),
        volumes=tuple(
            Volume(species="f", lead_s=lead, band=name, conc_kg_m3=plume(grid, lead, factor))
            for lead in LEADS_S
            for name, factor in (("median", 1.0), ("p975", 2.0))
        ),
        vertical=(
            Vertical(
                species="f", lead_s=0.0, depth_m=np.array([0.0, 2.0, 4.0]), mass_kg=np.array([1.0, 2.0])
            ),
        ),
        head_median_m=head,
        head_sd_m=np.full(head.shape, 0.2),
        drawdown_m=np.zeros(head.shape),
        flow_east_m_s=np.full(head.shape, 3e-6),
        flow_north_m_s=np.zeros(head.shape),
        fit=Fit(
            readings=6, rmse_before_m=1.2, rmse_after_m=0.1, ln_rmse_before=1.0, ln_rmse_after=0.3,
            spread_error=1.05, groups={"level": 2, "f": 2},
        ),
        notes=("two wells of three are used",),
    )  # fmt: skip


def now_cast_parcel(k: int = 0, time_ms: int = NOW_MS) -> tuple[WaterRow, dict[str, bytes]]:
    """Row and files of the now-cast."""
    read = MeasuredConc(
        value_kg_m3=1e-3,
        time_ms=NOW_MS - 1000,
        age_s=1.0,
        quality="good",
        origin=Origin.SIMULATED,
        fresh=True,
    )
    heard = Measured(
        level_m=14.1,
        time_ms=NOW_MS - 1000,
        age_s=1.0,
        quality="good",
        conc={"f": read},
        origin=Origin.SIMULATED,
    )
    body, files = now_cast_row(
        water_park(),
        display_of(water_grid()),
        now_cast(),
        {"W1": heard},
        learning=Learning(rmse_darcy_m=0.3, rmse_joined_m=0.2, kept=True, held_out=("W3",)),
        inputs=(f"W1/water_level@{NOW_MS - 1000}",),
        notes=(),
    )
    row = WaterRow(
        run="water-1", k=k, kind=WaterKind.NOW_CAST, time_ms=time_ms, origin=Origin.SIMULATED, solver=SOLVER,
        body=body,
    )  # fmt: skip
    return row, files
