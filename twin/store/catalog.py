"""The list of series. A series has one origin for ever."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property

import sqlalchemy as sa

from twin.core.device import series_key
from twin.core.errors import StoreError
from twin.core.origin import Origin
from twin.core.quantity import is_statistic
from twin.core.quantity import quantity as quantity_row
from twin.store.ledger_schema import SERIES


@dataclass(frozen=True, kw_only=True)
class Series:
    """A series as the writer knows it."""

    id: int
    key: str
    origin: Origin

    @cached_property
    def json_key(self) -> str:
        """The key as JSON text."""
        return json.dumps(self.key, ensure_ascii=False)

    @cached_property
    def is_statistic(self) -> bool:
        """Whether a logger computed its values: no newest value, no roll-ups."""
        return is_statistic(self.key)


class OriginConflictError(StoreError):
    """A value of one origin was offered to a series of another."""


class Catalog:
    """Series by sensor and quantity. Part of the one writer."""

    def __init__(self, connection: sa.Connection) -> None:
        # By (sensor, quantity): building the key for every value would cost as much as the rest.
        self._rows: dict[tuple[str, str], Series] = {
            (r.sensor_id, r.quantity): Series(id=r.id, key=r.key, origin=Origin(r.origin))
            for r in connection.execute(sa.select(SERIES))
        }
        self._next = max((row.id for row in self._rows.values()), default=0) + 1

    def check(self, sensor_id: str, quantity: str, origin: Origin) -> None:
        """Raise OriginConflictError when the series has another origin; UnitError for no quantity."""
        row = self._rows.get((sensor_id, quantity))
        if row is None:
            quantity_row(quantity)
        elif row.origin is not origin:
            raise OriginConflictError(
                f"series {row.key} is {row.origin}; a value that is {origin} may not be written to it",
                message_zh=f"序列 {row.key} 的来源为 {row.origin}，不得写入来源为 {origin} 的值",
                field="origin",
                value=origin.value,
                source=row.key,
            )

    def require(self, connection: sa.Connection, sensor_id: str, quantity: str, origin: Origin) -> Series:
        """The series, made at its first use. Raises as ``check`` does."""
        row = self._rows.get((sensor_id, quantity))
        if row is not None and row.origin is origin:
            return row
        self.check(sensor_id, quantity, origin)
        key = series_key(sensor_id, quantity)
        row = Series(id=self._next, key=key, origin=origin)
        connection.execute(
            SERIES.insert().values(
                id=row.id,
                key=key,
                sensor_id=sensor_id,
                quantity=quantity,
                si_unit=quantity_row(quantity).si_unit,
                origin=origin.value,
            )
        )
        self._rows[sensor_id, quantity] = row
        self._next += 1
        return row
