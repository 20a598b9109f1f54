"""The place in the writer's transaction where rules look at new values before they are stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import sqlalchemy as sa

from twin.store.values import Incoming


class Judge(Protocol):
    """Puts marks on values that are new to the ledger.

    What it says may depend on the ledger's rows and on the order of frames only, never on the wall
    clock: a replay from the raw frames must give equal tables.
    """

    def judge(self, connection: sa.Connection, incoming: Sequence[Incoming], now_ms: int) -> list[Incoming]:
        """The same values in the same order, with bits of ``Check`` added where a rule says so.

        Runs after doubled frames are known and before anything of the batch is stored. ``now_ms`` is
        for times of bookkeeping only. May write tables of its own through ``connection``.
        """
        ...

    def forget(self) -> None:
        """A batch has failed: drop what is remembered of the data base and read it again."""
        ...


class NoJudge:
    """Marks nothing."""

    def judge(self, connection: sa.Connection, incoming: Sequence[Incoming], now_ms: int) -> list[Incoming]:
        """All values as they came."""
        return list(incoming)

    def forget(self) -> None:
        """Nothing is remembered."""
