"""Rows of text from a CSV file or an Excel sheet, within bounds.

A workbook is a ZIP archive that may unpack to anything: its stated sizes are looked at first.
"""

from __future__ import annotations

import csv
import io
import zipfile
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from twin.core.errors import BadRequestError

FILE_BYTES_MAX = 5 * 1024 * 1024
ROWS_MAX, COLUMNS_MAX, CELL_CHARS_MAX = 20_000, 200, 500
_UNPACKED_MAX, _MEMBERS_MAX, _RATIO_MAX = 64 * 1024 * 1024, 500, 200
_ZIP = b"PK\x03\x04"
_SEPARATORS = ",;\t"
_EMPTY, _BYTES = "nothing in it", "other bytes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A table: ``rows`` with their numbers as people see them (the header is row 1 of a plain file)."""

    format: str
    rows: tuple[tuple[int, tuple[str, ...]], ...]


def read_sheet(data: bytes) -> Sheet:
    """Rows of a file. Raises BadRequestError that says what is wrong with the file as a whole."""
    if len(data) > FILE_BYTES_MAX:
        raise _bad(len(data), f"at most {FILE_BYTES_MAX} bytes", f"不超过 {FILE_BYTES_MAX} 字节")
    found = _excel(data) if data.startswith(_ZIP) else _csv(data)
    if not found.rows:
        raise _bad(_EMPTY, "a header and rows", "表头与数据行")
    return found


def text_of(data: bytes) -> str:
    """Text in UTF-8, else in GB 18030 (what Chinese Excel writes). Raises BadRequestError."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _bad(_BYTES, "text in UTF-8 or GB 18030", "UTF-8 或 GB 18030 编码的文本")


def _csv(data: bytes) -> Sheet:
    text = text_of(data)
    if "\x00" in text:
        raise _bad(_BYTES, "a CSV or XLSX file", "CSV 或 XLSX 文件")
    first = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(_SEPARATORS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    rows: list[tuple[int, tuple[str, ...]]] = []
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                _bound(len(rows), len(cells))
                rows.append((reader.line_num, tuple(cell.strip()[:CELL_CHARS_MAX] for cell in cells)))
    except csv.Error as error:
        raise _bad(error, "a CSV file", "CSV 文件") from None
    return Sheet(format="csv", rows=tuple(rows))


def _excel(data: bytes) -> Sheet:
    from openpyxl import load_workbook

    _check_archive(data)
    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # a sheet may claim a million rows that it does not have
        rows: list[tuple[int, tuple[str, ...]]] = []
        for number, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
            texts = tuple(_cell(value) for value in cells)
            if any(texts):
                _bound(len(rows), len(texts))
                rows.append((number, texts))
            elif number > 4 * ROWS_MAX:
                break
        book.close()
    # A damaged workbook fails in many ways, deep in the libraries that read it.
    except (KeyError, ValueError, TypeError, AttributeError, IndexError, SyntaxError, OSError) as error:
        raise _bad(error, "a readable XLSX workbook", "可读的 XLSX 工作簿") from None
    except (zipfile.BadZipFile, EOFError, RuntimeError, NotImplementedError) as error:
        raise _bad(error, "a readable XLSX workbook", "可读的 XLSX 工作簿") from None
    return Sheet(format="xlsx", rows=tuple(rows))


def _check_archive(data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise _bad(error, "an XLSX workbook", "XLSX 工作簿") from None
    unpacked = sum(row.file_size for row in members)
    if len(members) > _MEMBERS_MAX or unpacked > min(_UNPACKED_MAX, _RATIO_MAX * len(data)):
        raise _bad(
            f"{len(members)} parts, {unpacked} bytes unpacked",
            f"at most {_MEMBERS_MAX} parts and {_UNPACKED_MAX} bytes, {_RATIO_MAX} times its size",
            f"至多 {_MEMBERS_MAX} 个部件、解压后 {_UNPACKED_MAX} 字节、{_RATIO_MAX} 倍压缩",
        )


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="milliseconds" if value.microsecond else "seconds")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value).strip()[:CELL_CHARS_MAX]


def _bound(rows: int, columns: int) -> None:
    if rows >= ROWS_MAX or columns > COLUMNS_MAX:
        raise _bad(
            f"row {rows + 1}, {columns} columns",
            f"at most {ROWS_MAX} rows and {COLUMNS_MAX} columns",
            f"至多 {ROWS_MAX} 行、{COLUMNS_MAX} 列",
        )


def _bad(value: object, expected: str, expected_zh: str) -> BadRequestError:
    shown = str(value)[:100]
    return BadRequestError(
        f"file: {shown}; expected {expected}",
        message_zh=f"文件：{shown}；应为{expected_zh}",
        field="file",
        value=shown,
    )
