"""Uploaded tables -> readings: laboratory results, portable detectors and GCs, manual results.

Wide (a column per factor) or long (columns factor, value, unit). Every bad cell is reported with row,
column, value and what was expected; the good ones are kept. Values carry mark S (by hand) unless a column
says otherwise. A result below the detection limit ("<0.02", "0.02L", "ND") has no number; its text says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sensors.contract import LineEventKind
from sensors.hj212.codec import Problem
from sensors.hj212.decode import Decoded, stamp_ms
from sensors.quality import TimeRules, number
from sensors.readings import Reading, moment, nothing, observation
from sensors.upload.columns import Column, Role, columns_of, names_of, plain, unit_name
from sensors.upload.gas import in_unit_of
from sensors.upload.sheet import read_sheet
from twin.core.clock import DAY_MS, from_datetime, zone
from twin.core.device import Device
from twin.core.errors import BadRequestError, UnitError
from twin.core.observation import Mark, Observation, RawFrame
from twin.core.text import Text

VALUES_MAX, PROBLEMS_MAX = 20_000, 200
_BELOW = re.compile(r"[<＜]\s*([0-9.]+)|([0-9.]+)\s*L|ND|N\.D\.|未检出|低于检出限", re.ASCII | re.IGNORECASE)
# Results of a laboratory come late, never from the future; four years is what a survey may reach back.
_RULES = TimeRules(oldest_ms=1500 * DAY_MS, ahead_ms=3_600_000)
_TIME = Text(zh="时间，如 2026-11-22 10:15:00", en="a time like 2026-11-22 10:15:00")
_NUMBER = Text(zh="数字，或 <检出限、ND、未检出", en="a number, or <limit, ND")
_MARK = Text(zh="数据标记 N F M S D C T B", en="a data mark: N F M S D C T B")


@dataclass(frozen=True, slots=True, kw_only=True)
class CellProblem:
    """One bad cell. ``row`` as people count, the header being the first."""

    row: int
    column: str
    value: str
    expected: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One good value: where it stood and what it is."""

    row: int
    time_ms: int
    reading: Reading


@dataclass(slots=True)
class TableResult:
    """What a table says. ``rows``: data rows; ``good`` of them gave at least one value and no problem."""

    format: str
    columns: tuple[Column, ...]
    rows: int = 0
    good: int = 0
    cells: list[Cell] = field(default_factory=list)
    problems: list[CellProblem] = field(default_factory=list)
    bad_rows: set[int] = field(default_factory=set)
    methods: list[str] = field(default_factory=list)
    analysts: list[str] = field(default_factory=list)

    def bad(self, row: int, column: str, value: str, expected: Text) -> None:
        """Note a bad cell; the list is bounded, the count of rows is not."""
        self.bad_rows.add(row)
        if len(self.problems) < PROBLEMS_MAX:
            self.problems.append(CellProblem(row=row, column=column, value=value[:80], expected=expected))


def read_table(data: bytes, device: Device, utc_offset_h: float) -> TableResult:
    """What an uploaded table says for a device. Raises BadRequestError for a file that is no table."""
    sheet = read_sheet(data)
    _, headers = sheet.rows[0]
    columns = columns_of(headers, device)
    result = TableResult(format=sheet.format, columns=columns)
    _check_header(columns, device)
    reader = _Rows(device, columns, utc_offset_h, result)
    for row, texts in sheet.rows[1:]:
        before = len(result.cells)
        reader.read(row, texts)
        result.rows += 1
        result.good += row not in result.bad_rows and len(result.cells) > before
        if len(result.cells) > VALUES_MAX:
            raise BadRequestError(
                f"file: more than {VALUES_MAX} values; expected at most that many, please split it",
                message_zh=f"文件：数值超过 {VALUES_MAX} 个；请拆分后上传",
                field="file",
                value=len(result.cells),
            )
    return result


def decode(frame: RawFrame, device: Device, utc_offset_h: float) -> Decoded:
    """Observations of an uploaded table."""
    try:
        result = read_table(frame.segment, device, utc_offset_h)
    except BadRequestError as error:
        return nothing(LineEventKind.BAD_PAYLOAD, error.message)
    rows = list(observations(result, device, frame.received_ms))
    problems: tuple[Problem, ...] = ()
    if result.bad_rows:
        detail = f"{len(result.bad_rows)} of {result.rows} rows have cells that cannot be used"
        problems = (Problem(kind=LineEventKind.BAD_ROWS, detail=detail),)
    return Decoded(observations=tuple(rows), problems=problems, unknown_codes=())


def observations(result: TableResult, device: Device, received_ms: int) -> Iterator[Observation]:
    """Observations of the good cells."""
    for cell in result.cells:
        factor = device.factor(cell.reading.code)
        if factor is not None:
            when, _ = moment(cell.time_ms, received_ms, rules=_RULES)
            yield observation(device, factor, cell.reading, when)


def view(segment: bytes) -> tuple[tuple[str, str], ...]:
    """The first rows of a table for people."""
    try:
        rows = read_sheet(segment).rows
    except BadRequestError:
        return ()
    return tuple((str(number_), " | ".join(cells)[:300]) for number_, cells in rows[:20])


def time_ms_of(text: str, utc_offset_h: float) -> int | None:
    """Time of a cell in the park's zone unless it states its own; None where it is none.

    >>> time_ms_of("1970/1/1 8:00", 8), time_ms_of("1970-01-01T00:00:00Z", 8), time_ms_of("soon", 8)
    (0, 0, None)
    """
    text = text.strip()
    digits = stamp_ms(text, utc_offset_h)
    if digits is not None:
        return digits
    found = _STAMP.fullmatch(text)
    try:
        if found is None:
            when = datetime.fromisoformat(text)
        else:
            year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
            when = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - the zone follows
    except ValueError:
        return None
    return from_datetime(when if when.tzinfo else when.replace(tzinfo=zone(utc_offset_h)))


_STAMP = re.compile(
    r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?"
    r"(?:[ T]+([0-9]{1,2})[:时]([0-9]{1,2})分?(?::?([0-9]{1,2})秒?)?)?",
    re.ASCII,
)


class _Rows:
    """Reads the data rows of one table."""

    def __init__(
        self, device: Device, columns: tuple[Column, ...], utc_offset_h: float, result: TableResult
    ) -> None:
        self._device = device
        self._columns = columns
        self._utc_offset_h = utc_offset_h
        self._result = result
        self._names = names_of(device)
        self._at = {column.role: k for k, column in reversed(list(enumerate(columns)))}
        self._points = {device.sensor_id.lower(), device.sensor_id.rpartition(".")[0].lower(), ""}

    def read(self, row: int, texts: tuple[str, ...]) -> None:
        """Take what is good of one row, note what is not."""
        point = self._text(texts, Role.POINT)
        if point.lower() not in self._points:
            expected = Text(
                zh=f"本设备的测点 {self._device.sensor_id}", en=f"this device's {self._device.sensor_id}"
            )
            self._result.bad(row, self._header(Role.POINT), point, expected)
            return
        time_ms = self._time(row, texts)
        mark = self._mark(row, texts)
        if time_ms is None or mark is None:
            return
        self._note(self._result.methods, self._text(texts, Role.METHOD))
        self._note(self._result.analysts, self._text(texts, Role.ANALYST))
        if Role.FACTOR in self._at and Role.RESULT in self._at:
            self._long(row, texts, time_ms, mark)
        for k, column in enumerate(self._columns):
            if column.role is Role.VALUE and k < len(texts) and texts[k]:
                self._value(row, column, texts[k], column.unit, time_ms, mark)

    def _long(self, row: int, texts: tuple[str, ...], time_ms: int, mark: Mark) -> None:
        named, text = self._text(texts, Role.FACTOR), self._text(texts, Role.RESULT)
        code = self._names.get(plain(named))
        if code is None:
            known = ", ".join(factor.code for factor in self._device.factors)[:200]
            self._result.bad(
                row, self._header(Role.FACTOR), named, Text(zh=f"{known} 之一", en=f"one of {known}")
            )
            return
        unit = unit_name(self._text(texts, Role.UNIT)) or self._columns[self._at[Role.RESULT]].unit
        column = Column(header=self._header(Role.RESULT), role=Role.VALUE, code=code, unit=unit)
        self._value(row, column, text, unit, time_ms, mark)

    def _value(self, row: int, column: Column, text: str, unit: str, time_ms: int, mark: Mark) -> None:
        factor = self._device.factor(column.code)
        if factor is None:
            return
        value = number(text)
        if value is None and not _BELOW.fullmatch(text):
            self._result.bad(row, column.header, text, _NUMBER)
            return
        try:
            told = None if value is None else in_unit_of(factor, value, unit)
        except UnitError as error:
            self._result.bad(
                row, column.header, f"{text} {unit}", Text(zh=error.message_zh, en=error.message)
            )
            return
        reading = Reading(
            code=factor.code, value=told, text=f"{text} {unit}".strip(), unit=factor.unit, mark=mark
        )
        self._result.cells.append(Cell(row=row, time_ms=time_ms, reading=reading))

    def _time(self, row: int, texts: tuple[str, ...]) -> int | None:
        day, clock = self._text(texts, Role.DATE), self._text(texts, Role.TIME)
        text = f"{day.split(' ')[0]} {clock}".strip() if day else clock
        time_ms = time_ms_of(text, self._utc_offset_h)
        if time_ms is None:
            self._result.bad(
                row, self._header(Role.TIME if Role.TIME in self._at else Role.DATE), text, _TIME
            )
        return time_ms

    def _mark(self, row: int, texts: tuple[str, ...]) -> Mark | None:
        text = self._text(texts, Role.MARK)
        if not text:
            return Mark.BY_HAND
        try:
            return Mark(text.upper())
        except ValueError:
            self._result.bad(row, self._header(Role.MARK), text, _MARK)
            return None

    def _text(self, texts: tuple[str, ...], role: Role) -> str:
        at = self._at.get(role, -1)
        return texts[at] if 0 <= at < len(texts) else ""

    def _header(self, role: Role) -> str:
        return self._columns[self._at[role]].header if role in self._at else ""

    @staticmethod
    def _note(found: list[str], text: str) -> None:
        if text and text not in found and len(found) < 20:
            found.append(text)


def _check_header(columns: tuple[Column, ...], device: Device) -> None:
    roles: Mapping[Role, int] = {column.role: 1 for column in columns}
    long = Role.FACTOR in roles and Role.RESULT in roles
    if (Role.TIME in roles or Role.DATE in roles) and (Role.VALUE in roles or long):
        return
    names = ", ".join(factor.code for factor in device.factors)[:200]
    shown = ", ".join(column.header for column in columns)[:200]
    raise BadRequestError(
        f"header: {shown!r}; expected a column time and columns of the device's factors ({names}), "
        "or factor, value and unit",
        message_zh=f"表头：{shown!r}；应有“时间”列与设备因子列（{names}），或“因子、值、单位”列",
        field="header",
        value=shown,
    )
