"""Registered devices with their connection state."""

from __future__ import annotations

from apiflask import APIBlueprint

from web.reply import Operation, serve
from web.schemas.convert import device_out
from web.schemas.device import DevicesOut
from web.services import services

devices = APIBlueprint("devices", __name__, url_prefix="/api/v1", tag="Instruments")


def get_devices() -> DevicesOut:
    """All registered devices: online, silent for too long, offline, or never heard."""
    own = services()
    return DevicesOut(now_ms=own.clock.now_ms(), devices=[device_out(row) for row in own.ledger.devices()])


serve(devices, "/devices", get_devices, Operation(gives=DevicesOut, errors=(503,)))
