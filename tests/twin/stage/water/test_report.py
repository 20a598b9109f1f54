"""The risk report: all that it must say is in it, in Word as in PDF, with its origin on every page."""

from __future__ import annotations

import re
import zlib
from base64 import a85decode
from dataclasses import replace
from io import BytesIO
from typing import Any

import numpy as np
import pytest

from tests.support.risk_facts import NOW_MS, comparison, now_cast
from twin.core.errors import BadRequestError
from twin.core.origin import Origin
from twin.core.text import Text
from twin.stage.water.report import RiskReport, Sample, WellRow, spread_of, write_report
from twin.stage.water.report_map import detail_extent, map_png
from twin.stage.water.report_parts import Heading, Paragraph, Picture, Table, blocks_of, stamp
from twin.stage.water.report_wire import report_of
from twin.stage.water.report_words import band, days, number, yuan

PARK = Text(zh="演示园区", en="Demonstration park")


def full(origin: str = "modelled") -> RiskReport:
    return report_of(now_cast(origin), comparison(), park=PARK)


def words(report: RiskReport) -> str:
    found = []
    for block in blocks_of(report):
        if isinstance(block, Heading):
            found += [block.text.zh, block.text.en]
        elif isinstance(block, Paragraph):
            found.append(block.text)
        elif isinstance(block, Table):
            found += [*block.head, *(cell for row in block.rows for cell in row)]
        else:
            found.append(block.caption)
    return "\n".join(found)


def table(report: RiskReport, head: str) -> Table:
    (found,) = [row for row in blocks_of(report) if isinstance(row, Table) and row.head[0].startswith(head)]
    return found


def document(body: bytes) -> Any:
    from docx import Document

    return Document(BytesIO(body))


def streams(body: bytes) -> list[bytes]:
    """Content of a PDF, ASCII85 and deflate undone."""
    pattern = rb"ASCII85Decode /FlateDecode[^>]*>>\s*stream\n(.*?)endstream"
    found = re.findall(pattern, body, re.DOTALL)
    return [zlib.decompress(a85decode(b"<~" + raw.strip(), adobe=True)) for raw in found]


def test_every_part_that_was_promised_is_there_in_order() -> None:
    headings = [row.text.zh for row in blocks_of(full()) if isinstance(row, Heading)]
    assert headings == [
        "情况概述",
        "监测井与水质类别（GB/T 14848-2017）",
        "污染羽与前缘",
        "敏感目标与到达时间",
        "水量与质量平衡",
        "措施比较",
        "处置方案建议",
        "方法",
        "有效范围与不足",
    ]


def test_wells_are_classed_and_warned_of() -> None:
    rows = {row[0]: row for row in table(full(), "监测井").rows}
    assert rows["GW1"][1:5] == ("9.05", "9.00 (8.91 – 9.09)", "Ⅰ", "氟化物")
    assert rows["GW2"][3] == "Ⅴ"
    assert "7.4 倍" in rows["GW2"][5]
    assert rows["GW2"][7] == "红色"
    assert rows["GW3"][3:] == ("—", "—", "—", "—", "—")
    assert table(full(), "监测井").marked == (1,)
    assert "3 口" in words(full())
    assert "1 口劣于Ⅲ类" in words(full())


def test_a_modelled_level_is_never_told_as_measured() -> None:
    body = now_cast()
    body["wells"][0]["measured_level"] = None
    report = report_of(body, park=Text(zh="园区", en="Park"))
    row = table(report, "监测井").rows[0]
    assert row[1:3] == ("—", "9.00 (8.91 – 9.09)")


def test_readings_tell_age_and_origin_and_old_ones_are_not_judged() -> None:
    body = now_cast()
    read = {"value": 7.4e-3, "t": NOW_MS - 3 * 86_400_000, "age_s": 259_200.0, "quality": "good"}
    for row, fresh in zip(body["wells"][:2], (True, False), strict=True):
        row["measured"] = {
            "f": read | {"value": row["measured_conc"]["f"], "origin": "simulated", "fresh": fresh}
        }
    report = report_of(body, park=Text(zh="园区", en="Park"))
    found = table(report, "监测井").rows
    assert found[0][6] == "3 d 模拟数据"
    assert found[1][3:] == ("—", "—", "—", "—", "—")
    assert "GW2 氟化物 3 d" in words(report)


def test_targets_come_most_threatened_first_with_arrival_and_reason() -> None:
    found = table(full(), "目标")
    assert "river-1" in found.rows[0][0]
    assert found.rows[0][2:] == ("82", "96 (41 – 240)", "3.1 (2.17 – 4.03)", "高 high", "II")
    assert found.rows[1][3] == "—"
    assert found.marked == (0,)
    assert "82 % likely above the limit" in words(full())


def test_fronts_budget_and_measures_stand_with_their_bands() -> None:
    (fronts,) = [row for row in blocks_of(full()) if isinstance(row, Table) and "Lead" in row.head[1]]
    assert [row[1] for row in fronts.rows] == ["0", "365"]
    assert fronts.rows[0][2] == "1 (GB/T 14848 III)"
    assert table(full(), "项").rows[0] == ("降雨入渗 recharge", "864", "0")
    measures = table(full(), "措施")
    assert [row[4] for row in measures.rows] == ["1", "0", "1"]
    assert measures.rows[1][5] == "140 (98 – 182)"
    assert measures.rows[2][5] == "未知 unknown"
    assert measures.rows[1][6] == "羟基磷灰石 42 t"
    assert measures.marked == (1,)
    assert "the barrier leaves the fewest targets in danger" in words(full())


def test_plans_with_chemistry_steps_and_sources_follow_the_worst_reading() -> None:
    said = words(full())
    assert "2 F- + Ca(OH)2 = CaF2 + 2 OH-" in said
    assert "Fawell" in said
    clean = now_cast()
    for well in clean["wells"]:
        well["measured_conc"] = {"f": 1e-4}
    assert "处置方案建议" not in words(report_of(clean, park=PARK))


@pytest.mark.parametrize(
    ("origin", "zh"), [("modelled", "模型推演"), ("simulated", "模拟数据"), ("exercise", "演练")]
)
def test_the_origin_is_stamped_and_what_is_not_real_says_so(origin: str, zh: str) -> None:
    report = full(origin)
    assert report.origin is Origin(origin)
    assert f"Origin：{zh} {origin}" in stamp(report)
    assert ("不得作为真实事件的依据" in words(report)) == (origin != "modelled")
    footer = document(write_report(report, "docx")).sections[0].footer.paragraphs[0].text
    assert stamp(report) in footer
    readings = {one.origin for row in report.wells for one in row.samples}
    assert readings == {Origin.MEASURED if origin == "modelled" else Origin(origin)}


def test_word_holds_every_word_and_the_maps() -> None:
    report = full()
    body = write_report(report, "docx")
    made = document(body)
    said = "\n".join(row.text for row in made.paragraphs)
    said += "\n".join(cell.text for grid in made.tables for line in grid.rows for cell in line.cells)
    for block in blocks_of(report):
        if isinstance(block, Paragraph):
            assert block.text in said
        elif isinstance(block, Table):
            assert all(cell in said for row in block.rows for cell in row)
    pictures = [row for row in blocks_of(report) if isinstance(row, Picture)]
    assert len(made.inline_shapes) == len(pictures) >= 1
    assert made.core_properties.title == "演示园区地下水污染风险评估报告"
    east = made.styles["Normal"].element.rPr.rFonts.attrib
    assert "宋体" in east.values()


def test_pdf_stamps_every_page_with_a_chinese_font() -> None:
    body = write_report(full(), "pdf")
    assert body.startswith(b"%PDF-")
    assert b"STSong-Light" in body
    pages = len(re.findall(rb"/Type /Page\b(?!s)", body))
    assert pages >= 2
    # reportlab writes CID text as UTF-16 with escapes; the stamp's plain part is looked for in every page.
    wanted = "test solver 1.0".encode("utf-16-be")
    stamped = sum(wanted in text.replace(b"\\000", b"\x00") for text in streams(body))
    assert stamped == pages


def test_the_same_facts_give_the_same_pdf() -> None:
    assert write_report(full(), "pdf") == write_report(full(), "pdf")


def test_the_map_draws_fronts_wells_and_targets() -> None:
    from PIL import Image

    png = map_png(full())
    assert png is not None
    picture = np.asarray(Image.open(BytesIO(png)).convert("RGB")).reshape(-1, 3).astype(int)
    for colour in ((150, 40, 30), (110, 60, 140), (20, 120, 60), (30, 70, 140), (120, 160, 200)):
        assert (np.abs(picture - colour).max(axis=1) < 12).any(), colour
    whole = full()
    assert detail_extent(whole) is None  # the plume is a third of the map already
    wide = replace(whole, extent_m=(-5000.0, -3000.0, 5000.0, 3000.0))
    near = detail_extent(wide)
    assert near is not None
    assert near[2] - near[0] < 1000.0


def test_a_report_of_little_says_what_is_missing() -> None:
    bare = RiskReport(park=PARK, time_ms=NOW_MS, origin=Origin.MEASURED, solver="none", members=1)
    said = words(bare)
    for text in ("No wells", "No targets", "No area above a limit", "No measures were compared"):
        assert text in said
    assert map_png(bare) is None
    for form in ("docx", "pdf"):
        assert write_report(bare, form)  # type: ignore[arg-type]


def test_samples_of_a_laboratory_go_in_by_hand() -> None:
    well = WellRow(
        id="M-1",
        x_m=0.0,
        y_m=0.0,
        samples=(
            Sample(indicator="pH", value=5.2),
            Sample(indicator="benzene", value=0.4e-6, detected=False),
            Sample(indicator="pfoa", value=1e-7),
        ),
    )
    report = RiskReport(
        park=PARK, time_ms=NOW_MS, origin=Origin.MEASURED, solver="laboratory", members=1, wells=(well,)
    )
    row = table(report, "监测井").rows[0]
    assert row[3:5] == ("Ⅴ", "pH")
    assert row[7] == "橙色"
    assert "未判定：pfoa" in words(report)
    bad = replace(well, samples=(Sample(indicator="lead", value=-1.0),))
    with pytest.raises(BadRequestError, match="lead"):
        write_report(replace(report, wells=(bad,)), "docx")


def test_other_forms_are_refused() -> None:
    with pytest.raises(BadRequestError, match="rtf"):
        write_report(full(), "rtf")  # type: ignore[arg-type]
    with pytest.raises(BadRequestError, match="spread"):
        spread_of([1.0])


def test_numbers_are_written_as_people_read_them() -> None:
    assert [number(v) for v in (0.0, 0.000123, 0.5, 12.345, 1234.5, 3.2e7)] == [
        *("0", "0.000123", "0.5", "12.3", "1,234", "3.20e+07"),
    ]
    assert number(float("nan")) == "—"
    assert band(spread_of([1.0, 1.0, 1.0])) == "1"
    assert [days(v * 86_400) for v in (0.0, 1.0, 9.94, 30.4)] == ["0", "1.0", "9.9", "30"]
    assert yuan(None) == "未知 unknown"


def test_a_modelled_level_is_no_reading_and_a_stale_sample_is_none() -> None:
    told = now_cast()
    reading = {"t": 0, "age_s": 0.0, "quality": "good", "origin": "simulated"}
    for well in told["wells"]:
        well["measured_level"] = None
        well["measured"] = {"f": reading | {"value": 9e-3, "fresh": False}}
    report = report_of(told, park=PARK)
    assert all(row.level_m is None and row.samples == () for row in report.wells)
    told["wells"][0]["measured"]["f"] |= {"value": 9e-3, "fresh": True}
    (sample,) = report_of(told, park=PARK).wells[0].samples
    assert (sample.value, sample.origin) == (9e-3, Origin.SIMULATED)


def test_control_characters_in_names_break_no_document() -> None:
    park = Text(zh="庆\x00流\x0b", en="Qing\x1bliu\ud800")
    report = report_of(now_cast(), park=park)
    for form in ("docx", "pdf"):
        assert len(write_report(report, form)) > 1_000
    assert "庆 流" in document(write_report(report, "docx")).core_properties.title
