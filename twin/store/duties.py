"""What the ledger knows of calibrations and faults of devices. Read only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from twin.core.fact import FactKind
from twin.store.exchange_schema import EXCHANGE
from twin.store.instrument_schema import DEVICE_FACT
from twin.store.reading import Reader
from twin.store.review_schema import SENSOR_HOUR

_DONE = "done"
_E, _F, _H = EXCHANGE.c, DEVICE_FACT.c, SENSOR_HOUR.c
Newest = dict[str, int]


def newest_commands(reader: Reader, cns: Sequence[str]) -> Newest:
    """When one of these commands was carried out last, by MN (ms)."""
    asked = (
        sa.select(_E.mn, sa.func.max(_E.ended_ms))
        .where(_E.cn.in_(cns), _E.outcome == _DONE, _E.ended_ms.is_not(None))
        .group_by(_E.mn)
    )
    return _newest(reader, asked)


def newest_standard_checks(reader: Reader) -> Newest:
    """When a device told of a check with a standard last (CN 2062), by MN (ms)."""
    checks = _F.kind == FactKind.STANDARD_CHECK.value
    return _newest(reader, sa.select(_F.mn, sa.func.max(_F.time_ms)).where(checks).group_by(_F.mn))


def newest_calibrations(reader: Reader) -> Newest:
    """Start of the last hour with values marked C, by sensor (ms)."""
    asked = sa.select(_H.sensor_id, sa.func.max(_H.start_ms)).where(_H.calibration > 0)
    return _newest(reader, asked.group_by(_H.sensor_id))


def fault_hours(reader: Reader, from_ms: int, to_ms: int) -> dict[str, list[int]]:
    """Starts of the hours with values marked D (fault), by sensor, oldest first (ms)."""
    inside = (_H.start_ms >= from_ms) & (_H.start_ms < to_ms) & (_H.fault > 0)
    asked = sa.select(_H.sensor_id, _H.start_ms).where(inside).distinct().order_by(_H.start_ms)
    found: dict[str, list[int]] = {}
    with reader.snapshot() as connection:
        for row in connection.execute(asked):
            found.setdefault(row.sensor_id, []).append(int(row.start_ms))
    return found


def _newest(reader: Reader, asked: sa.Select[Any]) -> Newest:
    with reader.snapshot() as connection:
        return {str(row[0]): int(row[1]) for row in connection.execute(asked)}
