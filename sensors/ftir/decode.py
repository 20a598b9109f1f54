"""Result files of open-path FTIR: per gas value, error and state, with the spectrum that it came from.

CSV (or XLSX), a row per gas: ``time``, ``gas``, ``value``, ``unit``, and where known ``error``, ``state``,
``path_m``, ``spectrum``, ``gain`` (0-255), ``resolution`` (1/cm); headers in Chinese or English, a vendor's
own in ``columns`` of the device's record. JSON: ``{"records": [{"time", "path_m", "spectrum", "gain",
"resolution", "gases": [{"gas", "value", "unit", "error", "state"}]}]}``.

The retrieval is the instrument's; its value is taken as it is. A column density (``ppm.m``, ``mg/m2``) is
divided by the path. A state other than ``ok`` makes the value one of a fault (mark D). Error, path,
spectrum, gain and resolution are kept as facts beside the value.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sensors.contract import LineEventKind
from sensors.hj212.codec import Problem
from sensors.hj212.decode import Decoded
from sensors.mqtt.decode import parse_json
from sensors.mqtt.decode import time_ms_of as json_time_ms_of
from sensors.quality import number
from sensors.readings import Reading, moment, nothing, observation
from sensors.upload.columns import Role, columns_of, names_of, plain, unit_name
from sensors.upload.gas import in_unit_of
from sensors.upload.sheet import read_sheet
from sensors.upload.table import time_ms_of
from twin.core.device import Device
from twin.core.errors import BadRequestError, UnitError
from twin.core.fact import Fact, FactKind
from twin.core.observation import Check, Mark, Observation, RawFrame

GOOD_STATES = frozenset({"", "ok", "good", "normal", "n", "0", "正常", "有效"})
GAIN_MAX = 255
_PER_PATH = {"ppm.m": "ppm", "ppb.m": "ppb", "mg/m2": "mg/m3"}
_ROLES = (Role.ERROR, Role.STATE, Role.PATH, Role.SPECTRUM, Role.GAIN, Role.RESOLUTION)
_TOLD = (Role.ERROR, Role.PATH, Role.SPECTRUM, Role.GAIN, Role.RESOLUTION)
_NUMBERS = (Role.ERROR, Role.PATH, Role.GAIN, Role.RESOLUTION)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrieval:
    """One gas of one spectrum, as text. ``row`` as people count."""

    row: int
    time_ms: int | None
    gas: str
    value: str
    unit: str
    more: Mapping[Role, str]


def decode(frame: RawFrame, device: Device, utc_offset_h: float) -> Decoded:
    """Observations and facts of a result file."""
    try:
        rows = list(retrievals(frame.segment, device, utc_offset_h))
    except BadRequestError as error:
        return nothing(LineEventKind.BAD_PAYLOAD, error.message)
    names = names_of(device)
    found: list[Observation] = []
    facts: list[Fact] = []
    unknown: dict[str, None] = {}
    bad: list[str] = []
    for row in rows:
        code = names.get(plain(row.gas))
        if code is None:
            unknown[row.gas[:40]] = None
            continue
        try:
            found.append(_observation(row, code, device, frame.received_ms))
        except (BadRequestError, UnitError) as error:
            bad.append(f"row {row.row}: {error.message}")
            continue
        facts += _facts(row, code)
    problems: tuple[Problem, ...] = ()
    if bad:
        problems = (Problem(kind=LineEventKind.BAD_ROWS, detail=f"{len(bad)} rows: {bad[0]}"),)
    return Decoded(
        observations=tuple(found), problems=problems, unknown_codes=tuple(unknown), facts=tuple(facts)
    )


def retrievals(data: bytes, device: Device, utc_offset_h: float) -> Iterator[Retrieval]:
    """Rows of a result file. Raises BadRequestError for a file that is none."""
    if data.lstrip()[:1] in (b"{", b"["):
        yield from _of_json(data, utc_offset_h)
        return
    sheet = read_sheet(data)
    columns = columns_of(sheet.rows[0][1], device)
    at = {column.role: k for k, column in reversed(list(enumerate(columns)))}
    if not {Role.TIME, Role.FACTOR, Role.RESULT} <= set(at):
        shown = ", ".join(column.header for column in columns)[:200]
        raise _bad(shown, "header", "columns time, gas and value", "“时间、气体、值”列")
    for row, texts in sheet.rows[1:]:
        said = {role: texts[k] if k < len(texts) else "" for role, k in at.items()}
        yield Retrieval(
            row=row,
            time_ms=time_ms_of(said[Role.TIME], utc_offset_h),
            gas=said[Role.FACTOR],
            value=said[Role.RESULT],
            unit=unit_name(said.get(Role.UNIT, "")) or columns[at[Role.RESULT]].unit,
            more={role: said[role] for role in _ROLES if said.get(role)},
        )


def _of_json(data: bytes, utc_offset_h: float) -> Iterator[Retrieval]:
    body = parse_json(data)
    records = body.get("records") if isinstance(body, dict) else body
    if not isinstance(records, list):
        raise _bad(records, "records", "a list of spectra", "光谱记录列表")
    for k, record in enumerate(records, start=1):
        gases = record.get("gases") if isinstance(record, dict) else None
        if not isinstance(gases, list):
            raise _bad(gases, "gases", "a list of gases in every record", "每条记录的气体列表")
        for gas in gases:
            if isinstance(gas, dict):
                yield _of_gas(k, record, gas, utc_offset_h)


def _of_gas(k: int, record: dict[str, Any], gas: dict[str, Any], utc_offset_h: float) -> Retrieval:
    both = record | gas
    keys: dict[Role, str] = {role: "path_m" if role is Role.PATH else role.value for role in _ROLES}
    more = {role: str(both[key]) for role, key in keys.items() if both.get(key) is not None}
    value = gas.get("value")
    return Retrieval(
        row=k,
        time_ms=json_time_ms_of(record.get("time"), utc_offset_h),
        gas=str(gas.get("gas", "")),
        value="" if value is None or isinstance(value, bool) else str(value),
        unit=unit_name(str(gas.get("unit", ""))),
        more=more,
    )


def _observation(row: Retrieval, code: str, device: Device, received_ms: int) -> Observation:
    factor = device.factor(code)
    if factor is None or row.time_ms is None:
        raise _bad(row.time_ms, "time", "a time like 2026-11-22 10:15:00", "时间，如 2026-11-22 10:15:00")
    gain = number(row.more.get(Role.GAIN, "0"))
    if gain is None or not 0 <= gain <= GAIN_MAX:
        raise _bad(row.more.get(Role.GAIN), "gain", f"0 to {GAIN_MAX}", f"0 至 {GAIN_MAX}")
    value, unit = number(row.value), row.unit
    if unit in _PER_PATH:
        path_m = number(row.more.get(Role.PATH, ""))
        if path_m is None or path_m <= 0:
            raise _bad(row.more.get(Role.PATH), "path_m", "a length above 0", "大于 0 的光程")
        value, unit = (None if value is None else value / path_m), _PER_PATH[unit]
    good = row.more.get(Role.STATE, "").strip().lower() in GOOD_STATES
    told = None if value is None else in_unit_of(factor, value, unit)
    if told is not None and not math.isfinite(told):
        told = None
    when, _ = moment(row.time_ms, received_ms)
    reading = Reading(
        code=code,
        value=told,
        text=f"{row.value} {row.unit}".strip(),
        unit=factor.unit,
        mark=Mark.NORMAL if good else Mark.FAULT,
        checks=Check.NONE if told is not None else Check.NOT_A_NUMBER,
    )
    return observation(device, factor, reading, when)


def _facts(row: Retrieval, code: str) -> Iterator[Fact]:
    for role in _TOLD:
        text = row.more.get(role, "")
        if text:
            yield Fact(
                kind=FactKind.RAW_DATA,
                time_ms=row.time_ms or 0,
                code=code,
                field=role.value,
                text=text[:200],
                value=number(text) if role in _NUMBERS else None,
            )


def _bad(value: object, field: str, expected: str, expected_zh: str) -> BadRequestError:
    shown = str(value)[:100]
    return BadRequestError(
        f"{field}: {shown!r}; expected {expected}",
        message_zh=f"{field}：{shown!r}；应为{expected_zh}",
        field=field,
        value=shown,
    )
