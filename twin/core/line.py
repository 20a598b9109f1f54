"""Lines: the wires, ports and brokers over which instruments are reached, besides the HJ 212 port."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class LineKind(StrEnum):
    """What a line is made of."""

    SERIAL = "serial"
    TCP_CLIENT = "tcp-client"
    MODBUS_RTU = "modbus-rtu"
    MODBUS_TCP = "modbus-tcp"
    MQTT = "mqtt"
    FOLDER = "folder"


# Which kinds of line a protocol may be spoken on. ``hj212`` also comes to the HJ 212 port by itself,
# and what is uploaded (``upload``, ``ftir``, ``lidar``, ``json``) needs no line at all.
PROTOCOL_LINES: Mapping[str, frozenset[LineKind]] = MappingProxyType(
    {
        "hj212": frozenset({LineKind.SERIAL, LineKind.TCP_CLIENT, LineKind.MQTT}),
        "modbus": frozenset({LineKind.MODBUS_RTU, LineKind.MODBUS_TCP}),
        "vaisala": frozenset({LineKind.SERIAL, LineKind.TCP_CLIENT}),
        "nmea": frozenset({LineKind.SERIAL, LineKind.TCP_CLIENT}),
        "umb": frozenset({LineKind.SERIAL, LineKind.TCP_CLIENT}),
        "maximet": frozenset({LineKind.SERIAL, LineKind.TCP_CLIENT}),
        "json": frozenset({LineKind.MQTT}),
        "upload": frozenset(),
        "ftir": frozenset({LineKind.FOLDER}),
        "lidar": frozenset({LineKind.FOLDER}),
    }
)
# Protocols of which a device without a line can be heard.
WITHOUT_LINE = frozenset({"hj212", "json", "upload", "ftir", "lidar"})


@dataclass(frozen=True, slots=True, kw_only=True)
class LineMember:
    """How a device is addressed on its line.

    ``address`` is a Modbus unit, an UMB class and number or a Vaisala address; ``ask`` the text that
    a polled weather head is asked with (empty: it speaks by itself); ``topic`` an MQTT topic;
    ``pattern`` the file names of a watched folder that are this device's.
    """

    mn: str
    address: str = ""
    ask: str = ""
    topic: str = ""
    pattern: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of the scene's ``lines.toml``.

    ``place`` is a serial port's path, a host or a folder. ``poll_s``: pause between two questions;
    ``timeout_s``: how long an answer may take; ``retry_s``: pause before a broken line is tried
    again. ``rs485``: the driver switches the transmitter itself; ``echo``: what is sent is heard
    again (two-wire RS-485) and must be dropped. ``client``: name under which a broker keeps our session.
    """

    id: str
    kind: LineKind
    place: str
    port: int = 0
    baud: int = 9600
    parity: str = "N"
    data_bits: int = 8
    stop_bits: int = 1
    rs485: bool = False
    echo: bool = False
    poll_s: float = 5.0
    timeout_s: float = 1.0
    retry_s: float = 5.0
    mqtt_version: int = 4
    client: str = ""
    tls: bool = False
    members: tuple[LineMember, ...] = ()

    def member(self, mn: str) -> LineMember:
        """How a device is addressed here; a row of defaults for one that is not listed."""
        return next((row for row in self.members if row.mn == mn), LineMember(mn=mn))
