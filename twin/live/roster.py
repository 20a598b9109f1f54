"""The registry as a picture for those that only read: every device's record and what is odd in it.

Says whether a key or a password is set, never which.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from sensors.contract import Registry
from sensors.hj212.device_number import explain_number
from sensors.hj212.factor_codes import Letters, explain_code
from sensors.registry_check import SYSTEMS, Finding, check_device
from twin.core.device import Device, Factor
from twin.core.quantity import quantity
from twin.core.text import Text

ROSTER = "registry"
_NO_NAME = Text(zh="", en="")


def roster(
    devices: Iterable[Device], registry: Registry, letters: Letters, utc_offset_h: float
) -> dict[str, object]:
    """Picture of all devices, by MN, and the zone of their times."""
    rows = sorted(devices, key=lambda row: row.mn)
    return {"utc_offset_h": utc_offset_h, "devices": [_device(row, registry, letters) for row in rows]}


def _device(device: Device, registry: Registry, letters: Letters) -> dict[str, Any]:
    has_key = registry.sm4_key(device.mn) is not None
    has_password = registry.password(device.mn) is not None
    findings = check_device(device, has_key=has_key, has_password=has_password, letters=letters)
    return {
        "mn": device.mn,
        "sensor": device.sensor_id,
        "station": device.station_id,
        "origin": device.origin.value,
        "protocol": device.protocol,
        "line": device.line,
        "st": device.st,
        "st_name": asdict(SYSTEMS.get(device.st, _NO_NAME)),
        "edition": device.edition.value,
        "crc_mode": device.crc_mode.value,
        "interval_s": device.interval_s,
        "minute_interval_s": device.minute_interval_s,
        "sm4_key": has_key,
        "password": has_password,
        "number": number_picture(device.mn),
        "factors": [_factor(factor, letters) for factor in device.factors],
        "findings": [finding_picture(row) for row in findings],
    }


def number_picture(mn: str) -> dict[str, Any]:
    """A device's number, explained."""
    number = explain_number(mn)
    return {
        "kind": number.kind,
        "in_standard": number.in_standard,
        "text": asdict(number.text),
        "parts": [{"name": asdict(name), "value": value} for name, value in number.parts],
    }


def finding_picture(row: Finding) -> dict[str, Any]:
    """A finding as on the wire."""
    return asdict(row)


def _factor(factor: Factor, letters: Letters) -> dict[str, Any]:
    meaning = explain_code(factor.code, letters)
    name = meaning.name if meaning.name.zh else quantity(factor.quantity).name
    return {
        "code": factor.code,
        "name": asdict(name),
        "name_source": meaning.row.source if meaning.row is not None else meaning.kind,
        "quantity": factor.quantity,
        "unit": factor.unit,
        "si_unit": quantity(factor.quantity).si_unit,
        "low": factor.low,
        "high": factor.high,
        "max_rate_per_min": factor.max_rate_per_min,
        "detection_limit": factor.detection_limit,
        "scale": factor.scale,
        "reference_k": factor.reference_k,
    }
