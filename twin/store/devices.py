"""Registered devices and whether they speak."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import sqlalchemy as sa

from twin.core.device import Device
from twin.core.errors import StoreError
from twin.core.origin import Origin
from twin.store.ledger_schema import DEVICE_STATE
from twin.store.rows import DeviceState, DeviceStatus


class DeviceBook:
    """The list of devices. Part of the one writer."""

    def __init__(self, connection: sa.Connection) -> None:
        self._rows = {row.mn: row for row in read_devices(connection)}

    def all(self) -> tuple[DeviceState, ...]:
        """All devices, by MN."""
        return tuple(self._rows[mn] for mn in sorted(self._rows))

    def register(self, connection: sa.Connection, device: Device) -> None:
        """Note a device of the scene; what is known of its line stays.

        Raises StoreError when the device was known with another origin: a simulated device may
        never become a measuring one under the same MN.
        """
        known = self._rows.get(device.mn)
        if known is not None and known.origin is not device.origin:
            raise StoreError(
                f"device {device.mn} is {known.origin} in the ledger and {device.origin} in the scene; "
                "give it another MN",
                message_zh=f"设备 {device.mn} 在台账中为 {known.origin}，"
                f"在场景中为 {device.origin}；请使用另一个 MN",
                field="origin",
                value=device.origin.value,
                source=device.mn,
            )
        base = known or DeviceState(
            mn=device.mn,
            sensor_id="",
            station_id="",
            status=DeviceStatus.NEVER,
            last_seen_ms=None,
            interval_s=device.interval_s,
            origin=device.origin,
        )
        row = replace(
            base, sensor_id=device.sensor_id, station_id=device.station_id, interval_s=device.interval_s
        )
        self._put(connection, [row])

    def save(self, connection: sa.Connection, states: Sequence[DeviceState]) -> tuple[DeviceState, ...]:
        """Write states; those whose status has changed are returned."""
        before = {mn: row.status for mn, row in self._rows.items()}
        self._put(connection, {row.mn: row for row in states}.values())
        return tuple(row for row in states if before.get(row.mn) is not row.status)

    def _put(self, connection: sa.Connection, rows: Iterable[DeviceState]) -> None:
        news = [row for row in rows if row != self._rows.get(row.mn)]
        insert = [{"mn": row.mn, **_values(row)} for row in news if row.mn not in self._rows]
        update = [{"b_mn": row.mn, **_values(row)} for row in news if row.mn in self._rows]
        if insert:
            connection.execute(DEVICE_STATE.insert(), insert)
        if update:
            connection.execute(_UPDATE, update)
        self._rows |= {row.mn: row for row in news}


def _values(row: DeviceState) -> dict[str, object]:
    return {
        "sensor_id": row.sensor_id,
        "station_id": row.station_id,
        "status": row.status.value,
        "last_seen_ms": row.last_seen_ms,
        "interval_s": row.interval_s,
        "origin": row.origin.value,
        "peer": row.peer,
    }


_UPDATE = (
    DEVICE_STATE.update()
    .where(DEVICE_STATE.c.mn == sa.bindparam("b_mn"))
    .values({c.name: sa.bindparam(c.name) for c in DEVICE_STATE.c if not c.primary_key})
)


def read_devices(connection: sa.Connection) -> tuple[DeviceState, ...]:
    """All devices of the ledger, by MN."""
    rows = connection.execute(sa.select(DEVICE_STATE).order_by(DEVICE_STATE.c.mn)).all()
    return tuple(
        DeviceState(
            mn=r.mn,
            sensor_id=r.sensor_id,
            station_id=r.station_id,
            status=DeviceStatus(r.status),
            last_seen_ms=r.last_seen_ms,
            interval_s=r.interval_s,
            origin=Origin(r.origin),
            peer=r.peer,
        )
        for r in rows
    )
