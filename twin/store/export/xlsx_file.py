"""Export as an Excel workbook: a cover sheet (park, span, units, origins), then the values.

Times for people are those of the park's zone; ``time_ms`` (UTC) is exact. Excel takes 1,048,576 rows a
sheet; what is beyond goes on in another one.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from twin.core.clock import to_datetime
from twin.store.export.gather import About, Counter, Piece, Plan, check_names, heads, pieces
from twin.store.reader import LedgerReader

SHEET_ROWS = 1_048_576
_TIME_FORMAT = "yyyy-mm-dd hh:mm:ss.000"
_RAW = (
    *("序列 series", "时间 time", "time_ms", "周期 interval_ms", "值 value", "单位 unit", "质量 quality"),
    *("标记 mark", "检查 checks", "版本 version", "接收 received", "received_ms", "来源 origin"),
)
_MEANS = (
    *("序列 series", "时间 time", "time_ms", "均值 mean", "单位 unit", "个数 count", "最小 low"),
    *("最大 high", "质量 quality", "来源 origin"),
)
_MEANING_ZH = {
    "measured": "实测",
    "modelled": "模型计算",
    "simulated": "模拟",
    "exercise": "演练",
}


def write(reader: LedgerReader, plan: Plan, about: About, target: Path, counter: Counter) -> None:
    """Write the workbook."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    _cover(book, reader, plan, about)
    names = _RAW if plan.step is None else _MEANS
    sheet, room, number = None, 0, 0
    for piece in pieces(reader, plan, counter):
        for row in _rows(piece, about.utc_offset_h, raw=plan.step is None):
            if not room or sheet is None:
                number += 1
                sheet = book.create_sheet("数据 data" if number == 1 else f"数据 data {number}")
                sheet.append([_text(sheet, name) for name in names])
                room = SHEET_ROWS - 1
            sheet.append([_cell(sheet, value) for value in row])
            room -= 1
    if sheet is None:
        sheet = book.create_sheet("数据 data")
        sheet.append([_text(sheet, name) for name in names])
    book.save(target)


def _cover(book: Any, reader: LedgerReader, plan: Plan, about: About) -> None:
    sheet = book.create_sheet("封面 cover")
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 28, 40
    offset = about.utc_offset_h
    rows: list[tuple[object, ...]] = [
        ("园区 park", about.park_zh, about.park_en),
        ("从 from", _local(plan.from_ms, offset), f"{plan.from_ms}"),
        ("到 to", _local(plan.to_ms, offset), f"{plan.to_ms}"),
        ("时区 zone", f"UTC{offset:+g} h"),
        ("步长 step", plan.step_name),
        ("制作 made", _local(about.made_ms, offset), about.program),
        (),
        ("序列 series", "量 quantity", "单位 unit", "来源 origin"),
    ]
    for head in heads(reader, plan):
        name = head.row.quantity
        if head.quantity is not None:
            name = f"{head.quantity.name.zh} {head.quantity.name.en}"
        origin = head.row.origin.value
        rows.append((head.row.key, name, head.unit, f"{_MEANING_ZH.get(origin, '')} {origin}".strip()))
    for row in rows:
        sheet.append([_cell(sheet, value) for value in row])


def _rows(piece: Piece, offset_h: float, *, raw: bool) -> list[tuple[object, ...]]:
    row, unit, c = piece.head.row, piece.head.unit, piece.columns
    origin = row.origin.value
    if not raw:
        return [
            (row.key, _local(time_ms, offset_h), time_ms, value, unit, count, low, high, quality, origin)
            for time_ms, value, count, low, high, quality in zip(*c.values(), strict=True)
        ]
    return [
        (
            *(row.key, _local(time_ms, offset_h), time_ms, interval_ms, value, unit, quality, mark),
            *(check_names(checks), version, _local(received_ms, offset_h), received_ms, origin),
        )
        for time_ms, interval_ms, value, quality, mark, checks, version, received_ms in zip(
            *c.values(), strict=True
        )
    ]


def _local(time_ms: int, offset_h: float) -> datetime:
    # Excel knows no zones.
    return to_datetime(time_ms, offset_h).replace(tzinfo=None)


def _cell(sheet: Any, value: object) -> Any:
    if isinstance(value, str):
        return _text(sheet, value)
    if isinstance(value, datetime):
        from openpyxl.cell import WriteOnlyCell

        cell = WriteOnlyCell(sheet, value=value)
        cell.number_format = _TIME_FORMAT
        return cell
    return value


def _text(sheet: Any, value: str) -> Any:
    """A text that stays one: a name that begins with an equals sign is no formula."""
    if not value.startswith("="):
        return value
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(sheet, value=value)
    cell.data_type = "s"
    return cell
