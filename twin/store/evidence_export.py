"""Evidence to hand out: frames and acts of a span, their proofs, the checkpoints, and a verifier.

A log is given without gaps: of frames that were not asked for (those of other devices) only the link is
told, which gives nothing of them away and keeps the tree whole.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from itertools import islice
from pathlib import Path

import sqlalchemy as sa

from twin.core.errors import NotFoundError
from twin.store.acts import ACT, ZERO_HASH
from twin.store.acts_reader import StoredAct, all_acts
from twin.store.archive_reader import moved_between
from twin.store.checkpoint_schema import CHECKPOINT
from twin.store.checkpoints import (
    ACTS,
    FRAMES,
    Checkpoint,
    act_links,
    checkpoint_of,
    newest_checkpoint,
    stored_texts,
)
from twin.store.frame_source import FrameRow, frame_rows, links, origins
from twin.store.ledger_schema import RAW_FRAME
from twin.store.merkle import Leaves, consistency_proof, range_proof
from twin.store.reader import LedgerReader

FORMAT = "park-twin-evidence/1"
_README = """\
Evidence of a Park Twin ledger.  园区数字孪生台账证据。

MIND: frames.jsonl holds the passwords (PW) of the devices in clear text, as they were sent. They
cannot be taken out: one byte less and the chain does not verify. Give this file to those only who may
know them, and change the passwords (command 1072) when it has left the house.
注意：frames.jsonl 含有设备密码 (PW) 明文，与上传时逐字节一致，删改后链即无法验证。仅可交给有权知悉者，
交出后请更换设备密码（命令 1072）。

    python verify.py <this file> [public key]

verifies it with Python 3.9 or newer and nothing else; see the head of verify.py for what is shown.
验证方法同上：无需安装其他软件；可附上事先公布的公钥。

manifest.json      what was asked for; "origins": measured or simulated, by device 数据来源（实测或模拟）
frames.jsonl       raw frames as they arrived; "segment" in hexadecimal digits 原始报文
acts.jsonl         what people and the system did 操作记录
*_proof.json       Merkle proofs (RFC 6962) 默克尔证明
checkpoints.jsonl  signed checkpoints (Ed25519) 签名检查点
consistency.jsonl  each older checkpoint is the beginning of the last one 一致性证明
"""
_WARNING = "frames.jsonl holds device passwords (PW) in clear text 含设备密码明文; see README.txt"
# How many older checkpoints get a consistency proof; each needs the whole log read once.
_PROVED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be handed out: frames received and acts done from ``from_ms`` to before ``to_ms``.

    ``mn`` empty: of all devices.
    """

    from_ms: int
    to_ms: int
    mn: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What was handed out, in full."""

    frames: int
    acts: int
    checkpoints: int


def export_evidence(reader: LedgerReader, wanted: Wanted, out: Path) -> Exported:
    """Write a ZIP file. Raises NotFoundError without a checkpoint that covers what is wanted."""
    with reader.snapshot() as connection, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        last = newest_checkpoint(connection)
        if last is None:
            raise _no_checkpoint()
        frames = _Part(
            log=FRAMES,
            first_last=_frame_span(connection, wanted, last.frames.size),
            leaves=links(reader, connection),
        )
        acts = _Part(
            log=ACTS,
            first_last=_span(connection, ACT, "time_ms", wanted, last.acts.size),
            leaves=act_links(connection),
        )
        mns: set[str] = set()
        told_frames = frames.write(archive, last, _frame_lines(reader, connection, frames, wanted, mns))
        told_acts = acts.write(archive, last, _act_lines(connection, acts))
        count = _write_checkpoints(archive, connection, last, wanted, frames.leaves, acts.leaves)
        about = {
            "format": FORMAT,
            "public_key": last.key.hex(),
            "from_ms": wanted.from_ms,
            "to_ms": wanted.to_ms,
            "mn": wanted.mn,
            "holds_passwords": told_frames > 0,
            "warning": _WARNING if told_frames else "",
            "origins": origins(connection, mns),
        }
        _put(archive, "manifest.json", json.dumps(about, indent=1) + "\n")
        _put(archive, "README.txt", _README)
        _put(archive, "verify.py", (files("twin.store") / "stand_alone.py").read_text("utf-8"))
    return Exported(frames=told_frames, acts=told_acts, checkpoints=count)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """One log's share: numbers of the first and the last record (last < first: none), and its links."""

    log: str
    first_last: tuple[int, int]
    leaves: Leaves

    def write(self, archive: zipfile.ZipFile, last: Checkpoint, lines: Iterable[Mapping[str, object]]) -> int:
        """Records and their proof; how many are told in full."""
        first, end = self.first_last
        told = 0
        with archive.open(f"{self.log}.jsonl", "w") as out:
            for line in lines:
                told += len(line) > 2
                out.write(json.dumps(line, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n")
        size = last.log(self.log).size
        nodes = range_proof(self.leaves, first - 1, end, size) if first <= end else []
        previous = next(iter(self.leaves(first - 2, first - 1)), ZERO_HASH) if first > 1 else ZERO_HASH
        proof = {"first_seq": first, "previous": previous.hex(), "nodes": [node.hex() for node in nodes]}
        _put(archive, f"{self.log}_proof.json", json.dumps(proof) + "\n")
        return told


def _frame_span(connection: sa.Connection, wanted: Wanted, size: int) -> tuple[int, int]:
    """The same of frames, of which those of closed months lie in files."""
    live = _span(connection, RAW_FRAME, "received_ms", wanted, size)
    moved = moved_between(connection, wanted.from_ms, wanted.to_ms)
    if moved is None or moved[0] > size:
        return live
    last = min(size, moved[1])
    return (moved[0], last) if live[1] < live[0] else (min(moved[0], live[0]), max(last, live[1]))


def _span(
    connection: sa.Connection, table: sa.Table, time: str, wanted: Wanted, size: int
) -> tuple[int, int]:
    """First and last number of records of a span that are under the checkpoint."""
    when = table.c[time]
    inside = (when >= wanted.from_ms) & (when < wanted.to_ms) & (table.c.seq <= size)
    question = sa.select(sa.func.min(table.c.seq), sa.func.max(table.c.seq)).where(inside)
    first, last = connection.execute(question).one()
    return (1, 0) if first is None else (int(first), int(last))


def _frame_lines(
    reader: LedgerReader, connection: sa.Connection, part: _Part, wanted: Wanted, mns: set[str]
) -> Iterator[dict[str, object]]:
    """Lines of the frames; ``mns`` takes the devices of those that are told in full."""
    first, last = part.first_last
    for row in islice(frame_rows(reader, connection, first - 1), max(0, last - first + 1)):
        asked = wanted.from_ms <= row.received_ms < wanted.to_ms and wanted.mn in ("", row.mn)
        if asked:
            mns.add(row.mn)
        yield _frame_line(row) if asked else {"seq": row.seq, "link": row.chain.hex()}


def _frame_line(row: FrameRow) -> dict[str, object]:
    told: dict[str, object] = row._asdict()
    del told["sha256"], told["chain"]
    return {**told, "segment": row.segment.hex(), "link": row.chain.hex()}


def _act_lines(connection: sa.Connection, part: _Part) -> Iterator[dict[str, object]]:
    first, last = part.first_last
    for row in islice(all_acts(connection, first - 1), max(0, last - first + 1)):
        yield _act_line(row)


def _act_line(row: StoredAct) -> dict[str, object]:
    return {
        "seq": row.seq,
        "time_ms": row.time_ms,
        "kind": row.kind,
        "actor": row.actor,
        "body": row.text,
        "link": row.hash.hex(),
    }


def _write_checkpoints(
    archive: zipfile.ZipFile,
    connection: sa.Connection,
    last: Checkpoint,
    wanted: Wanted,
    frames: Leaves,
    acts: Leaves,
) -> int:
    """Checkpoints of the span and the newest one, and that the oldest ones lead to it."""
    time_ms, seq = CHECKPOINT.c.time_ms, CHECKPOINT.c.seq
    inside = (time_ms >= wanted.from_ms) & (time_ms < wanted.to_ms)
    start = connection.execute(sa.select(sa.func.min(seq)).where(inside)).scalar() or last.seq
    found: list[Checkpoint] = []
    with archive.open("checkpoints.jsonl", "w") as out:
        for _, text, signature in stored_texts(connection, start - 1):
            row = checkpoint_of(text, signature)
            if row.time_ms >= wanted.to_ms and row.seq != last.seq:
                continue
            line = {"body": text, "signature": signature.hex()}
            out.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
            found.append(row)
    lines = []
    for old in _spread(found[:-1], _PROVED):
        proofs = {
            log: _consistency(leaves, old, last, log) for log, leaves in ((FRAMES, frames), (ACTS, acts))
        }
        lines.append(json.dumps({"seq": old.seq, **proofs}) + "\n")
    _put(archive, "consistency.jsonl", "".join(lines))
    return len(found)


def _consistency(leaves: Leaves, old: Checkpoint, last: Checkpoint, log: str) -> list[str]:
    size = old.log(log).size
    return [node.hex() for node in consistency_proof(leaves, size, last.log(log).size)] if size else []


def _spread(rows: list[Checkpoint], most: int) -> list[Checkpoint]:
    """The first, the last, and some between."""
    if len(rows) <= most:
        return rows
    return [rows[round(i * (len(rows) - 1) / (most - 1))] for i in range(most)]


def _no_checkpoint() -> NotFoundError:
    return NotFoundError(
        "there is no checkpoint yet; ingest makes one a minute",
        message_zh="尚无检查点；采集进程每分钟生成一个",
        field="checkpoint",
    )


def _put(archive: zipfile.ZipFile, name: str, text: str) -> None:
    archive.writestr(name, text)
