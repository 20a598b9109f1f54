"""Deeds: everything besides arriving frames that is written into the ledger.

A person's decision, a command to an instrument, a queue that moves on: each is a frozen dataclass with
``apply``. It runs in the transaction of the batch it came with, inside a savepoint of its own, so that
one that fails takes nothing else down.
"""

from __future__ import annotations

from typing import Protocol

import sqlalchemy as sa

from twin.core.errors import ParkTwinError


class Deed(Protocol):
    """One thing to be written."""

    def apply(self, connection: sa.Connection, now_ms: int) -> object:
        """Write it; what it returns goes to who asked. Raises ParkTwinError; then nothing is written."""
        ...


DeedResult = object | ParkTwinError


def run_deed(connection: sa.Connection, deed: Deed, now_ms: int) -> DeedResult:
    """Apply a deed inside a savepoint; an error of its own becomes its result."""
    try:
        with connection.begin_nested():
            return deed.apply(connection, now_ms)
    except ParkTwinError as error:
        return error
