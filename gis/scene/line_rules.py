"""Rules of ``lines.toml``: lines, the devices on them, and the protocols that fit."""

from __future__ import annotations

from collections import Counter

from gis.scene.problems import Problems
from gis.scene.schema import DeviceRow, LineRow
from gis.scene.tables import LINES_FILE, Tables
from twin.core.line import PROTOCOL_LINES, WITHOUT_LINE

_STREAMS = ("serial", "tcp-client")
_NEEDS_PORT = ("tcp-client", "modbus-tcp", "mqtt")


def check_lines(tables: Tables, problems: Problems) -> None:
    """Note every broken rule of lines and of the devices on them."""
    lines = {row.id: row for row in tables.lines.lines}
    for field, values in (
        ("id", [row.id for row in tables.lines.lines]),
        ("place", [f"{row.place}:{row.port}" for row in tables.lines.lines]),
    ):
        for value, count in Counter(values).items():
            if count > 1:
                problems.add(LINES_FILE, field, value, "every one only once", "不重复的值")
    for device in tables.devices.devices:
        _check_device(device, lines, problems)
    on_line = {row.mn: row.line for row in tables.devices.devices}
    for line in lines.values():
        spoken = sorted({row.protocol for row in tables.devices.devices if row.line == line.id})
        if line.kind in _STREAMS and len(spoken) > 1:
            problems.add(
                LINES_FILE, f"{line.id}, protocols", spoken, "one protocol on a wire", "一条线路一种协议"
            )
    for line in lines.values():
        _check_line(line, on_line, problems)


def _check_device(device: DeviceRow, lines: dict[str, LineRow], problems: Problems) -> None:
    kinds = PROTOCOL_LINES.get(device.protocol)
    if kinds is None:
        known = ", ".join(PROTOCOL_LINES)
        problems.add(
            "devices.toml", f"{device.mn}, protocol", device.protocol, f"one of {known}", f" {known} 之一"
        )
        return
    if not device.line:
        if device.protocol not in WITHOUT_LINE:
            problems.add(
                "devices.toml",
                f"{device.mn}, line",
                device.line,
                f"the id of a line in {LINES_FILE}: protocol {device.protocol} does not come by itself",
                f"{LINES_FILE} 中线路的编号：协议 {device.protocol} 不会自行上传",
            )
        return
    line = lines.get(device.line)
    if line is None:
        known = ", ".join(lines) or "none"
        problems.add(
            "devices.toml",
            f"{device.mn}, line",
            device.line,
            f"the id of a line in {LINES_FILE} ({known})",
            f"{LINES_FILE} 中线路的编号（{known}）",
        )
    elif line.kind not in kinds:
        fit = ", ".join(sorted(kinds)) or "no line"
        problems.add(
            "devices.toml",
            f"{device.mn}, line",
            f"{line.id} ({line.kind})",
            f"a line of kind {fit} for protocol {device.protocol}",
            f"协议 {device.protocol} 适用的线路类型（{fit}）",
        )


def _check_line(line: LineRow, on_line: dict[str, str], problems: Problems) -> None:
    if line.kind in _NEEDS_PORT and line.port == 0:
        problems.add(LINES_FILE, f"{line.id}, port", 0, "a port from 1 to 65535", "1 至 65535 的端口")
    for member in line.members:
        if on_line.get(member.mn) != line.id:
            problems.add(
                LINES_FILE,
                f"{line.id}, members",
                member.mn,
                f'the MN of a device with line = "{line.id}" in devices.toml',
                f'devices.toml 中 line = "{line.id}" 的设备 MN',
            )
