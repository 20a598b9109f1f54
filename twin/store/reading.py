"""What both readers share: lazy opening, snapshots, the cursor and the ring of events."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from twin.core.errors import BadRequestError, ServiceUnavailableError, StoreError
from twin.store.engine import Watch, not_yet, reader_engine
from twin.store.migrate import HEAD, Kind, revision
from twin.store.rows import Beat, StoredEvent
from twin.store.schema_parts import beat_table, event_table

_ANY = sa.MetaData()
_EVENT = event_table(_ANY)
_BEAT = beat_table(_ANY)


class Reader:
    """Reads one ledger; opens it at the first question, any number of threads may ask.

    As long as the writer has not made the ledger, every question raises ServiceUnavailableError.
    """

    def __init__(self, url: str, kind: Kind, archive: Path | None = None) -> None:
        self.url = url
        self._archive = archive
        self._kind = kind
        self._lock = threading.Lock()
        self._engine: sa.Engine | None = None
        self._watch: Watch | None = None
        self._seen_version = -1

    @contextmanager
    def snapshot(self) -> Iterator[sa.Connection]:
        """A connection whose questions all see the same moment of the ledger."""
        with self._translated(), self._open().begin() as connection:
            yield connection

    def changed(self) -> bool:
        """Whether a writer has committed since the last call; meant to be asked many times a second.

        The first call says True. One follower per reader: a second one needs its own reader.
        """
        with self._translated():
            engine = self._open()
            with self._lock:
                if self._watch is None:
                    self._watch = Watch(engine)
                version = self._watch.version()
                before, self._seen_version = self._seen_version, version
        return version != before

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Whatever the data base or its driver cannot do (busy, damaged, gone) is one kind of error."""
        try:
            yield
        except OverflowError as error:
            raise _too_large() from error
        except (sa.exc.SQLAlchemyError, sqlite3.Error) as error:
            reason = getattr(error, "orig", None) or error
            raise ServiceUnavailableError(
                f"the {self._kind.value} ledger cannot be read just now: {reason}",
                message_zh="台账暂时无法读取",
                field="url",
                value=self.url,
            ) from error

    def cursor(self) -> int:
        """Sequence number of the newest event, 0 when there is none yet."""
        with self.snapshot() as connection:
            return cursor_of(connection)

    def oldest(self) -> int:
        """Sequence number of the oldest event that is still in the ring, 0 when there is none."""
        with self.snapshot() as connection:
            return int(
                connection.execute(sa.select(sa.func.coalesce(sa.func.min(_EVENT.c.seq), 0))).scalar_one()
            )

    def events(self, after: int, limit: int = 500) -> tuple[StoredEvent, ...]:
        """Events with a sequence number above ``after``, oldest first, at most ``limit``.

        Events that have left the ring are not there any more: compare with ``oldest()``.
        """
        question = sa.select(_EVENT).where(_EVENT.c.seq > after).order_by(_EVENT.c.seq).limit(limit)
        with self.snapshot() as connection:
            rows = connection.execute(question).all()
        return tuple(StoredEvent(seq=r.seq, time_ms=r.time_ms, kind=r.kind, payload=r.payload) for r in rows)

    def beat(self) -> Beat | None:
        """Last sign of life of the process that writes this ledger."""
        with self.snapshot() as connection:
            row = connection.execute(sa.select(_BEAT).order_by(_BEAT.c.beat_ms.desc()).limit(1)).first()
        if row is None:
            return None
        return Beat(process=row.process, pid=row.pid, started_ms=row.started_ms, beat_ms=row.beat_ms)

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            if self._watch is not None:
                self._watch.close()
                self._watch = None
            if self._engine is not None:
                self._engine.dispose()
                self._engine = None

    def _open(self) -> sa.Engine:
        with self._lock:
            if self._engine is None:
                self._engine = self._checked(reader_engine(self.url, self._archive))
            return self._engine

    def _checked(self, engine: sa.Engine) -> sa.Engine:
        try:
            with engine.connect() as connection:
                found = revision(connection)
        except sa.exc.OperationalError as error:
            engine.dispose()
            raise not_yet(self.url) from error
        except sa.exc.SQLAlchemyError:
            engine.dispose()
            raise
        if found == HEAD[self._kind]:
            return engine
        engine.dispose()
        if found is None:
            raise not_yet(self.url)
        raise StoreError(
            f"{self._kind.value} ledger has schema {found!r}, this release reads {HEAD[self._kind]!r}",
            message_zh=f"台账结构版本为 {found!r}，本版本读取 {HEAD[self._kind]!r}",
            field="schema",
            value=found,
        )


def cursor_of(connection: sa.Connection) -> int:
    """Sequence number of the newest event in this snapshot."""
    return int(connection.execute(sa.select(sa.func.coalesce(sa.func.max(_EVENT.c.seq), 0))).scalar_one())


def _too_large() -> BadRequestError:
    return BadRequestError(
        "a number is too large; expected one of at most 63 bits",
        message_zh="数值过大；应不超过 63 位",
    )
