"""What may leave the live tables after its keep time, because the evidence of it stays for ever.

Raw frames, versions of values, acts, checkpoints, decisions of the review queue and exchanges are never
touched here. What goes can be read from them again: facts are said by raw frames, tallies by values, holes
that are closed by the values' own times, single steps of an exchange by its acts and its frames. No keep
time may be shorter than the least one of the seeds (``twin.store.retention``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from twin.core.clock import DAY_MS
from twin.store.exchange_schema import EXCHANGE, EXCHANGE_STEP, GAP, PACKET_SUM
from twin.store.instrument_schema import DEVICE_FACT
from twin.store.retention import CALIBRATION_D, MAINTENANCE_D, OPERATION_D, KeepTimes
from twin.store.review_schema import SENSOR_HOUR
from twin.store.snapshots import PutSnapshot

ROWS_PER_DEED = 2_000
SUMS_MARK = "sums_read_to"
_ENDED = ("filled", "given_up")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prune:
    """Deed: take out rows older than their keep times, at most some of each table; how many went."""

    keep: KeepTimes
    now_ms: int
    limit: int = ROWS_PER_DEED

    def apply(self, connection: sa.Connection, now_ms: int) -> int:
        """Remove; again until nothing goes any more."""
        calibration_ms = self._before_ms(self.keep.calibration_d, CALIBRATION_D)
        return (
            self._facts(connection, calibration_ms)
            + self._hours(connection, calibration_ms)
            + self._gaps(connection, self._before_ms(self.keep.operation_d, OPERATION_D))
            + self._steps(connection, self._before_ms(self.keep.maintenance_d, MAINTENANCE_D))
        )

    def _before_ms(self, kept_d: int, least_d: int) -> int:
        return self.now_ms - max(kept_d, least_d) * DAY_MS

    def _facts(self, connection: sa.Connection, before_ms: int) -> int:
        """Facts go by the order of their frames, which is that of receipt."""
        c = DEVICE_FACT.c
        oldest = sa.select(c.frame_seq, c.received_ms).order_by(c.frame_seq).limit(self.limit)
        seqs = [row.frame_seq for row in connection.execute(oldest) if row.received_ms < before_ms]
        if not seqs:
            return 0
        return int(connection.execute(DEVICE_FACT.delete().where(c.frame_seq <= seqs[-1])).rowcount)

    def _hours(self, connection: sa.Connection, before_ms: int) -> int:
        c = SENSOR_HOUR.c
        question = sa.select(c.start_ms).where(c.start_ms < before_ms).order_by(c.start_ms).limit(self.limit)
        hours = connection.execute(question).scalars().all()
        if not hours:
            return 0
        return int(connection.execute(SENSOR_HOUR.delete().where(c.start_ms <= hours[-1])).rowcount)

    def _gaps(self, connection: sa.Connection, before_ms: int) -> int:
        c = GAP.c
        question = (
            sa.select(c.mn, c.from_ms)
            .where(c.state.in_(_ENDED), c.to_ms < before_ms, c.changed_ms < before_ms)
            .limit(self.limit)
        )
        keys = connection.execute(question).all()
        for row in keys:
            connection.execute(GAP.delete().where(c.mn == row.mn, c.from_ms == row.from_ms))
        return len(keys)

    def _steps(self, connection: sa.Connection, before_ms: int) -> int:
        """Steps of ended exchanges; the exchange with its outcome stays, and so do its acts."""
        e, s = EXCHANGE.c, EXCHANGE_STEP.c
        question = (
            sa.select(e.seq)
            .where(e.ended_ms < before_ms, sa.exists().where(s.exchange_seq == e.seq))
            .order_by(e.seq)
            .limit(self.limit // 10)
        )
        seqs = connection.execute(question).scalars().all()
        if not seqs:
            return 0
        return int(connection.execute(EXCHANGE_STEP.delete().where(s.exchange_seq.in_(seqs))).rowcount)


@dataclass(frozen=True, slots=True, kw_only=True)
class DropSums:
    """Deed: check sums of frames up to ``read_to`` are of no use any more; every target has those frames."""

    hashes: Sequence[bytes]
    read_to: int

    def apply(self, connection: sa.Connection, now_ms: int) -> int:
        """Remove them and remember how far this went."""
        gone = 0
        if self.hashes:
            found = connection.execute(PACKET_SUM.delete().where(PACKET_SUM.c.sha256.in_(self.hashes)))
            gone = int(found.rowcount)
        PutSnapshot(name=SUMS_MARK, time_ms=now_ms, body={"seq": self.read_to}).apply(connection, now_ms)
        return gone


def any_sums(connection: sa.Connection) -> bool:
    """Whether a check sum is kept."""
    return connection.execute(sa.select(PACKET_SUM.c.crc).limit(1)).first() is not None
