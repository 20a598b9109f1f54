"""Which driver runs a line."""

from __future__ import annotations

from sensors.lines.contract import Driver
from sensors.lines.folder import run_folder
from sensors.lines.heads import run_heads
from sensors.lines.hj212 import run_hj212
from sensors.lines.modbus import run_modbus
from sensors.lines.mqtt import run_mqtt
from twin.core.device import Device
from twin.core.line import Line, LineKind

_BY_KIND: dict[LineKind, Driver] = {
    LineKind.MODBUS_RTU: run_modbus,
    LineKind.MODBUS_TCP: run_modbus,
    LineKind.MQTT: run_mqtt,
    LineKind.FOLDER: run_folder,
}


def driver_of(line: Line, devices: tuple[Device, ...]) -> Driver:
    """Driver of a line: by its kind, and on a stream of bytes by what its devices speak."""
    found = _BY_KIND.get(line.kind)
    if found is not None:
        return found
    return run_hj212 if devices[0].protocol == "hj212" else run_heads
