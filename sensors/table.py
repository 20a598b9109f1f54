"""The table of instruments' languages: one row per protocol, one function that decodes its frames.

A new protocol is one file and one row here (and its name in ``twin.core.line.PROTOCOL_LINES``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sensors.ftir import decode as ftir
from sensors.hj212 import codec
from sensors.hj212 import decode as hj212
from sensors.hj212.decode import Decoded
from sensors.lidar import scan as lidar
from sensors.modbus import poll
from sensors.mqtt import decode as records
from sensors.upload import table as uploaded
from sensors.weather import decode as weather
from twin.core.device import Device
from twin.core.errors import NotFoundError
from twin.core.observation import RawFrame
from twin.core.text import Text

HJ212 = "hj212"
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorRow:
    """A protocol.

    ``decode(frame, device, utc_offset_h)`` depends on nothing but its arguments, so that a frame
    decodes to the same observations whenever it is replayed. ``view(segment)`` shows a segment to
    people as pairs of key and text; it never raises.
    """

    protocol: str
    description: Text
    decode: Callable[[RawFrame, Device, float], Decoded]
    view: Callable[[bytes], Pairs]


def _decode_hj212(frame: RawFrame, device: Device, utc_offset_h: float) -> Decoded:
    return hj212.decode(codec.parse(frame.segment), device, frame.received_ms, utc_offset_h)


def _view_hj212(segment: bytes) -> Pairs:
    return tuple(pair for group in codec.parse(segment).groups for pair in group)


_ROWS = (
    SensorRow(
        protocol=HJ212,
        description=Text(
            zh="HJ 212 数据采集传输仪（TCP、串口、MQTT）", en="HJ 212 logger (TCP, serial, MQTT)"
        ),
        decode=_decode_hj212,
        view=_view_hj212,
    ),
    SensorRow(
        protocol="modbus",
        description=Text(zh="Modbus RTU 或 TCP 轮询", en="Modbus RTU or TCP, polled"),
        decode=poll.decode,
        view=poll.view,
    ),
    SensorRow(
        protocol="vaisala",
        description=Text(zh="维萨拉气象变送器（ASCII）", en="Vaisala weather transmitter (ASCII)"),
        decode=weather.decode_vaisala,
        view=weather.view_text,
    ),
    SensorRow(
        protocol="nmea",
        description=Text(zh="NMEA 0183 气象语句", en="NMEA 0183 weather sentences"),
        decode=weather.decode_nmea,
        view=weather.view_text,
    ),
    SensorRow(
        protocol="umb",
        description=Text(zh="Lufft UMB 气象站", en="Lufft UMB weather station"),
        decode=weather.decode_umb,
        view=weather.view_umb,
    ),
    SensorRow(
        protocol="maximet",
        description=Text(zh="Gill MaxiMet 气象站", en="Gill MaxiMet weather station"),
        decode=weather.decode_maximet,
        view=weather.view_text,
    ),
    SensorRow(
        protocol="json",
        description=Text(zh="JSON 记录（MQTT 或上传）", en="JSON records (MQTT or uploaded)"),
        decode=records.decode,
        view=records.view,
    ),
    SensorRow(
        protocol="upload",
        description=Text(
            zh="上传的表格（实验室、便携仪器、人工监测）",
            en="Uploaded tables (laboratory, portable, by hand)",
        ),
        decode=uploaded.decode,
        view=uploaded.view,
    ),
    SensorRow(
        protocol="ftir",
        description=Text(zh="开放光路傅里叶红外结果文件", en="Result files of open-path FTIR"),
        decode=ftir.decode,
        view=uploaded.view,
    ),
    SensorRow(
        protocol="lidar",
        description=Text(zh="激光雷达扫描", en="Lidar scans"),
        decode=lidar.decode,
        view=lidar.view,
    ),
)
TABLE: Mapping[str, SensorRow] = MappingProxyType({row.protocol: row for row in _ROWS})


def sensor_row(protocol: str) -> SensorRow:
    """Row of a protocol. Raises NotFoundError."""
    row = TABLE.get(protocol)
    if row is None:
        known = ", ".join(TABLE)
        raise NotFoundError(
            f"protocol {protocol!r} is in no row of the sensor table; expected one of {known}",
            message_zh=f"传感器表中没有协议 {protocol!r}；应为 {known} 之一",
            field="protocol",
            value=protocol,
        )
    return row
