"""One entry for weather frames as data: JSON in, JSON out, as the conformance set has them.

A case is ``{"id", "protocol", "data": {"text" | "hex", ...}}`` (``data.fields``: fields of a MaxiMet,
``data.unit`` the Modbus unit that was asked, 1 when left out); what comes back is the
neutral quantities that the frame carries (``wind_dir_deg``, ``wind_speed_ms``,
``wind_gust_ms``, ``air_temp_c``, ``rh_pct``, ``pressure_hpa``), null where the instrument has no valid
value or the value lies outside the ranges of ING-05, or ``{"error": kind}``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sensors.modbus import rtu
from sensors.modbus.codes import Block
from sensors.modbus.poll import lost
from sensors.quality import number
from sensors.readings import Reading
from sensors.weather import maximet, nmea, umb, vaisala
from twin.core.errors import BadRequestError, FrameError
from twin.core.units import from_si, to_si

Got = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Unit in which a quantity is told, and what an instrument can measure (ING-05)."""

    unit: str
    low: float
    high: float


RANGES: Mapping[str, Range] = {
    "wind_dir_deg": Range(unit="deg", low=0.0, high=360.0),
    "wind_speed_ms": Range(unit="m/s", low=0.0, high=60.0),
    "wind_gust_ms": Range(unit="m/s", low=0.0, high=60.0),
    "air_temp_c": Range(unit="degC", low=-40.0, high=80.0),
    "rh_pct": Range(unit="%", low=0.0, high=100.0),
    "pressure_hpa": Range(unit="hPa", low=300.0, high=1100.0),
}
_VAISALA = {
    "Dm": "wind_dir_deg",
    "Sm": "wind_speed_ms",
    "Sx": "wind_gust_ms",
    "Ta": "air_temp_c",
    "Ua": "rh_pct",
    "Pa": "pressure_hpa",
}
# Of a transducer that sends least, mean and greatest (ids 0, 1, 2) the mean is meant, else the first.
_NMEA = {
    "MWV:angle": "wind_dir_deg",
    "MWV:speed": "wind_speed_ms",
    "XDR:A:1": "wind_dir_deg",
    "XDR:S:1": "wind_speed_ms",
    "XDR:S:2": "wind_gust_ms",
    "XDR:C:0": "air_temp_c",
    "XDR:H:0": "rh_pct",
    "XDR:P:0": "pressure_hpa",
    "MDA:pressure": "pressure_hpa",
    "MDA:air_temperature": "air_temp_c",
    "MDA:relative_humidity": "rh_pct",
    "MDA:wind_from": "wind_dir_deg",
    "MDA:wind_speed": "wind_speed_ms",
}
_LONE = {"XDR:A:0": "wind_dir_deg", "XDR:S:0": "wind_speed_ms"}
_UMB = {
    100: "air_temp_c",
    200: "rh_pct",
    300: "pressure_hpa",
    400: "wind_speed_ms",
    440: "wind_gust_ms",
    500: "wind_dir_deg",
}
_MAXIMET = {
    "DIR": "wind_dir_deg",
    "SPEED": "wind_speed_ms",
    "GSPEED": "wind_gust_ms",
    "TEMP": "air_temp_c",
    "RH": "rh_pct",
    "PRESS": "pressure_hpa",
}
# Chinese five-parameter heads: quantity, step, signed; registers 0 to 4.
FIVE_PARAMETERS = (
    ("wind_speed_ms", 0.01, False),
    ("wind_dir_deg", 1.0, False),
    ("air_temp_c", 0.1, True),
    ("rh_pct", 0.1, False),
    ("pressure_hpa", 0.1, False),
)


def decode_case(case: Mapping[str, Any]) -> Got:
    """What a case says. Raises BadRequestError for a case that cannot be understood."""
    read = _READERS.get(str(case.get("protocol")))
    if read is None:
        raise _bad(case.get("protocol"), "protocol", f"one of {', '.join(_READERS)}")
    try:
        return read(_bytes(case), case)
    except FrameError as error:
        return {"error": error.kind}


def decode_cases(data: object) -> dict[str, Any]:
    """Answer to one case, or ``{"results": [{"id", "output"}]}`` to ``{"cases": [...]}`` or a list of them.

    Raises BadRequestError where ``data`` is none of these; a case that cannot be understood has its
    own ``error`` and does not stop the others.
    """
    if isinstance(data, dict) and "cases" not in data:
        return decode_case(data)
    cases = data["cases"] if isinstance(data, dict) else data
    if not isinstance(cases, list) or not all(isinstance(case, dict) for case in cases):
        raise _bad(data, "cases", "a list of cases")
    return {"results": [_result(case) for case in cases]}


def _result(case: Mapping[str, Any]) -> Got:
    try:
        return {"id": case.get("id"), "output": decode_case(case)}
    except BadRequestError as error:
        return {"id": case.get("id"), "error": {"field": error.field, "message": error.message}}


def in_range(name: str, value: float | None, unit: str) -> float | None:
    """Value in the unit of its name, None outside the range that an instrument can measure."""
    row = RANGES[name]
    if value is None:
        return None
    told = value if unit in ("", row.unit) else from_si(to_si(value, unit), row.unit)
    return round(told, 6) if row.low <= told <= row.high else None


def _named(readings: Iterable[Reading], names: Mapping[str, str]) -> Got:
    return {names[r.code]: in_range(names[r.code], r.value, r.unit) for r in readings if r.code in names}


def _vaisala(data: bytes, _case: Mapping[str, Any]) -> Got:
    return _named(vaisala.parse(data).readings, _VAISALA)


def _vaisala_crc(data: bytes, _case: Mapping[str, Any]) -> Got:
    try:
        line = vaisala.parse(data)
    except FrameError as error:
        return (
            {"crc_ok": False, "error": error.kind} if error.kind == "bad_checksum" else {"error": error.kind}
        )
    return {"crc_ok": line.checked, **_named(line.readings, _VAISALA)}


def _nmea(data: bytes, _case: Mapping[str, Any]) -> Got:
    readings = nmea.parse(data).readings
    return _named(readings, _LONE) | _named(readings, _NMEA)


def _umb(data: bytes, _case: Mapping[str, Any]) -> Got:
    answer = umb.parse(data)
    rows = [{"channel": row.channel, "status": row.status, "value": row.value} for row in answer.channels]
    named = {
        _UMB[row.channel]: in_range(_UMB[row.channel], row.value, "")
        for row in answer.channels
        if row.channel in _UMB
    }
    return {**(rows[0] if len(rows) == 1 else {"channels": rows}), "status": answer.status, **named}


def _maximet(data: bytes, case: Mapping[str, Any]) -> Got:
    names = case["data"].get("fields")
    if not isinstance(names, list):
        raise _bad(names, "data.fields", "the names of the fields as the user has set them")
    texts = maximet.parse(data).fields
    got: Got = {}
    for name, text in zip(names, texts, strict=False):
        if name in _MAXIMET:
            got[_MAXIMET[name]] = in_range(_MAXIMET[name], number(text), "")
    return got


def _modbus(data: bytes, case: Mapping[str, Any]) -> Got:
    unit = case["data"].get("unit", 1)
    answer = rtu.parse(data, unit=unit if isinstance(unit, int) else 1)
    gone = lost(Block(answer.function, 0, len(answer.registers)), answer.registers)
    got: Got = {}
    for (name, step, signed), word in zip(FIVE_PARAMETERS, answer.registers, strict=False):
        number = word - 0x10000 if signed and word >= 0x8000 else word
        got[name] = None if gone else in_range(name, number * step, "")
    return got


_READERS: Mapping[str, Callable[[bytes, Mapping[str, Any]], Got]] = {
    "vaisala-ascii": _vaisala,
    "vaisala-ascii-crc": _vaisala_crc,
    "nmea0183": _nmea,
    "modbus-rtu": _modbus,
    "lufft-umb": _umb,
    "gill-maximet": _maximet,
}


def _bytes(case: Mapping[str, Any]) -> bytes:
    data = case.get("data")
    if isinstance(data, dict) and isinstance(data.get("text"), str):
        return str(data["text"]).encode("utf-8", errors="surrogateescape")
    if isinstance(data, dict) and isinstance(data.get("hex"), str):
        try:
            return bytes.fromhex(data["hex"])
        except ValueError:
            raise _bad(data["hex"], "data.hex", "hex digits") from None
    raise _bad(data, "data", 'an object with "text" or "hex"')


def _bad(value: object, field: str, expected: str) -> BadRequestError:
    return BadRequestError(
        f"{field} is {str(value)[:80]!r}; expected {expected}",
        message_zh=f"{field} 为 {str(value)[:80]!r}；应为 {expected}",
        field=field,
        value=str(value)[:80],
    )
