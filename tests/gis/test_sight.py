"""Laws of line of sight."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from shapely.affinity import translate
from shapely.geometry import Polygon, box

from gis.sight import SightRules, needed_by_station, sight_table
from gis.terrain import Terrain
from twin.core.beam import Beam
from twin.core.errors import NotFoundError, OutsideTerrainError
from twin.core.geometry import Place
from twin.core.park import Building, Park, ProcessUnit, Tank
from twin.core.text import Text

NAME = Text(zh="测试", en="test")
FLAT = Terrain(np.zeros((201, 201), dtype=np.float32), -1000.0, -1000.0, 10.0)
Make = Callable[..., Park]
MakeBeam = Callable[..., Beam]


def building(outline: Polygon, height_m: float, name: str = "house") -> Building:
    return Building(id=name, name=NAME, outline=outline, base_m=0.0, height_m=height_m, kind="plant")


def tank(x_m: float, y_m: float, radius_m: float, height_m: float) -> Tank:
    base = Place(x_m=x_m, y_m=y_m, z_m=0.0)
    return Tank(
        id="T1", name=NAME, base=base, radius_m=radius_m, height_m=height_m, substance_id="hf", plot_id=""
    )


def raised(park: Park, platform_height_m: float) -> Park:
    """The park with another platform height; the receivers move with it."""
    lift = platform_height_m - park.stations[0].tower.platform_height_m
    tower = replace(park.stations[0].tower, platform_height_m=platform_height_m)
    beams = tuple(
        replace(row, receiver=replace(row.receiver, z_m=row.receiver.z_m + lift)) for row in park.beams
    )
    return replace(park, stations=(replace(park.stations[0], tower=tower),), beams=beams)


def hills(seed: int) -> Terrain:
    rng = np.random.default_rng(seed)
    smooth = ndimage.gaussian_filter(rng.normal(size=(201, 201)), 12.0)
    heights = 30.0 * smooth / np.ptp(smooth)
    return Terrain((heights - heights[100, 100]).astype(np.float32), -1000.0, -1000.0, 10.0)


def test_open_ground_is_clear_by_its_height(make_park: Make, make_beam: MakeBeam):
    row = sight_table(make_park(beams=[make_beam((500.0, 0.0, 3.0))]), FLAT)[0]
    assert row.clear
    assert row.clearance_m == pytest.approx(3.18)  # 5 m before the emitter, where the whole margin counts
    assert row.blocker_kind == row.first_kind == row.blocker_id == ""
    assert row.blocker_at_m is row.first_at_m is None


def test_a_building_in_the_middle_blocks_where_it_stands(make_park: Make, make_beam: MakeBeam):
    house = building(box(240.0, -10.0, 260.0, 10.0), 15.0)
    row = sight_table(make_park(beams=[make_beam((500.0, 0.0, 3.0))], buildings=[house]), FLAT)[0]
    assert not row.clear
    assert (row.blocker_kind, row.blocker_id) == ("building", "house")
    far = 260.5  # the line falls, so the far wall (with its lateral room) is the tightest place
    line = 21.0 - 18.0 * far / 500.0
    assert row.blocker_at_m == pytest.approx(far)
    assert row.clearance_m == pytest.approx(line - 15.0)
    receiver = (16.0 - 3.0 * far / 500.0) / (1.0 - far / 500.0)
    assert row.needed_platform_height_m == pytest.approx(receiver - 1.0)


def test_a_tank_blocks_on_its_chord_and_not_beside_it(make_park: Make, make_beam: MakeBeam):
    line = [make_beam((500.0, 0.0, 3.0))]
    rules = SightRules(lateral_m=0.0)
    hit = sight_table(make_park(beams=line, tanks=[tank(250.0, 6.0, 10.0, 14.0)]), FLAT, rules)[0]
    assert (hit.blocker_kind, hit.blocker_id) == ("tank", "T1")
    assert hit.blocker_at_m == pytest.approx(258.0)
    assert sight_table(make_park(beams=line, tanks=[tank(250.0, 10.1, 10.0, 14.0)]), FLAT, rules)[0].clear


def test_a_stack_blocks(make_park: Make, make_beam: MakeBeam):
    place = Place(x_m=250.0, y_m=0.0, z_m=40.0)
    stack = ProcessUnit(
        id="U1", name=NAME, place=place, height_m=40.0, kind="stack", substance_ids=(), plot_id=""
    )
    row = sight_table(make_park(beams=[make_beam((500.0, 0.0, 3.0))], units=[stack]), FLAT)[0]
    assert (row.blocker_kind, row.blocker_id) == ("unit", "U1")


def test_first_and_worst_blocker_may_differ(make_park: Make, make_beam: MakeBeam):
    near = building(box(100.0, -10.0, 120.0, 10.0), 19.0, "near")
    far = building(box(300.0, -10.0, 320.0, 10.0), 18.0, "far")
    row = sight_table(make_park(beams=[make_beam((500.0, 0.0, 3.0))], buildings=[far, near]), FLAT)[0]
    assert (row.first_id, row.blocker_id) == ("near", "far")
    assert row.first_at_m is not None
    assert row.first_at_m < 121.0


def test_trees_stand_outside_areas_only(make_park: Make, make_beam: MakeBeam):
    line, land = [make_beam((500.0, 0.0, 3.0))], [box(-50.0, -50.0, 550.0, 50.0)]
    wooded = sight_table(make_park(beams=line, vegetation_allowance_m=15.0), FLAT)[0]
    built = sight_table(make_park(beams=line, vegetation_allowance_m=15.0, areas=land), FLAT)[0]
    assert (wooded.clear, wooded.blocker_kind) == (False, "vegetation")
    assert built.clear


def test_a_ridge_blocks_as_terrain(make_park: Make, make_beam: MakeBeam):
    heights = np.zeros((201, 201), dtype=np.float32)
    heights[:, 125] = 30.0  # a ridge at x = 250 m
    row = sight_table(
        make_park(beams=[make_beam((500.0, 0.0, 3.0))]), Terrain(heights, -1000.0, -1000.0, 10.0)
    )[0]
    assert (row.blocker_kind, row.blocker_at_m) == ("terrain", pytest.approx(250.0))
    assert row.needed_platform_height_m == pytest.approx((31.0 - 1.5) / 0.5 - 1.0)


def test_an_emitter_inside_a_building_cannot_be_helped_by_a_tower(make_park: Make, make_beam: MakeBeam):
    house = building(box(490.0, -10.0, 510.0, 10.0), 15.0)
    row = sight_table(make_park(beams=[make_beam((500.0, 0.0, 3.0))], buildings=[house]), FLAT)[0]
    assert not row.clear
    assert row.needed_platform_height_m is None
    assert needed_by_station([row]) == {"S1": None}


def test_an_emitter_on_a_roof_is_no_obstacle_to_itself(make_park: Make, make_beam: MakeBeam):
    house = building(box(490.0, -10.0, 510.0, 10.0), 15.0)
    assert sight_table(make_park(beams=[make_beam((500.0, 0.0, 16.5))], buildings=[house]), FLAT)[0].clear


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 1000),
    heights=st.lists(st.floats(0.0, 45.0), min_size=1, max_size=4),
    bearing=st.floats(0.0, 2 * np.pi),
    trees=st.floats(0.0, 20.0),
)
def test_the_needed_platform_really_clears_and_a_little_less_does_not(
    make_park, make_beam, seed, heights, bearing, trees
):
    terrain = hills(seed)
    end = 700.0 * np.array([np.cos(bearing), np.sin(bearing)])
    houses = [
        building(translate(box(-8.0, -8.0, 8.0, 8.0), *(end * (k + 1) / 6.0)), height, f"H{k}")
        for k, height in enumerate(heights)
    ]
    emitter = (float(end[0]), float(end[1]), terrain.height_at(*end) + 4.0)
    park = make_park(beams=[make_beam(emitter)], buildings=houses, vegetation_allowance_m=trees)
    needed = sight_table(park, terrain)[0].needed_platform_height_m
    if needed is None:
        assert not sight_table(raised(park, 150.0), terrain)[0].clear
        return
    assert sight_table(raised(park, needed), terrain)[0].clear
    if needed > 0.1:
        assert not sight_table(raised(park, needed - 0.1), terrain)[0].clear


@settings(deadline=None, max_examples=40)
@given(low=st.floats(0.0, 30.0), more=st.floats(0.1, 30.0))
def test_raising_a_building_never_raises_the_clearance(make_park, make_beam, low, more):
    outline = box(240.0, -10.0, 260.0, 10.0)
    rows = [
        sight_table(
            make_park(beams=[make_beam((500.0, 0.0, 3.0))], buildings=[building(outline, height)]), FLAT
        )[0]
        for height in (low, low + more)
    ]
    assert rows[1].clearance_m <= rows[0].clearance_m
    if rows[0].blocker_kind == "building":
        assert rows[1].clearance_m == pytest.approx(rows[0].clearance_m - more)


def test_station_height_is_the_largest_of_its_beams(make_park: Make, make_beam: MakeBeam):
    house = building(box(240.0, -10.0, 260.0, 10.0), 15.0)
    beams = [make_beam((500.0, 0.0, 3.0)), make_beam((0.0, 500.0, 3.0), name="S1-B02")]
    rows = sight_table(make_park(beams=beams, buildings=[house]), FLAT)
    assert [row.clear for row in rows] == [False, True]
    assert needed_by_station(rows) == {"S1": rows[0].needed_platform_height_m}


def test_a_beam_that_leaves_the_terrain_is_an_error(make_park: Make, make_beam: MakeBeam):
    with pytest.raises(OutsideTerrainError):
        sight_table(make_park(beams=[make_beam((5000.0, 0.0, 3.0))]), FLAT)


def test_a_beam_of_an_unknown_station_is_an_error(make_park: Make, make_beam: MakeBeam):
    stray = replace(make_beam((500.0, 0.0, 3.0)), station_id="S9")
    with pytest.raises(NotFoundError, match="S9"):
        sight_table(make_park(beams=[stray]), FLAT)
