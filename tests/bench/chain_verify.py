"""How long it takes to verify a ledger of a million chained frames with its checkpoints.

``python -m tests.bench.chain_verify [frames] [frames per checkpoint]``
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.support.small_park import mn_of
from twin.core.observation import RawFrame
from twin.live.evidence_key import is_signed
from twin.store.audit import Question, Report, audit
from twin.store.checkpoints import CheckpointDeed, checkpoint_of, read_heads, stored_texts
from twin.store.engine import sqlite_url
from twin.store.ledger import Arrival, Batch, Ledger
from twin.store.reader import LedgerReader

SEGMENT_BYTES = 494
BATCH = 2_000
T0_MS = 1_795_300_000_000


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Seconds, and what was found."""

    frames: int
    checkpoints: int
    fill_s: float
    heads_s: float
    verify_s: float
    verify_cpu_s: float
    report: Report

    def __str__(self) -> str:
        per_frame_us = self.verify_cpu_s / self.frames * 1e6
        return (
            f"{self.frames} frames of {SEGMENT_BYTES} B, {self.checkpoints} checkpoints: verified in "
            f"{self.verify_s:.1f} s, {self.verify_cpu_s:.1f} s computing ({per_frame_us:.1f} us each), "
            f"{len(self.report.findings)} findings; "
            f"tree from nothing {self.heads_s:.1f} s; filled in {self.fill_s:.0f} s"
        )


def main(frames: int = 1_000_000, per_checkpoint: int = 20_000) -> Outcome:
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes_raw()
    with tempfile.TemporaryDirectory() as folder:
        url = sqlite_url(Path(folder) / "ledger.sqlite")
        ledger, reader = Ledger(url), LedgerReader(url)
        started_s = time.perf_counter()
        for start in range(0, frames, BATCH):
            rows = [_frame(number) for number in range(start, min(frames, start + BATCH))]
            ledger.write(Batch(arrivals=rows), T0_MS + start)
            if (start + BATCH) % per_checkpoint == 0:
                heads = read_heads(reader)
                text = heads.text(time_ms=T0_MS + start, key=public)
                ledger.write(
                    Batch(deeds=[CheckpointDeed(heads=heads, text=text, signature=key.sign(text.encode()))]),
                    T0_MS,
                )
        fill_s = time.perf_counter() - started_s
        with reader.snapshot() as connection:
            copies = [checkpoint_of(text, signed) for _, text, signed in stored_texts(connection)]
        started_s = time.perf_counter()
        started_cpu_s = time.process_time()
        report = audit(reader, Question(is_signed=partial(is_signed, public), copies=copies, now_ms=T0_MS))
        verify_s, verify_cpu_s = time.perf_counter() - started_s, time.process_time() - started_cpu_s
        heads_s = _from_nothing(reader)
        reader.close()
        ledger.close()
    return Outcome(
        frames=frames,
        checkpoints=len(copies),
        fill_s=fill_s,
        heads_s=heads_s,
        verify_s=verify_s,
        verify_cpu_s=verify_cpu_s,
        report=report,
    )


def _from_nothing(reader: LedgerReader) -> float:
    from twin.store.frame_source import links
    from twin.store.merkle import Frontier

    started_s = time.perf_counter()
    grown = Frontier()
    with reader.snapshot() as connection:
        for link in links(reader, connection)(0, -1):
            grown.add(link)
    return time.perf_counter() - started_s


def _frame(number: int) -> Arrival:
    segment = os.urandom(SEGMENT_BYTES // 2).hex().encode()
    frame = RawFrame(
        received_ms=T0_MS + number,
        peer="127.0.0.1:50000",
        segment=segment,
        mn=mn_of(number % 200),
        st="22",
        cn="2011",
        qn=f"{20261122080000000 + number}",
        pno=0,
        sha256=_sha256(segment),
    )
    return Arrival(frame=frame)


def _sha256(data: bytes) -> str:
    import hashlib

    return hashlib.sha256(data).hexdigest()


if __name__ == "__main__":
    sys.stdout.write(f"{main(*(int(text) for text in sys.argv[1:]))}\n")
