"""Each kind of tampering is found, in frames, acts and checkpoints, and its first place is named."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.support.arrivals import arrival
from twin.store.acts import Act, ActDeed, act_hash
from twin.store.audit import Question, Report, audit
from twin.store.chain import frame_header, link
from twin.store.checkpoints import Checkpoint, CheckpointDeed, checkpoint_of, read_heads, stored_texts
from twin.store.engine import sqlite_url
from twin.store.ledger import Batch, Ledger
from twin.store.reader import LedgerReader

ROUNDS, FRAMES_A_ROUND, ACTS_A_ROUND = 6, 10, 5
FRAMES, ACTS = ROUNDS * FRAMES_A_ROUND, ROUNDS * ACTS_A_ROUND
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
MINUTE_MS = 60_000


def is_signed(text: str, signature: bytes) -> bool:
    # Ed25519 is deterministic (RFC 8032, 5.1.6), so signing again is verifying.
    return KEY.sign(text.encode()) == signature


def fill(ledger: Ledger, reader: LedgerReader) -> None:
    for turn in range(ROUNDS):
        now_ms = (turn + 1) * MINUTE_MS
        rows = [
            arrival(f"{turn}-{i}", body="ST=22;" * (i % 3), received_ms=now_ms - 1_000 + i)
            for i in range(FRAMES_A_ROUND)
        ]
        acts = [
            ActDeed(act=Act(kind="t.done", actor="li", time_ms=now_ms, body={"turn": turn, "i": i}))
            for i in range(ACTS_A_ROUND)
        ]
        ledger.write(Batch(arrivals=rows, deeds=acts), now_ms)
        sign(ledger, reader, now_ms)


def sign(ledger: Ledger, reader: LedgerReader, now_ms: int) -> None:
    heads = read_heads(reader)
    text = heads.text(time_ms=now_ms, key=PUBLIC)
    (made,) = ledger.write(
        Batch(deeds=[CheckpointDeed(heads=heads, text=text, signature=KEY.sign(text.encode()))]), now_ms
    ).deeds
    assert isinstance(made, Checkpoint)


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """A ledger file that may be harmed, and the copy of its checkpoints that may not."""

    file: Path
    copies: tuple[Checkpoint, ...]

    def audit(self, *, copies: bool = True, **span: int) -> Report:
        reader = LedgerReader(sqlite_url(self.file))
        try:
            given = self.copies if copies else None
            return audit(reader, Question(is_signed=is_signed, copies=given, now_ms=100 * MINUTE_MS, **span))
        finally:
            reader.close()

    @contextmanager
    def harmed(self) -> Iterator[sqlite3.Connection]:
        """What somebody with the file in his hands can do: the triggers are gone first."""
        with closing(sqlite3.connect(self.file)) as connection:
            names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
            for (name,) in names:
                connection.execute(f"DROP TRIGGER {name}")
            yield connection
            connection.commit()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    file = tmp_path_factory.mktemp("evidence") / "ledger.sqlite"
    ledger, reader = Ledger(sqlite_url(file)), LedgerReader(sqlite_url(file))
    fill(ledger, reader)
    with reader.snapshot() as connection:
        copies = tuple(checkpoint_of(text, signed) for _, text, signed in stored_texts(connection))
    reader.close()
    ledger.close()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return Evidence(file=file, copies=copies)


@pytest.fixture
def evidence(whole: Evidence, tmp_path: Path) -> Evidence:
    shutil.copy(whole.file, tmp_path / "ledger.sqlite")
    return Evidence(file=tmp_path / "ledger.sqlite", copies=whole.copies)


def told(report: Report) -> set[tuple[str, str, int]]:
    return {(row.kind, row.log, row.seq) for row in report.findings}


def first(report: Report) -> tuple[str, str, int]:
    row = report.findings[0]
    return row.kind, row.log, row.seq


def test_what_is_whole_is_found_whole(evidence: Evidence) -> None:
    report = evidence.audit()
    assert report == Report(frames=FRAMES, acts=ACTS, checkpoints=ROUNDS, copies=ROUNDS, findings=())
    assert report.is_good


# What is done to rows of a chained table; 17 lies in the middle of a checkpoint.
AT = 17
TABLES = {"frames": ("raw_frame", FRAMES), "acts": ("act", ACTS)}


def renumber(connection: sqlite3.Connection, table: str, from_seq: int, by: int) -> None:
    connection.execute(f"UPDATE {table} SET seq = -(seq + ?) WHERE seq >= ?", (by, from_seq))
    connection.execute(f"UPDATE {table} SET seq = -seq WHERE seq < 0")


def columns(connection: sqlite3.Connection, table: str) -> str:
    names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    return ", ".join(name for name in names if name != "seq")


def duplicate(connection: sqlite3.Connection, table: str, from_seq: int, to_seq: int) -> None:
    names = columns(connection, table)
    connection.execute(
        f"INSERT INTO {table} (seq, {names}) SELECT ?, {names} FROM {table} WHERE seq = ?", (to_seq, from_seq)
    )


def exchange(connection: sqlite3.Connection, table: str, one: int, other: int) -> None:
    for old, new in ((one, -1), (other, one), (-1, other)):
        connection.execute(f"UPDATE {table} SET seq = ? WHERE seq = ?", (new, old))


@pytest.mark.parametrize("log", TABLES)
@pytest.mark.parametrize("at", [1, AT, "last"])
def test_removed(evidence: Evidence, log: str, at: int | str) -> None:
    table, count = TABLES[log]
    seq = count - 1 if at == "last" else int(at)
    with evidence.harmed() as connection:
        connection.execute(f"DELETE FROM {table} WHERE seq = ?", (seq,))
    assert ("removed", log, seq) in told(evidence.audit(copies=False))


@pytest.mark.parametrize("log", TABLES)
@pytest.mark.parametrize("at", [1, 2, AT, 25])
@pytest.mark.parametrize("count", [1, 3])
def test_removed_and_closed_up(evidence: Evidence, log: str, at: int, count: int) -> None:
    table, total = TABLES[log]
    with evidence.harmed() as connection:
        connection.execute(f"DELETE FROM {table} WHERE seq >= ? AND seq < ?", (at, at + count))
        renumber(connection, table, at, -count)
    report = evidence.audit(copies=False)
    assert ("truncated", log, total - count + 1) in told(report), "there are fewer than were signed"
    assert ("removed", log, at) in told(report)
    assert len(report.findings) == 2


@pytest.mark.parametrize("log", TABLES)
@pytest.mark.parametrize("at", [1, AT, 29])
@pytest.mark.parametrize("count", [1, 3])
def test_inserted(evidence: Evidence, log: str, at: int, count: int) -> None:
    table, total = TABLES[log]
    source = total if at < total else 3
    with evidence.harmed() as connection:
        renumber(connection, table, at, count)
        for i in range(count):
            duplicate(connection, table, source + count if source >= at else source, at + i)
    assert told(evidence.audit(copies=False)) == {("inserted", log, at)}


@pytest.mark.parametrize("log", TABLES)
@pytest.mark.parametrize(("one", "other"), [(1, 2), (AT, AT + 1), (AT, 25), (1, 30), (29, 30)])
def test_swapped(evidence: Evidence, log: str, one: int, other: int) -> None:
    table, _ = TABLES[log]
    with evidence.harmed() as connection:
        exchange(connection, table, one, other)
    assert first(evidence.audit(copies=False)) == ("swapped", log, one)


CHANGES = {
    "segment": ("frames", "UPDATE raw_frame SET segment = CAST(segment || 'x' AS BLOB) WHERE seq = ?"),
    "segment and hash": (
        "frames",
        "UPDATE raw_frame SET segment = 'x', sha256 = sha256(x'78') WHERE seq = ?",
    ),
    "time of frame": ("frames", "UPDATE raw_frame SET received_ms = received_ms - 1 WHERE seq = ?"),
    "peer": ("frames", "UPDATE raw_frame SET peer = 'somebody' WHERE seq = ?"),
    "device": ("frames", "UPDATE raw_frame SET mn = 'another' WHERE seq = ?"),
    "stored hash": ("frames", "UPDATE raw_frame SET sha256 = zeroblob(32) WHERE seq = ?"),
    "stored link": ("frames", "UPDATE raw_frame SET chain = zeroblob(32) WHERE seq = ?"),
    "body": ("acts", "UPDATE act SET body = '{}' WHERE seq = ?"),
    "body and hash": ("acts", "UPDATE act SET body = 'x', body_sha256 = sha256(x'78') WHERE seq = ?"),
    "actor": ("acts", "UPDATE act SET actor = 'wang' WHERE seq = ?"),
    "kind": ("acts", "UPDATE act SET kind = 't.other' WHERE seq = ?"),
    "time of act": ("acts", "UPDATE act SET time_ms = time_ms + 1 WHERE seq = ?"),
    "body as bytes": ("acts", "UPDATE act SET body = x'00' WHERE seq = ?"),
    "hash as text": ("acts", "UPDATE act SET hash = 'x', body_sha256 = 7 WHERE seq = ?"),
    "link of act": ("acts", "UPDATE act SET hash = zeroblob(32) WHERE seq = ?"),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("at", [1, AT, 30])
def test_changed(evidence: Evidence, change: str, at: int) -> None:
    log, statement = CHANGES[change]
    with evidence.harmed() as connection:
        connection.create_function("sha256", 1, lambda data: hashlib.sha256(data).digest())
        connection.execute(statement, (at,))
    assert first(evidence.audit(copies=False)) == ("changed", log, at)


def chain_frames_anew(connection: sqlite3.Connection) -> None:
    chain = bytes(32)
    rows = connection.execute(
        "SELECT seq, received_ms, pno, body_no, peer, mn, st, cn, qn, segment FROM raw_frame ORDER BY seq"
    ).fetchall()
    for *header, segment in rows:
        sha256 = hashlib.sha256(segment).digest()
        chain = link(chain, frame_header(*header), sha256)
        connection.execute(
            "UPDATE raw_frame SET sha256 = ?, chain = ? WHERE seq = ?", (sha256, chain, header[0])
        )


def chain_acts_anew(connection: sqlite3.Connection) -> None:
    chain = bytes(32)
    rows = connection.execute("SELECT seq, time_ms, kind, actor, body FROM act ORDER BY seq").fetchall()
    for seq, time_ms, kind, actor, body in rows:
        sha256 = hashlib.sha256(body.encode()).digest()
        chain = act_hash(chain, seq=seq, time_ms=time_ms, kind=kind, actor=actor, body_sha256=sha256)
        connection.execute("UPDATE act SET body_sha256 = ?, hash = ? WHERE seq = ?", (sha256, chain, seq))


@pytest.mark.parametrize(
    ("log", "harm", "again"),
    [
        ("frames", "UPDATE raw_frame SET segment = x'78' WHERE seq = 17", chain_frames_anew),
        ("acts", "UPDATE act SET body = '{}' WHERE seq = 17", chain_acts_anew),
    ],
)
def test_a_chain_that_was_made_anew_is_given_away_by_a_signed_root(
    evidence: Evidence, log: str, harm: str, again: Callable[[sqlite3.Connection], None]
) -> None:
    with evidence.harmed() as connection:
        connection.execute(harm)
        again(connection)
    # The first signed root that covers number 17: frames 11-20, acts 16-20.
    assert told(evidence.audit(copies=False)) == {("bad_root", log, 11 if log == "frames" else 16)}


@pytest.mark.parametrize("log", TABLES)
def test_a_cut_end_is_found_by_the_checkpoints(evidence: Evidence, log: str) -> None:
    table, count = TABLES[log]
    with evidence.harmed() as connection:
        connection.execute(f"DELETE FROM {table} WHERE seq > ?", (count - 4,))
    assert told(evidence.audit(copies=False)) == {("truncated", log, count - 3)}


def test_an_end_cut_off_with_its_checkpoints_is_found_only_by_the_copy(evidence: Evidence) -> None:
    with evidence.harmed() as connection:
        connection.execute("DELETE FROM raw_frame WHERE seq > 40")
        connection.execute("DELETE FROM act WHERE seq > 20")
        connection.execute("DELETE FROM checkpoint WHERE seq > 4")
    assert evidence.audit(copies=False).is_good, "that is what the second place is for"
    assert told(evidence.audit()) == {
        ("truncated", "checkpoints", 5),
        ("truncated", "frames", 41),
        ("truncated", "acts", 21),
    }


CHECKPOINT_HARM = {
    "text": ("UPDATE checkpoint SET body = replace(body, '\"size\":30', '\"size\":31') WHERE seq = 3", 3),
    "signature": ("UPDATE checkpoint SET signature = zeroblob(64) WHERE seq = 3", 3),
    "types": ("UPDATE checkpoint SET body = x'00', signature = 7 WHERE seq = 3", 3),
    "nonsense": ("UPDATE checkpoint SET body = 'x' WHERE seq = 3", 3),
    "removed": ("DELETE FROM checkpoint WHERE seq = 3", 3),
    "first": ("DELETE FROM checkpoint WHERE seq = 1", 1),
}


@pytest.mark.parametrize("harm", CHECKPOINT_HARM)
@pytest.mark.parametrize("copies", [True, False])
def test_harm_to_checkpoints(evidence: Evidence, harm: str, copies: bool) -> None:
    statement, seq = CHECKPOINT_HARM[harm]
    with evidence.harmed() as connection:
        connection.execute(statement)
    kind, log, at = first(evidence.audit(copies=copies))
    assert (log, at) == ("checkpoints", seq)
    assert kind in {"changed", "bad_signature", "removed"}


def test_checkpoints_removed_and_closed_up_inserted_and_swapped(evidence: Evidence, tmp_path: Path) -> None:
    def closed_up(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM checkpoint WHERE seq = 3")
        renumber(connection, "checkpoint", 3, -1)

    def inserted(connection: sqlite3.Connection) -> None:
        renumber(connection, "checkpoint", 3, 1)
        duplicate(connection, "checkpoint", 2, 3)

    def swapped(connection: sqlite3.Connection) -> None:
        exchange(connection, "checkpoint", 3, 4)

    for harm in (closed_up, inserted, swapped):
        file = tmp_path / f"{harm.__name__}.sqlite"
        shutil.copy(evidence.file, file)
        harmed = Evidence(file=file, copies=evidence.copies)
        with harmed.harmed() as connection:
            harm(connection)
        assert first(harmed.audit(copies=False)) == ("changed", "checkpoints", 3)


def test_who_has_the_key_is_given_away_by_the_copy(evidence: Evidence) -> None:
    with evidence.harmed() as connection:
        connection.execute("UPDATE raw_frame SET segment = x'78' WHERE seq = 17")
        chain_frames_anew(connection)
        for table in ("checkpoint", "merkle_frontier"):
            connection.execute(f"DELETE FROM {table}")
    ledger, reader = Ledger(sqlite_url(evidence.file)), LedgerReader(sqlite_url(evidence.file))
    for turn in range(ROUNDS):
        sign(ledger, reader, (turn + 1) * MINUTE_MS)
    reader.close()
    ledger.close()
    assert evidence.audit(copies=False).is_good
    assert {row[0] for row in told(evidence.audit())} == {"copy_differs"}


def test_a_checkpoint_that_never_reached_the_copy(evidence: Evidence) -> None:
    lacking = Evidence(file=evidence.file, copies=evidence.copies[:2] + evidence.copies[3:])
    assert told(lacking.audit()) == {("missing_copy", "checkpoints", 3)}


def test_lines_that_somebody_wrote_into_the_copy_say_nothing(evidence: Evidence) -> None:
    newest = evidence.copies[-1]
    text = newest.text.replace('"seq":6', '"seq":7')
    forged = checkpoint_of(text, newest.signature)
    assert forged.seq == 7
    assert Evidence(file=evidence.file, copies=(*evidence.copies, forged)).audit().is_good


def test_a_span_is_verified_within_the_whole_tree(evidence: Evidence) -> None:
    with evidence.harmed() as connection:
        connection.execute("UPDATE raw_frame SET segment = x'78' WHERE seq = 17")
    inside = evidence.audit(from_ms=MINUTE_MS, to_ms=2 * MINUTE_MS)
    assert told(inside) == {("changed", "frames", 17)}
    assert evidence.audit(from_ms=4 * MINUTE_MS, to_ms=6 * MINUTE_MS).is_good
    with evidence.harmed() as connection:
        connection.execute("DELETE FROM raw_frame WHERE seq = 5")
    assert ("removed", "frames", 5) in told(evidence.audit(from_ms=4 * MINUTE_MS, to_ms=6 * MINUTE_MS))


def test_a_lost_frontier_is_computed_again(evidence: Evidence) -> None:
    for statement in (
        "DELETE FROM merkle_frontier",
        "UPDATE merkle_frontier SET size = size - 1",
        "UPDATE merkle_frontier SET nodes = zeroblob(length(nodes))",
    ):
        with evidence.harmed() as connection:
            connection.execute(statement)
        ledger, reader = Ledger(sqlite_url(evidence.file)), LedgerReader(sqlite_url(evidence.file))
        sign(ledger, reader, 50 * MINUTE_MS)
        reader.close()
        ledger.close()
        assert evidence.audit(copies=False).is_good
