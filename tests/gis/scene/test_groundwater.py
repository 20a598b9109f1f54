"""``water.toml``: read in the units people write, refused by name where it cannot be; absent is no fault."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gis.scene.find import scene_folder
from gis.scene.groundwater import WATER_FILE, WaterFile, check_water, groundwater
from gis.scene.load import content_hash, read_declared
from gis.scene.problems import Problems
from gis.scene.tables import read_toml
from twin.core.groundwater import MeasureKind, TargetKind

DAY_S = 86_400.0
GOOD = """
held_out = ["GW1a"]
[model]
cell_m = 25.0
recharge_mm_a = 365.25
margin_inflow_m2_d = 0.864
bed_1_d = 0.864
history_d = 30.0
strata = ["gravel"]
outline = [[0.0, 0.0], [100.0, 0.0], [100.0, 100.0]]
[[substances]]
id = "f"
name = { zh = "氟", en = "Fluoride" }
limit_mg_l = 1.0
background_mg_l = 0.3
kd_l_kg = 2.0
half_life_d = 10.0
source = "GB/T 14848-2017"
[[targets]]
id = "river"
name = { zh = "河", en = "River" }
kind = "river"
line = [[0.0, 0.0], [50.0, 0.0], [100.0, 0.0]]
substances = ["f"]
[[sources]]
id = "S1"
name = { zh = "罐", en = "Tank" }
kind = "tank"
x_m = 10.0
y_m = 20.0
substance = "f"
rate_kg_d = 0.864
object = "T1"
[[measures]]
id = "pump"
name = { zh = "抽水", en = "Pump" }
kind = "pump"
line = [[50.0, 50.0]]
rate_m3_d = 86.4
[[measures]]
id = "zone"
name = { zh = "反应墙", en = "Zone" }
kind = "reactive_zone"
line = [[0.0, 50.0], [50.0, 50.0]]
half_life_d = 2.0
agent = { zh = "磷灰石", en = "Apatite" }
[[measures]]
id = "dig"
name = { zh = "清除", en = "Dig" }
kind = "source_removal"
source = "S1"
"""


def read(folder: Path, text: str) -> tuple[WaterFile | None, Problems]:
    problems = Problems("scene")
    path = folder / WATER_FILE
    path.write_text(text, "utf-8")
    file = read_toml(path, WaterFile, problems)
    if file is not None:
        tables = read_declared(scene_folder("qingliu"), Problems("qingliu"))
        assert tables is not None
        check_water(file, tables.tables.wells.wells, ["gravel"], problems)
    return file, problems


def test_everything_becomes_si(tmp_path: Path) -> None:
    file, problems = read(tmp_path, GOOD)
    assert [row.message for row in problems.rows] == []
    assert file is not None
    book = groundwater(file)
    assert book.model.recharge_m_s == pytest.approx(1e-3 / DAY_S)
    assert book.model.margin_inflow_m2_s == pytest.approx(1e-5)
    assert book.model.bed_1_s == pytest.approx(1e-5)
    assert book.model.history_s == pytest.approx(30 * DAY_S)
    assert book.model.outline == ((0.0, 0.0), (100.0, 0.0), (100.0, 100.0))
    (fluoride,) = book.substances
    assert (fluoride.limit_kg_m3, fluoride.background_kg_m3) == (pytest.approx(1e-3), pytest.approx(3e-4))
    assert fluoride.kd_m3_kg == pytest.approx(2e-3)
    assert fluoride.half_life_s == pytest.approx(10 * DAY_S)
    (target,) = book.targets
    assert (target.kind, target.x_m, target.y_m) == (TargetKind.RIVER, 50.0, 0.0)
    assert book.sources[0].rate_kg_s == pytest.approx(1e-5)
    assert book.sources[0].object_id == "T1"
    pump, zone, dig = book.measures
    assert (pump.kind, pump.rate_m3_s) == (MeasureKind.PUMP, pytest.approx(1e-3))
    assert zone.half_life_s == pytest.approx(2 * DAY_S)
    assert zone.agent is not None
    assert dig.source_id == "S1"
    assert book.held_out == ("GW1a",)


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('strata = ["gravel"]', 'strata = ["sand"]', "sand"),
        ('held_out = ["GW1a"]', 'held_out = ["GW99"]', "GW99"),
        ('substances = ["f"]', 'substances = ["x"]', "river, substances"),
        ('substance = "f"', 'substance = "x"', "S1, substance"),
        ("rate_m3_d = 86.4", "rate_m3_d = 0.0", "pump, rate_m3_d"),
        ("line = [[50.0, 50.0]]\nrate", "rate", "pump, line"),
        ("line = [[0.0, 50.0], [50.0, 50.0]]", "line = [[0.0, 50.0]]", "zone, line"),
        ("half_life_d = 2.0\nagent", "agent", "zone, half_life_d"),
        ('source = "S1"', 'source = "S2"', "dig, source"),
        ('source = "S1"', 'source = "S1"\ntop_m = 20.0', "dig, bottom_m"),
        ('id = "zone"', 'id = "pump"', "measures, id"),
        ("limit_mg_l = 1.0", "limit_mg_l = -1.0", "limit_mg_l"),
        ("limit_mg_l = 1.0", "limit_mg_l = inf", "limit_mg_l"),
        ("cell_m = 25.0", "cell_m = 0.5", "cell_m"),
        ("cell_m = 25.0", "cells_m = 25.0", "cells_m"),
        ("[100.0, 100.0]]", "[100.0, 100.0], [50.0, -50.0], [0.0, 90.0]]", "outline"),
        ('kind = "pump"', 'kind = "magic"', "kind"),
    ],
)
def test_what_cannot_be_is_refused_by_name(tmp_path: Path, old: str, new: str, named: str) -> None:
    assert old in GOOD
    _, problems = read(tmp_path, GOOD.replace(old, new, 1))
    assert len(problems) >= 1
    assert any(named in row.message for row in problems.rows), [row.message for row in problems.rows]
    assert all(row.message_zh for row in problems.rows)


def test_a_scene_without_the_file_has_no_groundwater_and_another_hash(tmp_path: Path) -> None:
    folder = tmp_path / "qingliu"
    shutil.copytree(scene_folder("qingliu"), folder, ignore=shutil.ignore_patterns("*.tif*"))
    terrain = tmp_path / "terrain.tif"
    terrain.write_bytes(b"same")
    whole = content_hash(folder, terrain)
    (folder / WATER_FILE).unlink()
    problems = Problems("scene")
    declared = read_declared(folder, problems)
    assert len(problems) == 0
    assert declared is not None
    assert declared.tables.water is None
    assert content_hash(folder, terrain) != whole


def test_the_demonstration_names_what_it_protects() -> None:
    declared = read_declared(scene_folder("qingliu"), Problems("qingliu"))
    assert declared is not None
    assert declared.tables.water is not None
    book = groundwater(declared.tables.water)
    assert {row.kind for row in book.targets} >= {TargetKind.RIVER, TargetKind.INTAKE, TargetKind.VILLAGE}
    assert [(row.id, row.limit_kg_m3) for row in book.substances] == [("f", pytest.approx(1e-3))]
    tanks = {feature.row.id for feature in declared.drawn.tanks}
    assert {row.object_id for row in book.sources} <= tanks
    kinds = {row.kind for row in book.measures}
    assert kinds == {
        MeasureKind.PUMP, MeasureKind.BARRIER, MeasureKind.SOURCE_REMOVAL, MeasureKind.REACTIVE_ZONE
    }  # fmt: skip
