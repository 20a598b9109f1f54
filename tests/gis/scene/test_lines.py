"""``lines.toml``: optional, checked against the devices, part of the scene's hash."""

from __future__ import annotations

import pytest

from gis.scene.check import check_scene
from gis.scene.load import load_scene
from sensors.table import TABLE
from twin.core.line import PROTOCOL_LINES, WITHOUT_LINE, LineKind

GOOD = """
[[lines]]
id = "com1"
kind = "serial"
place = "/dev/ttyS0"
baud = 4800
members = [{ mn = "%s", address = "0", ask = "0R0!" }]
"""


def with_line(parts, folder, text=GOOD, **device):
    parts.park["terrain"] |= {"generator": "valley", "seed": 1}
    first = parts.devices[0]
    first.update({"protocol": "vaisala", "line": "com1", "columns": {"Wind": "Dm"}} | device)
    parts.write(folder)
    (folder / "lines.toml").write_text(text % first["mn"] if "%s" in text else text, encoding="utf-8")
    return folder


def test_every_protocol_is_a_row_of_the_sensor_table() -> None:
    assert set(PROTOCOL_LINES) == set(TABLE)
    assert set(WITHOUT_LINE) <= set(TABLE)


def test_a_line_and_its_device_are_loaded(parts, tmp_path) -> None:
    with_line(parts, tmp_path / "scene")
    parts.park["terrain"].pop("generator")
    parts.park["terrain"].pop("seed")
    parts.write(tmp_path / "scene")
    scene = load_scene(tmp_path / "scene")
    (line,) = scene.park.lines
    device = scene.park.devices[0]
    assert (line.kind, line.baud, line.member(device.mn).ask) == (LineKind.SERIAL, 4800, "0R0!")
    assert (device.protocol, device.line, device.columns) == ("vaisala", "com1", (("Wind", "Dm"),))
    gas = next(row for row in scene.park.devices if row.sensor_id == "ST1-B01").factors[0]
    assert gas.molar_mass_kg_mol == pytest.approx(0.020006)
    assert gas.names[:2] != ()
    before = scene.content_hash
    (tmp_path / "scene" / "lines.toml").write_text(GOOD % device.mn + "\n", encoding="utf-8")
    assert load_scene(tmp_path / "scene").content_hash != before


def test_a_series_of_its_own_at_the_same_place(parts, tmp_path) -> None:
    parts.park["terrain"] |= {"generator": "valley", "seed": 1}
    base = parts.devices[3]
    lab = {"mn": base["mn"][:-2] + "99", "sensor_id": "GW1a.lab", "protocol": "upload"}
    parts.devices.append(base | lab)
    parts.write(tmp_path)
    assert [row.message for row in check_scene(tmp_path)] == []
    parts.devices[-1]["sensor_id"] = "GW9.lab"
    parts.write(tmp_path)
    assert any("GW9.lab" in row.message for row in check_scene(tmp_path))


BROKEN = {
    "protocol unknown": ({"protocol": "telepathy"}, GOOD, ["protocol", "telepathy", "vaisala"]),
    "line unknown": ({"line": "com9"}, GOOD, ["line", "com9", "com1"]),
    "line needed": ({"line": ""}, GOOD, ["line", "does not come by itself"]),
    "line of another kind": ({"protocol": "modbus"}, GOOD, ["com1 (serial)", "modbus-rtu"]),
    "line twice": ({}, GOOD + GOOD.replace("%s", "x"), ["com1", "only once"]),
    "member that is nowhere": ({}, GOOD.replace("%s", "nobody"), ["members", "nobody"]),
    "no port": ({}, GOOD.replace('"serial"', '"tcp-client"'), ["port", "65535"]),
    "unknown key": ({}, GOOD.replace("baud", "bauds"), ["bauds", "no such key"]),
    "two languages on a wire": ({}, GOOD, ["protocols", "one protocol"]),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_wrong_is_named(parts, tmp_path, name: str) -> None:
    device, text, words = BROKEN[name]
    if name == "two languages on a wire":
        parts.devices[1].update(protocol="nmea", line="com1")
    with_line(parts, tmp_path, text, **device)
    messages = [row.message for row in check_scene(tmp_path)]
    assert any(all(word in message for word in words) for message in messages), messages
    assert all(row.message_zh for row in check_scene(tmp_path))
