"""Records of devices: numbers, codes, units; strangers and the record that is proposed for them."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from gis.scene.schema import DevicesFile
from sensors.commissioning import Knock, describe_stranger
from sensors.hj212.device_number import explain_number
from sensors.hj212.factor_codes import Letters, explain_code, known_codes, read_letters
from sensors.hj212.findings import FindingCount, FindingKind, FindingTally
from sensors.registry_check import check_device, counted
from tests.sensors.tiny_park import make_device
from twin.core.device import Edition, Factor
from twin.core.errors import SettingsError
from twin.core.quantity import quantity
from twin.core.text import Text
from twin.core.units import unit

MN = "010000A8900016F000169DC0"


@pytest.mark.parametrize(
    ("mn", "kind", "parts"),
    [
        (MN, "epc96", []),
        ("66330302010200017001", "wenzhou", ["330302", "01", "02", "00017", "001"]),
        ("4201003", "other", []),
        ("67330302010200017001", "other", []),
        ("6633030201020001700１", "other", []),
    ],
)
def test_numbers_follow_one_of_two_rules_or_none(mn: str, kind: str, parts: list[str]) -> None:
    number = explain_number(mn)
    assert (number.mn, number.kind, [value for _, value in number.parts]) == (mn, kind, parts)


def test_every_listed_code_has_a_unit_and_a_quantity_that_go_together() -> None:
    for row in known_codes().values():
        assert "" not in (row.name.zh, row.name.en, row.source)
        if row.quantity:
            assert unit(row.unit).dimension == unit(quantity(row.quantity).si_unit).dimension, row.code


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("a21018", "listed"),
        ("e30102", "process"),
        ("i12001", "site"),
        ("a77777", "medium"),
        ("??", "unknown"),
    ],
)
def test_every_code_is_explained(code: str, kind: str) -> None:
    assert explain_code(code).kind == kind


def test_letter_tables_are_settings(tmp_path: Path) -> None:
    path = tmp_path / "letters.toml"
    path.write_text('[conditions]\nDa = "current"\n[modules]\n3 = "module 3"\n')
    meaning = explain_code("DaXYZ3", read_letters(path))
    assert (meaning.kind, meaning.name.en) == ("condition", "current module 3")
    assert meaning.parts == (("condition", "Da"), ("module", "3"))
    assert explain_code("DaXYZ3", Letters()).parts == (("condition", "DaXYZ"), ("module", "3"))
    path.write_text("conditions = 5")
    with pytest.raises(SettingsError, match="letter tables"):
        read_letters(path)


def kinds(*factors: Factor, **changes: object) -> list[str]:
    device = make_device(MN, "B", "S", factors, **changes)
    return [row.kind for row in check_device(device, has_key=False, has_password=True)]


def test_what_is_odd_in_a_record_is_named() -> None:
    good = Factor(code="a21018", quantity="conc:hf", unit="mg/m3", low=0.0, high=50.0)
    assert kinds(replace(good, scale=0.5)) == ["scaled"]
    assert kinds(good) == []
    assert kinds(good, edition=Edition.HJ2025) == ["sm4_key_missing"]
    assert kinds(good, st="99") == ["st_unknown"]
    assert kinds(good, good) == ["code_twice"]
    assert kinds(Factor(code="a21018", quantity="conc:nh3", unit="mg/m3", low=0, high=1)) == ["code_meaning"]
    assert kinds(Factor(code="zz", quantity="conc:hf", unit="mg/m3")) == ["code_unknown", "no_range"]
    odd = Factor(code="a01006", quantity="air_pressure", unit="kPa", low=300.0, high=1100.0)
    assert kinds(odd) == ["unit_range"]
    fine = Factor(code="a01006", quantity="air_pressure", unit="hPa", low=300.0, high=1100.0)
    assert kinds(fine) == []


def test_counted_findings_say_what_a_device_really_computes() -> None:
    tally = FindingTally()
    for now_ms in (5, 9):
        tally.add(MN, FindingKind.CRC_WRONG, "modbus", now_ms)
    (row,) = counted(tally.take())
    assert (row.count, row.first_ms, row.last_ms) == (2, 5, 9)
    assert row.text == Text(zh="该设备的报文符合 modbus 校验", en="this device's frames match modbus")
    assert tally.take() == ()


def test_a_tally_is_bounded() -> None:
    tally = FindingTally(most=10)
    for k in range(100):
        tally.add(f"{k}", FindingKind.CRC_RIGHT, "hj212", k)
    assert len(tally.take()) == 10


def test_counts_add_up() -> None:
    one = FindingCount(mn="a", kind="k", what="", count=2, first_ms=5, last_ms=9, detail="old")
    two = FindingCount(mn="a", kind="k", what="", count=3, first_ms=7, last_ms=8)
    both = one.plus(two)
    assert (both.count, both.first_ms, both.last_ms, both.detail) == (5, 5, 9, "old")


def knock(mn: str, minute: int, cp: str = "a21018-Rtd=0.031,a21018-Flag=N;zz9-Rtd=5") -> Knock:
    head = f"QN=20261122101500001;ST=31;CN=2011;PW=1;MN={mn};Flag=5;CP=&&DataTime=2026112210{minute:02d}00"
    return Knock(received_ms=minute * 60_000, peer="p", segment=f"{head};{cp}&&".encode())


@pytest.mark.parametrize("mn", [MN, "4201003"])
def test_a_stranger_gets_a_record_that_the_scene_takes(mn: str) -> None:
    stranger = describe_stranger(mn, [knock(mn, 1), knock(mn, 2), knock(mn, 3)], 8.0)
    assert (stranger.frames, stranger.interval_s, stranger.editions, stranger.st) == (
        3,
        60.0,
        ("2017",),
        "31",
    )
    assert [(row.code, row.quantity) for row in stranger.factors] == [("a21018", "conc:hf"), ("zz9", "")]
    block = stranger.block.replace("FILL IN", "X1")
    proposed = DevicesFile.model_validate(tomllib.loads(block))
    assert proposed.devices[0].mn == mn
    assert proposed.devices[0].mn_outside_standard is (len(mn) != 24)
    assert [row.code for row in proposed.factor_sets["new_device"]] == ["a21018"]


def test_hostile_texts_cannot_leave_their_place_in_the_record() -> None:
    mn = '<script>"\n[[devices]]\nmn="x'
    stranger = describe_stranger(mn, [knock("A", 1, 'a21018-Rtd=1\n[evil]\nx="1"')], 8.0)
    read = tomllib.loads(stranger.block)
    assert set(read) == {"factor_sets", "devices"}
    assert read["devices"][0]["mn"] == mn
