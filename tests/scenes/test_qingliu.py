"""The shipped demonstration: every published fact of the site holds, and it says what is not one."""

from __future__ import annotations

import math
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import shapely

from gis.scene.build import build_scene
from gis.scene.check import check_scene
from gis.scene.load import load_scene
from gis.sight import sight_table
from gis.strata import build_strata
from twin.core.origin import Origin

FOLDER = Path(__file__).resolve().parents[2] / "scenes" / "qingliu"
LARGEST_BYTES = 5_000_000


@pytest.fixture(scope="module")
def scene():
    build_scene(FOLDER)
    return load_scene(FOLDER)


@pytest.fixture(scope="module")
def park(scene):
    return scene.park


def area(park, id_):
    return next(row for row in park.areas if row.id == id_)


def road(park, id_):
    return next(row for row in park.roads if row.id == id_).line


def test_no_problem_is_found():
    assert check_scene(FOLDER) == []


def test_site_01_hectares(park):
    assert area(park, "FB").stated_ha == 142.8197
    assert area(park, "DLK").stated_ha == 83.9973
    for row in park.areas:
        assert row.outline.area / 1e4 == pytest.approx(row.stated_ha, abs=1e-4)


def test_site_02_fubao_is_2_4_by_2_0_km_with_x791_to_the_south(park):
    west, south, east, north = area(park, "FB").outline.bounds
    assert (east - west, north - south) == pytest.approx((2400.0, 2000.0), abs=0.01)
    assert_road_along_the_south(area(park, "FB").outline, road(park, "X791"))


def test_site_02_dalukou_lies_between_s307_yingxin_and_zhangkeng(park):
    outline = area(park, "DLK").outline
    assert_road_along_the_south(outline, road(park, "S307"))
    yingxin = next(row for row in park.plots if row.name.zh.startswith("莹新"))
    zhangkeng = next(row for row in park.settlements if row.name.zh.startswith("张坑"))
    assert yingxin.outline.bounds[0] >= outline.bounds[2]
    assert zhangkeng.place.x_m <= outline.bounds[0]


def assert_road_along_the_south(outline, line):
    west, _, east, _ = outline.bounds
    for x in np.linspace(west + 20, east - 20, 25):
        cut = shapely.LineString([(x, -1800), (x, 1800)])
        at_road = shapely.get_y(line.intersection(cut).centroid)
        edge = outline.intersection(cut).bounds[1]
        assert 0.0 < edge - at_road < 40.0


def test_the_areas_lie_apart(park):
    assert area(park, "DLK").outline.distance(area(park, "FB").outline) > 500.0


def test_natural_slopes_close_the_areas(scene, park):
    """North of both areas the ground rises: by 30 m within 250 m in most columns."""
    terrain = scene.terrain()
    for id_ in ("DLK", "FB"):
        outline = area(park, id_).outline
        west, _, east, _ = outline.bounds
        rises = []
        for x in np.linspace(west + 30, east - 30, 25):
            top = outline.intersection(shapely.LineString([(x, -1800), (x, 1800)])).bounds[3]
            rises.append(terrain.height_at(x, min(top + 250.0, 1800.0)) - terrain.height_at(x, top))
        assert np.median(rises) > 30.0


def test_site_03_to_06_stations_emitters_weather(park):
    assert [row.name.zh for row in park.stations] == [
        "大路口片1号站点",
        "大路口片2号站点",
        "福宝片1号站点",
        "福宝片2号站点",
    ]
    beams = Counter(row.station_id for row in park.beams)
    assert [beams[row.id] for row in park.stations] == [3, 6, 6, 5]
    assert len({row.weather.id for row in park.stations}) == 4
    for row in park.stations:
        assert area(park, row.area_id).outline.contains(shapely.Point(row.tower.base.x_m, row.tower.base.y_m))


def test_site_05_a_beam_waits_for_its_turn(park):
    dwell = {row.id: row.dwell_s for row in park.stations}
    beams = Counter(row.station_id for row in park.beams)
    ids = {row.id for row in park.beams}
    for device in park.devices:
        if device.sensor_id in ids:
            assert device.interval_s >= dwell[device.station_id] * beams[device.station_id]


def test_site_08_every_beam_is_clear(scene, park):
    rows = sight_table(park, scene.terrain())
    assert [row.beam_id for row in rows if not row.clear] == []


def test_site_09_tower_parts(park):
    for row in park.stations:
        assert set(row.tower.parts) == {"platform", "ladder", "sign_board", "camera", "lightning_rod"}


def test_site_10_pointing_to_a_thousandth_of_a_degree(park):
    for row in park.beams:
        assert 150.0 <= row.length_m <= 610.0
        assert round(row.azimuth_deg, 3) == row.azimuth_deg
        east, north = row.emitter.x_m - row.receiver.x_m, row.emitter.y_m - row.receiver.y_m
        assert row.azimuth_deg == pytest.approx(math.degrees(math.atan2(east, north)) % 360.0, abs=6e-4)
        rise = row.emitter.z_m - row.receiver.z_m
        assert row.elevation_deg == pytest.approx(
            math.degrees(math.atan2(rise, math.hypot(east, north))), abs=6e-4
        )


def test_site_13_groups_of_wells_at_several_depths(park):
    groups = Counter(row.group_id for row in park.wells)
    assert len(groups) == 8
    assert set(groups.values()) <= {2, 3}
    for group in groups:
        depths = [row.screen_top_m for row in park.wells if row.group_id == group]
        assert len(set(depths)) == len(depths)


def test_ing_one_simulated_device_per_sensor(park):
    sensors = {row.id for row in park.beams} | {row.id for row in park.wells}
    sensors |= {row.weather.id for row in park.stations}
    # Besides the instruments of the park: housekeeping of the four receivers, currents of two works.
    sensors |= {row.id for row in park.stations} | {"D3A-P1", "D3A-S1", "F4A-P1", "F4A-S1"}
    assert [row.sensor_id for row in park.devices if row.sensor_id not in sensors] == []
    assert len(park.devices) == len(sensors)
    assert len({row.mn for row in park.devices}) == len(park.devices)
    assert all(re.fullmatch(r"[0-9A-F]{24}", row.mn) for row in park.devices)
    assert {row.origin for row in park.devices} == {Origin.SIMULATED}


def test_crs_is_the_one_of_the_site(park):
    assert park.epsg == 4548
    assert park.convergence_deg == pytest.approx(0.0, abs=1e-6)
    assert park.origin.easting_m == pytest.approx(500000.0, abs=0.01)


def test_the_scene_says_what_it_is(park):
    assert park.terrain_is_demonstration
    assert park.placement_is_approximate
    assert "演示" in park.notice.zh
    assert "approximate" in park.notice.en
    sources = (FOLDER / "SOURCES.md").read_text(encoding="utf-8")
    for word in ("Assumed or generated", "Mutual position", "Terrain", "AEGL", "not checked"):
        assert word in sources


def test_only_published_companies_are_named(park):
    """Every works is Dongying, Gaobao or Yingxin with its place marked as assumed, or says demo."""
    for row in park.plots:
        assert "演示" in row.name.zh or row.name.zh == "莹新水泥缓凝剂地块"


def test_things_stand_on_their_plots(park):
    plots = {row.id: row.outline for row in park.plots}
    for tank in park.tanks:
        circle = shapely.Point(tank.base.x_m, tank.base.y_m).buffer(tank.radius_m)
        assert plots[tank.plot_id].contains(circle)
    for unit in park.units:
        assert plots[unit.plot_id].contains(shapely.Point(unit.place.x_m, unit.place.y_m))
    outlines = shapely.union_all(list(plots.values()))
    assert all(outlines.contains(row.outline) for row in park.buildings)


def test_nothing_stands_in_another(park):
    shapes = [row.outline for row in park.buildings]
    shapes += [shapely.Point(row.base.x_m, row.base.y_m).buffer(row.radius_m) for row in park.tanks]
    tree = shapely.STRtree(shapes)
    left, right = tree.query(shapes, predicate="intersects")
    racks = {k for k, row in enumerate(park.buildings) if row.kind == "pipe_rack"}
    assert [(a, b) for a, b in zip(left, right, strict=True) if a < b and not {a, b} & racks] == []


def test_beams_pass_near_candidate_sources(park):
    """SITE-07: most units lie within 150 m of a beam."""
    lines = [
        shapely.LineString([(row.receiver.x_m, row.receiver.y_m), (row.emitter.x_m, row.emitter.y_m)])
        for row in park.beams
    ]
    near = [
        min(line.distance(shapely.Point(row.place.x_m, row.place.y_m)) for line in lines) < 150.0
        for row in park.units
    ]
    assert np.mean(near) > 0.6


def test_relief_is_that_of_a_valley_between_hills(scene):
    heights = scene.terrain().heights_m
    assert 280.0 < heights.min() < 320.0
    assert 700.0 < heights.max() < 950.0
    assert scene.terrain().step_m == 2.0


def test_pads_are_level_under_buildings(scene, park):
    terrain = scene.terrain()
    for row in park.buildings:
        x, y = np.array(row.outline.exterior.coords).T
        heights = terrain.height(x, y)
        assert np.ptp(heights) < 0.5, row.id


def test_strata_can_be_built_and_hold_the_well_screens(scene, park):
    model = build_strata(park, scene.terrain(), 25.0)
    assert model.layer_ids == ("fill", "clay", "gravel", "weathered", "bedrock")
    assert (np.diff(model.bottoms_m, axis=0) <= 1e-9).all()
    known = {row.id: k for k, row in enumerate(park.strata)}
    for well in park.wells:
        col = int(np.argmin(np.abs(model.x_m - well.collar.x_m)))
        row = int(np.argmin(np.abs(model.y_m - well.collar.y_m)))
        k = known[well.stratum_id]
        top = model.ground_m[row, col] if k == 0 else model.bottoms_m[k - 1, row, col]
        middle = well.collar.z_m - (well.screen_top_m + well.screen_bottom_m) / 2
        assert model.bottoms_m[k, row, col] - 6.0 < middle < top + 6.0, well.id


def test_views_look_at_the_park_from_above_the_ground(scene, park):
    assert {"overview", "dalukou", "fubao"} <= {row.id for row in scene.bookmarks}
    terrain = scene.terrain()
    for row in scene.bookmarks:
        assert park.extent.contains(row.target.x_m, row.target.y_m)
        if park.extent.contains(row.position.x_m, row.position.y_m):
            ground = terrain.height_at(row.position.x_m, row.position.y_m)
            assert row.position.z_m > ground + 5.0, row.id


def test_thresholds_name_their_source_and_rise_with_the_level(park):
    hf = {row.name.en: row for row in park.thresholds if row.substance_id == "hf"}
    # 60-minute AEGL of hydrogen fluoride: 1, 24, 44 ppm; IDLH 30 ppm.
    per_ppm = 1e-6 * 0.020006 / (8.31446261815324 * 298.15 / 101325.0)
    aegl = [hf[f"AEGL-{k} (60 min)"].conc_kg_m3 / per_ppm for k in (1, 2, 3)]
    assert aegl == pytest.approx([1.0, 24.0, 44.0])
    assert hf["IDLH"].conc_kg_m3 / per_ppm == pytest.approx(30.0)
    assert all(len(row.source) > 10 for row in park.thresholds)


def test_committed_files_are_small():
    ignored = set((FOLDER / ".gitignore").read_text().split())
    for path in FOLDER.iterdir():
        assert path.name in ignored or path.stat().st_size < LARGEST_BYTES


def test_wells_and_towers_stand_free(park):
    """Neither in a building nor on a road."""
    places = [(row.id, row.collar, 1.0) for row in park.wells]
    places += [(row.id, row.tower.base, 2.0) for row in park.stations]
    for id_, place, free_m in places:
        point = shapely.Point(place.x_m, place.y_m)
        assert min(row.outline.distance(point) for row in park.buildings) > free_m, id_
        assert min(row.line.distance(point) - row.width_m / 2 for row in park.roads) > free_m, id_


def test_ops_02_two_tanks_of_nitrogen_at_every_station(park):
    assert {row.series_key.split("/")[0] for row in park.book.tanks} == {row.id for row in park.stations}
    assert {row.volume_m3 for row in park.book.tanks} == {0.1}


def test_only_made_up_works_are_watched_for_linkage(park):
    plots = {row.id: row.name.zh for row in park.plots}
    units = {row.id: row for row in park.units}
    for row in park.book.units:
        assert "演示企业" in plots[units[row.id].plot_id]
