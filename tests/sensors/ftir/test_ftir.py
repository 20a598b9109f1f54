"""Result files of open-path FTIR: what is kept of a retrieval, and files that come into a folder."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from sensors.hj212.decode import Decoded
from sensors.lines.contract import frame_of
from sensors.table import sensor_row
from tests.sensors.lines.way_doubles import NOW_MS, driven, until, way_device
from twin.core.device import Device, Factor
from twin.core.line import Line, LineKind, LineMember
from twin.core.observation import Check, Mark
from twin.core.units import ppm_to_kg_m3

HF = Factor(
    code="hf", quantity="conc:hf", unit="mg/m3", low=-0.5, high=100.0, reference_k=298.15,
    molar_mass_kg_mol=0.020006, names=("氟化氢", "Hydrogen fluoride", "HF"),
)  # fmt: skip
DEVICE = way_device(1, "ftir", (HF,))
HEAD = "time,gas,value,unit,error,state,path_m,spectrum,gain,resolution\n"


def said(data: str, device: Device = DEVICE) -> Decoded:
    frame = frame_of(device, data.encode(), received_ms=NOW_MS, peer="x")
    return sensor_row("ftir").decode(frame, device, 8.0)


def test_value_error_state_and_the_spectrum_behind_them() -> None:
    read = said(HEAD + "2026-11-22 07:15:00,HF,0.031,mg/m3,0.004,OK,420.5,20261122/0715.spc,128,0.5\n")
    (row,) = read.observations
    assert (row.value, row.mark) == (pytest.approx(31e-9), Mark.NORMAL)
    facts = {fact.field: (fact.text, fact.value) for fact in read.facts}
    assert facts == {
        "error": ("0.004", 0.004),
        "path": ("420.5", 420.5),
        "spectrum": ("20261122/0715.spc", None),
        "gain": ("128", 128.0),
        "resolution": ("0.5", 0.5),
    }


def test_a_column_density_is_divided_by_the_path() -> None:
    read = said(HEAD + "2026-11-22 07:15:00,氟化氢,42.05,ppm.m,,,420.5,,,\n")
    wanted = ppm_to_kg_m3(0.1, 0.020006, temperature_k=298.15, pressure_pa=101_325.0)
    assert read.observations[0].value == pytest.approx(wanted)
    assert said(HEAD + "2026-11-22 07:15:00,HF,42.05,ppm.m,,,,,,\n").observations == ()


def test_a_bad_state_is_a_fault_and_a_negative_value_is_kept() -> None:
    read = said(HEAD + "2026-11-22 07:15:00,HF,-0.01,mg/m3,,NO SIGNAL,,,,\n")
    assert read.observations[0].mark is Mark.FAULT
    assert read.observations[0].value == pytest.approx(-1e-8)


def test_bad_rows_are_counted_and_good_ones_kept() -> None:
    good = "2026-11-22 07:15:00,HF,0.031,mg/m3,,,,,,\n"
    at = "2026-11-22 07:16:00"
    bad = f"soon,HF,1,mg/m3,,,,,,\n{at},HF,1,mg/m3,,,,,300,\n"
    read = said(HEAD + good + bad + f"{at},XX,1,mg/m3,,,,,,\n{at},HF,oops,mg/m3,,,,,,\n")
    assert [row.value for row in read.observations] == [pytest.approx(31e-9), None]
    assert read.observations[1].checks & Check.NOT_A_NUMBER
    assert read.unknown_codes == ("XX",)
    assert [problem.kind.value for problem in read.problems] == ["bad_rows"]


def test_json_says_the_same() -> None:
    record = {
        "time": "2026-11-22T07:15:00+08:00",
        "path_m": 420.5,
        "spectrum": "s.spc",
        "gain": 128,
        "resolution": 0.5,
        "gases": [{"gas": "HF", "value": 0.031, "unit": "mg/m3", "error": 0.004, "state": "ok"}],
    }
    by_json = said(json.dumps({"records": [record]}))
    by_csv = said(HEAD + "2026-11-22 07:15:00,HF,0.031,mg/m3,0.004,ok,420.5,s.spc,128,0.5\n")
    assert by_json.observations == by_csv.observations
    assert {(f.field, f.text) for f in by_json.facts} == {(f.field, f.text) for f in by_csv.facts}


def test_a_vendors_headers() -> None:
    device = replace(DEVICE, columns=(("Zeit", "time"), ("Stoff", "gas"), ("Konz", "value (mg/m3)")))
    assert len(said("Zeit,Stoff,Konz\n2026-11-22 07:15:00,HF,0.03\n", device).observations) == 1


@pytest.mark.parametrize("data", ["", "{}", "[1]", '{"records": [1]}', "a,b\n", '{"records": 3}'])
def test_files_that_are_none_give_nothing(data: str) -> None:
    read = said(data)
    assert read.observations == ()
    assert read.problems or data == "[1]"


def test_files_in_a_folder_are_taken_once_and_only_when_whole(tmp_path: Path) -> None:
    other = way_device(3, "ftir", (HF,))
    members = (LineMember(mn=DEVICE.mn, pattern="B1_*"), LineMember(mn=other.mn, pattern="B2_*"))
    line = Line(id="L1", kind=LineKind.FOLDER, place=str(tmp_path), poll_s=0.05, members=members)
    body = HEAD + "2026-11-22 07:15:00,HF,0.031,mg/m3,,,,,,\n"

    async def play() -> None:
        async with driven(line, DEVICE, other) as sink:
            growing = tmp_path / "B1_1.csv"
            for k in range(1, 12):  # written slowly
                growing.write_text(body[: len(body) * k // 12], encoding="utf-8")
                await asyncio.sleep(0.02)
            growing.write_text(body, encoding="utf-8")
            (tmp_path / "B1_2.csv.part").write_text(body, encoding="utf-8")
            (tmp_path / "B2_1.csv").write_text(body, encoding="utf-8")
            (tmp_path / "readme.txt").write_text("no", encoding="utf-8")
            (tmp_path / "B1_9.csv").symlink_to("/etc/hostname")
            await until(lambda: len(sink.durable) == 1 or len(sink.durable) == 2)
            (tmp_path / "B1_3.csv").write_text(body, encoding="utf-8")  # the same bytes, another name
            await asyncio.sleep(0.4)
            assert {row.segment for row in sink.durable} == {body.encode()}
            assert {row.qn for row in sink.durable} == {sink.durable[0].qn}

    asyncio.run(play())


def test_a_folder_that_is_not_there_is_looked_for_again(tmp_path: Path) -> None:
    place = tmp_path / "later"
    line = Line(id="L1", kind=LineKind.FOLDER, place=str(place), poll_s=0.05, retry_s=0.05)

    async def play() -> None:
        async with driven(line, DEVICE, there=False) as sink:
            await until(lambda: "line_down" in sink.kinds())
            place.mkdir()
            (place / "a.csv").write_text(HEAD + "2026-11-22 07:15:00,HF,1,mg/m3,,,,,,\n", encoding="utf-8")
            await until(lambda: len(sink.durable) == 1)

    asyncio.run(play())
