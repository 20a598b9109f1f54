"""The model of the demonstration park: what it is made of, and that it stands."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from shapely.geometry import LineString

from gis.scene.load import load_scene
from gis.strata import build_strata
from models.water.build.edges import river_profile
from models.water.build.fields import Covariance, PointData, Spread, conductivity_fields
from models.water.build.model import BuildOptions, BuiltModel, build_model
from models.water.build.settle import Settled, settled_model
from models.water.problem import Drain, GeneralHead, Recharge, River
from twin.core.errors import BadRequestError
from twin.core.park import Water
from twin.core.text import Text

SCENE = Path(__file__).resolve().parents[4] / "scenes" / "qingliu"


@cache
def ground() -> tuple:
    scene = load_scene(SCENE)
    terrain = scene.terrain()
    return scene.park, build_strata(scene.park, terrain, 40.0), terrain


@cache
def built() -> BuiltModel:
    park, strata, terrain = ground()
    return build_model(park, strata, cell_m=80.0, terrain=terrain)


@cache
def settled() -> Settled:
    park, strata, terrain = ground()
    return settled_model(park, strata, cell_m=80.0, terrain=terrain, rounds=4)


def stress(kind: type) -> list:
    return [row for row in built().stresses if isinstance(row, kind)]


def test_the_valley_holds_wells_and_rivers() -> None:
    park, _, _ = ground()
    model = built()
    for well in park.wells:
        row, column = model.grid.column_row(well.collar.x_m, well.collar.y_m)
        assert model.grid.active[:, row, column].any(), well.id
    assert model.layers_of("gravel").tolist() == [2]
    with pytest.raises(BadRequestError, match="stratum_id"):
        model.layers_of("peat")


def test_rivers_lie_in_aquifers_with_conductance_by_length() -> None:
    park, _, _ = ground()
    rivers = {row.name: row for row in stress(River)}
    for water in park.waters:
        river = rivers[f"river {water.id}"]
        names = np.array(built().layered.strata_ids)[built().layered.stratum[river.cells[:, 0]]]
        assert set(names) <= {"gravel", "weathered", "bedrock"}
        # All of the line that crosses the domain counts once.
        inside = water.line.intersection(built().domain).length
        assert river.conductance_m2_s.sum() == pytest.approx(1e-6 * inside * water.width_m / 0.5, rel=1e-6)
        assert (river.stage_m > river.bottom_m).all()
        assert (river.bottom_m > built().grid.bottom_m[tuple(river.cells.T)]).all()


def test_a_river_never_rises_downstream() -> None:
    bumpy = Water(
        id="w", name=Text(zh="河", en="river"), line=LineString([(0, 0), (500, 0), (1000, 0)]), width_m=5.0
    )
    for turn in (1.0, -1.0):
        profile = river_profile(bumpy, lambda x, y, turn=turn: turn * 0.01 * x + np.sin(x / 30.0) + 0.0 * y)
        assert (turn * np.diff(profile.level_m) >= 0.0).all()


def test_recharge_is_rain_and_the_slopes() -> None:
    model = built()
    (rain,) = stress(Recharge)
    area = model.grid.area_m2
    inside = model.grid.uppermost >= 0
    fallen = (rain.rate_m_s * area).sum()
    assert (rain.rate_m_s[~inside] == 0.0).all()
    assert fallen > model.slopes_m3_s.sum() > 0.0
    assert fallen - model.slopes_m3_s.sum() <= 9.5e-9 * area[inside].sum()
    assert len(stress(Drain)[0].cells) == inside.sum()
    assert len(stress(GeneralHead)) == 1


def test_the_settled_model_stands_under_the_ground() -> None:
    found = settled()
    assert found.step.converged
    assert abs(found.step.imbalance) < 1e-6
    depth = found.model.ground_m - found.water_table_m
    assert np.nanpercentile(depth, 5) > -1.0
    assert np.nanpercentile(depth, 95) < 40.0
    # Cells end at the water table, so their thickness is what holds water.
    top = found.model.grid.top_m[found.model.grid.uppermost >= 0]
    table = found.water_table_m[found.model.grid.uppermost >= 0]
    assert np.percentile(np.abs(top - np.minimum(table, top)), 50) < 2.0
    uppermost = found.model.grid.uppermost
    row, column = np.argwhere(uppermost >= 0)[50]
    k = uppermost[row, column]
    storage = found.model.medium.specific_storage_1_m[k, row, column]
    thick = found.model.grid.thickness_m[k, row, column]
    assert storage * thick == pytest.approx(found.model.medium.specific_yield[k, row, column])


def test_conductivity_fields_leave_other_strata_alone_and_meet_the_data() -> None:
    model = built()
    at = PointData(x_m=np.array([-1800.0]), y_m=np.array([-240.0]), values=np.array([np.log(2e-3)]))
    spread = Spread(covariance=Covariance(sd_value=0.7, along_m=300.0), data=at)
    fields = conductivity_fields(model.layered, model.medium.k_m_s, {"gravel": spread}, seed=4, count=3)
    np.testing.assert_array_equal(fields[:, 0], np.repeat(model.medium.k_m_s[None, 0], 3, axis=0))
    row, column = model.grid.column_row(-1800.0, -240.0)
    np.testing.assert_allclose(fields[:, 2, row, column], 2e-3, rtol=1e-3)
    changed = model.with_k(fields[1])
    ratio = changed.medium.k33_m_s / changed.medium.k_m_s
    np.testing.assert_allclose(ratio, model.medium.k33_m_s / model.medium.k_m_s)
    with pytest.raises(BadRequestError, match="stratum"):
        conductivity_fields(model.layered, model.medium.k_m_s, {"peat": spread}, seed=4, count=1)


def test_refinement_about_a_well() -> None:
    park, strata, terrain = ground()
    well = park.wells[0].collar
    options = BuildOptions(places_m=((well.x_m, well.y_m),), fine_m=10.0, growth_ratio=1.3)
    model = build_model(park, strata, cell_m=80.0, terrain=terrain, options=options)
    row, column = model.grid.column_row(well.x_m, well.y_m)
    assert model.grid.dx_m[column] <= 10.01
    assert model.grid.dy_m[row] <= 10.01
