"""What an uploaded file would say, for people, before and after it is stored."""

from __future__ import annotations

from dataclasses import dataclass

from sensors.hj212.decode import Decoded
from sensors.upload.columns import Column, Role, factor_names
from sensors.upload.table import CellProblem, TableResult, read_table
from twin.core.device import Device
from twin.core.errors import BadRequestError
from twin.core.observation import Observation, RawFrame
from twin.core.text import Text

FILE_PROTOCOLS = frozenset({"upload", "json", "ftir", "lidar"})
PREVIEW_MAX = 50
_HEADS = {
    "zh": {"time": "时间", "mark": "标记", "method": "方法", "analyst": "分析人"},
    "en": {"time": "time", "mark": "mark", "method": "method", "analyst": "analyst"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReview:
    """What stands in a file: how it was understood, what is wrong, what it says."""

    format: str
    rows: int
    good: int
    columns: tuple[Column, ...]
    problems: tuple[CellProblem, ...]
    observations: tuple[Observation, ...]


def review_file(frame: RawFrame, said: Decoded, device: Device, utc_offset_h: float) -> FileReview:
    """What people are told of a file that says ``said`` (its row of the sensor table has decoded it).

    Raises BadRequestError for a file of which nothing can be used.
    """
    if device.protocol == "upload":
        return _of_table(read_table(frame.segment, device, utc_offset_h), said)
    if device.protocol == "lidar":
        from sensors.lidar.scan import read_scan

        scan = read_scan(frame.segment, utc_offset_h)
        rays = len(scan.time_ms)
        return FileReview(format="lidar", rows=rays, good=rays, columns=(), problems=(), observations=())
    return _of_records(device.protocol, said)


def template(device: Device, language: str) -> tuple[str, ...]:
    """Headers of an empty table for a device, in ``zh`` or ``en``."""
    heads = _HEADS.get(language, _HEADS["zh"])
    named = [f"{_shown(factor_names(row), language)} ({row.unit})" for row in device.factors]
    return (heads["time"], *named, heads["mark"], heads["method"], heads["analyst"])


def _shown(names: list[str], language: str) -> str:
    """Name in a language; the code where there is none. Names: code, quantity, [substance,] zh, en ..."""
    chinese = [name for name in names if any("\u4e00" <= char <= "\u9fff" for char in name)]
    if language == "zh":
        return chinese[0] if chinese else names[0]
    plain = [name for name in names[1:] if name not in chinese and ":" not in name and name[:1].isupper()]
    return plain[0] if plain else names[0]


def _of_table(result: TableResult, said: Decoded) -> FileReview:
    return FileReview(
        format=result.format,
        rows=result.rows,
        good=result.good,
        columns=result.columns,
        problems=tuple(result.problems),
        observations=said.observations,
    )


def _of_records(protocol: str, said: Decoded) -> FileReview:
    if not said.observations:
        why = said.problems[0].detail if said.problems else "no value of a factor of this device"
        raise BadRequestError(
            f"file: {why}; expected at least one value of a known factor",
            message_zh=f"文件：{why}；应至少有一个已知因子的值",
            field="file",
            value=", ".join(said.unknown_codes)[:200],
        )
    known = tuple(
        CellProblem(
            row=0, column=code, value="", expected=Text(zh="设备记录中的因子", en="a factor of the device")
        )
        for code in said.unknown_codes
    )
    bad = tuple(
        CellProblem(row=0, column="", value="", expected=Text(zh=row.detail, en=row.detail))
        for row in said.problems
    )
    moments = len({row.time_ms for row in said.observations})
    columns = tuple(Column(header=code, role=Role.IGNORED) for code in said.unknown_codes)
    return FileReview(
        format=protocol,
        rows=moments + len(bad),
        good=moments,
        columns=columns,
        problems=bad + known,
        observations=said.observations,
    )
