"""Facts and findings in the ledger: what instruments say besides values, what was found out about them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from sensors.hj212.findings import FindingCount
from twin.core.fact import Fact, FactKind
from twin.core.observation import RawFrame
from twin.store.engine import seek
from twin.store.instrument_schema import DEVICE_FACT, DEVICE_FINDING
from twin.store.reader import LedgerReader

_F, _D = DEVICE_FACT.c, DEVICE_FINDING.c
_DETAIL_LENGTH = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFact:
    """A fact with the frame that said it (times in ms since 1970 UTC)."""

    frame_seq: int
    n: int
    mn: str
    received_ms: int
    cn: str
    fact: Fact


def store_facts(connection: sa.Connection, said: Iterable[tuple[int, RawFrame, Sequence[Fact]]]) -> None:
    """Write facts of frames (number in the ledger, frame, facts); a frame that has some already is left."""
    rows = {seq: (frame, facts) for seq, frame, facts in said if facts}
    known = set(seek(connection, (_F.frame_seq,), (_F.frame_seq,), {(seq,) for seq in rows}))
    values = [
        _row(seq, n, frame, fact)
        for seq, (frame, facts) in rows.items()
        if (seq,) not in known
        for n, fact in enumerate(facts)
    ]
    if values:
        connection.execute(DEVICE_FACT.insert(), values)


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveFindings:
    """Deed: add counts of findings to those that are known."""

    rows: tuple[FindingCount, ...]

    def apply(self, connection: sa.Connection, now_ms: int) -> None:
        """Write the sums."""
        del now_ms
        keys = {(row.mn, row.kind, row.what) for row in self.rows}
        columns = tuple(DEVICE_FINDING.columns)
        known = {(r[0], r[1], r[2]): _finding(r) for r in seek(connection, columns, columns[:3], keys)}
        for row in self.rows:
            key = (row.mn, row.kind, row.what)
            before = known.get(key)
            total = row if before is None else before.plus(row)
            values = {
                "n": total.count,
                "first_ms": total.first_ms,
                "last_ms": total.last_ms,
                "detail": total.detail[:_DETAIL_LENGTH],
            }
            if before is None:
                names = {"mn": row.mn, "kind": row.kind, "what": row.what}
                connection.execute(DEVICE_FINDING.insert().values(**names, **values))
            else:
                this = (_D.mn == row.mn) & (_D.kind == row.kind) & (_D.what == row.what)
                connection.execute(DEVICE_FINDING.update().where(this).values(**values))
            known[key] = total


def read_findings(reader: LedgerReader) -> tuple[FindingCount, ...]:
    """All findings, by MN, kind and what."""
    question = sa.select(DEVICE_FINDING).order_by(_D.mn, _D.kind, _D.what)
    with reader.snapshot() as connection:
        return tuple(_finding(r) for r in connection.execute(question))


def read_facts(
    reader: LedgerReader,
    *,
    mn: str | None = None,
    kind: FactKind | None = None,
    from_ms: int | None = None,
    to_ms: int | None = None,
    limit: int = 200,
) -> tuple[StoredFact, ...]:
    """Facts with ``from_ms <= time < to_ms``, newest first, ``limit`` at most."""
    question = sa.select(DEVICE_FACT).order_by(_F.time_ms.desc(), _F.frame_seq.desc(), _F.n).limit(limit)
    if mn is not None:
        question = question.where(_F.mn == mn)
    if kind is not None:
        question = question.where(_F.kind == kind.value)
    if from_ms is not None:
        question = question.where(_F.time_ms >= from_ms)
    if to_ms is not None:
        question = question.where(_F.time_ms < to_ms)
    with reader.snapshot() as connection:
        return tuple(_stored(r) for r in connection.execute(question))


def _row(seq: int, n: int, frame: RawFrame, fact: Fact) -> dict[str, object]:
    return {
        "frame_seq": seq,
        "n": n,
        "mn": frame.mn,
        "time_ms": fact.time_ms,
        "received_ms": frame.received_ms,
        "cn": frame.cn,
        "kind": fact.kind.value,
        "code": _clean(fact.code),
        "field": _clean(fact.field),
        "text": _clean(fact.text),
        "value": fact.value,
        "mark": _clean(fact.mark),
    }


def _clean(text: str) -> str:
    """PostgreSQL's texts hold no NUL; the raw frame does."""
    return text.replace("\x00", "\ufffd")


def _stored(r: sa.Row[Any]) -> StoredFact:
    fact = Fact(
        kind=FactKind(r.kind),
        time_ms=r.time_ms,
        code=r.code,
        field=r.field,
        text=r.text,
        value=r.value,
        mark=r.mark,
    )
    return StoredFact(frame_seq=r.frame_seq, n=r.n, mn=r.mn, received_ms=r.received_ms, cn=r.cn, fact=fact)


def _finding(r: Any) -> FindingCount:
    return FindingCount(
        mn=r[0], kind=r[1], what=r[2], count=int(r[3]), first_ms=int(r[4]), last_ms=int(r[5]), detail=r[6]
    )
