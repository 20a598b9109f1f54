"""Uploaded tables: headers in both languages, units, bad cells beside good ones, files that lie."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from sensors.lines.contract import frame_of
from sensors.table import sensor_row
from sensors.upload.sheet import ROWS_MAX
from sensors.upload.table import read_table
from tests.sensors.lines.way_doubles import NOW_MS, way_device
from twin.core.device import Factor
from twin.core.errors import BadRequestError
from twin.core.observation import Mark, Observation
from twin.core.units import ppm_to_kg_m3

HF_KG_MOL = 0.020006
FACTORS = (
    Factor(
        code="a21018", quantity="conc:hf", unit="mg/m3", low=0.0, high=100.0, reference_k=298.15,
        molar_mass_kg_mol=HF_KG_MOL, names=("氟化氢", "Hydrogen fluoride", "HF"),
    ),
    Factor(code="w21017", quantity="water:f", unit="mg/L", names=("氟化物", "Fluoride", "F-")),
    Factor(code="o2", quantity="oxygen", unit="%", low=0.0, high=100.0),
    Factor(code="w01001", quantity="ph", unit="pH", low=0.0, high=14.0),
)  # fmt: skip
DEVICE = replace(way_device(1, "upload", FACTORS, line=""), sensor_id="GW-01.lab")
LATER_MS = NOW_MS + 86_400_000


def rows(data: bytes | str, device=DEVICE) -> dict[str, Observation]:  # type: ignore[no-untyped-def]
    segment = data.encode() if isinstance(data, str) else data
    frame = frame_of(device, segment, received_ms=LATER_MS, peer="upload")
    said = sensor_row("upload").decode(frame, device, 8.0)
    return {row.quantity: row for row in said.observations}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_chinese_headers_with_units(encoding: str) -> None:
    text = "采样时间,氟化物（μg/L）,酸碱度,分析人,方法\n2026/11/22 8:05,320,7.1,李伟,HJ 84\n"
    found = rows(text.encode(encoding))
    assert found["water:f"].value == pytest.approx(320e-6)
    assert found["water:f"].mark is Mark.BY_HAND
    assert found["ph"].value == 7.1
    result = read_table(text.encode(encoding), DEVICE, 8.0)
    assert (result.analysts, result.methods) == (["李伟"], ["HJ 84"])


def test_english_headers_and_the_long_form() -> None:
    at = "2026-11-22 08:05:00"
    text = f"sampling time;parameter;result;unit\n{at};Fluoride;0.32;mg/L\n{at};pH;7,1;\n"
    result = read_table(text.encode(), DEVICE, 8.0)
    assert [(row.reading.code, row.reading.value) for row in result.cells] == [("w21017", 0.32)]
    assert [(row.row, row.column, row.value) for row in result.problems] == [(3, "result", "7,1")]
    assert (result.rows, result.good) == (2, 1)


@pytest.mark.parametrize(("said", "ppm"), [("ppm", 1.0), ("ppb", 1e-3), ("%vol", 1e4), ("μmol/mol", 1.0)])
def test_a_volume_ratio_needs_the_molar_mass_and_the_stated_state(said: str, ppm: float) -> None:
    found = rows(f"time,HF ({said})\n2026-11-22 08:05:00,1\n")
    wanted = ppm_to_kg_m3(ppm, HF_KG_MOL, temperature_k=298.15, pressure_pa=101_325.0)
    assert found["conc:hf"].value == pytest.approx(wanted)


def test_without_a_stated_state_a_volume_ratio_is_not_converted() -> None:
    device = replace(DEVICE, factors=(replace(FACTORS[0], reference_k=None),))
    result = read_table(b"time,HF (ppm)\n2026-11-22 08:05:00,1\n", device, 8.0)
    assert result.cells == []
    assert "reference_k" in result.problems[0].expected.en


def test_oxygen_in_volume_percent() -> None:
    assert rows("time,Oxygen [vol%]\n2026-11-22 08:05:00,20.9\n")["oxygen"].value == pytest.approx(0.209)


def test_a_well_with_all_that_a_laboratory_measures_and_the_soil_above_it() -> None:
    factors = tuple(
        Factor(code=code, quantity=quantity, unit=unit, names=(name,))
        for code, quantity, unit, name in (
            ("w99001", "water_level", "m", "水位"),
            ("w01010", "water_temperature", "degC", "水温"),
            ("w01001", "ph", "pH", "酸碱度"),
            ("w01014", "conductivity", "uS/cm", "电导率"),
            ("w21017", "water:f", "mg/L", "氟化物"),
            ("w24017", "water:toluene", "ug/L", "甲苯"),
        )
    )
    lab = replace(DEVICE, factors=factors)
    text = "时间,水位,水温,酸碱度,电导率,氟化物,甲苯\n2026-11-22 08:05:00,310.2,18.5,6.6,287,3.04,12\n"
    found = {key: row.value for key, row in rows(text, lab).items()}
    assert found == {
        "water_level": pytest.approx(310.2),
        "water_temperature": pytest.approx(291.65),
        "ph": 6.6,
        "conductivity": pytest.approx(0.0287),
        "water:f": pytest.approx(3.04e-3),
        "water:toluene": pytest.approx(12e-6),
    }
    soil = replace(
        DEVICE,
        sensor_id="GW-01.soil",
        factors=(
            Factor(code="s01", quantity="water_content", unit="%", low=0.0, high=100.0, names=("含水率",)),
            Factor(code="s02", quantity="ph", unit="pH", low=0.0, high=14.0, names=("酸碱度",)),
        ),
    )
    said = rows("时间,含水率,酸碱度\n2026-11-22 08:05:00,31.5,5.9\n", soil)
    assert {key: row.value for key, row in said.items()} == {
        "water_content": pytest.approx(0.315),
        "ph": 5.9,
    }


@pytest.mark.parametrize("said", ["<0.02", "＜0.02", "0.02L", "ND", "未检出"])
def test_below_the_limit_is_no_number_and_says_so(said: str) -> None:
    found = rows(f"time,Fluoride\n2026-11-22 08:05:00,{said}\n")
    assert found["water:f"].value is None
    assert said in found["water:f"].raw_text


@pytest.mark.parametrize(
    ("line", "column", "expected"),
    [
        ("soon,1,7", "time", "a time"),
        ("2026-11-22 08:05:00,NaN,7", "Fluoride (mg/L)", "a number"),
        ("2026-11-22 08:05:00,1_000,7", "Fluoride (mg/L)", "a number"),
        ("2026-13-22 08:05:00,1,7", "time", "a time"),
    ],
)
def test_a_bad_cell_is_named_and_the_other_rows_are_kept(line: str, column: str, expected: str) -> None:
    text = f"time,Fluoride (mg/L),pH\n2026-11-22 08:00:00,1.5,7\n{line}\n2026-11-22 08:10:00,2.5,7\n"
    result = read_table(text.encode(), DEVICE, 8.0)
    problem = result.problems[0]
    assert (problem.row, problem.column) == (3, column)
    assert expected in problem.expected.en
    assert problem.expected.zh
    assert {row.row for row in result.cells if row.reading.code == "w21017"} == {2, 4}


def test_marks_points_and_other_units_are_checked() -> None:
    text = (
        "time,point,mark,Fluoride (mg/L),HF (kPa)\n2026-11-22 08:00:00,GW-01,N,1,\n"
        "2026-11-22 08:01:00,GW-02,S,1,\n2026-11-22 08:02:00,,Z,1,\n2026-11-22 08:03:00,,,1,5\n"
    )
    result = read_table(text.encode(), DEVICE, 8.0)
    assert [row.row for row in result.problems] == [3, 4, 5]
    assert [(row.row, row.reading.mark) for row in result.cells] == [(2, Mark.NORMAL), (5, Mark.BY_HAND)]


def workbook(*lines: tuple[object, ...]) -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for line in lines:
        sheet.append(line)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_a_workbook_gives_what_its_csv_gives() -> None:
    from datetime import datetime

    moment = datetime(2026, 11, 22, 8, 5)
    found = rows(workbook(("时间", "氟化物(mg/L)", "pH"), (moment, 0.32, 7.1), (None, None, None)))
    assert found["water:f"].value == pytest.approx(0.32e-3)
    assert found["water:f"].time_ms == rows("时间,pH\n2026-11-22 08:05:00,7\n")["ph"].time_ms


def test_a_workbook_that_unpacks_to_a_gigabyte_is_not_opened() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for k in range(3):
            archive.writestr(f"xl/worksheets/sheet{k}.xml", b"\0" * 40_000_000)
    assert len(out.getvalue()) < 1_000_000
    with pytest.raises(BadRequestError, match="unpacked"):
        read_table(out.getvalue(), DEVICE, 8.0)


def test_too_many_rows_are_refused() -> None:
    text = "time,pH\n" + "2026-11-22 08:05:00,7\n" * (ROWS_MAX + 1)
    with pytest.raises(BadRequestError, match="rows"):
        read_table(text.encode(), DEVICE, 8.0)


@pytest.mark.parametrize("data", [b"", b"\x00\x01", b"a,b\n1,2\n", b"PK\x03\x04junk", b"time,unknown\n1,2\n"])
def test_files_that_are_no_table_are_refused_as_a_whole(data: bytes) -> None:
    with pytest.raises(BadRequestError):
        read_table(data, DEVICE, 8.0)
    assert rows(data) == {}


def test_a_vendors_headers_are_renamed_by_the_device() -> None:
    device = replace(DEVICE, columns=(("Datum/Zeit", "time"), ("Fluorid", "Fluoride (mg/L)")))
    assert rows("Datum/Zeit,Fluorid\n2026-11-22 08:05:00,2\n", device)["water:f"].value == pytest.approx(2e-3)


@given(
    data=st.binary(max_size=300),
    head=st.sampled_from([b"", b"time,pH\n", b"PK\x03\x04", "时间,pH\n".encode("gb18030")]),
)
@settings(max_examples=60, deadline=None)
def test_any_bytes_are_read_or_refused(data: bytes, head: bytes) -> None:
    for row in rows(head + data).values():
        assert row.value is None or row.value == row.value
