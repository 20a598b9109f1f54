"""Evidence over months that were moved to files: the same export, the same verdict, and damage is found."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.support.arrivals import frame
from tests.support.both_stores import BACK_ENDS, empty_ledger
from twin.core.clock import DAY_MS
from twin.core.errors import StoreError
from twin.store.acts import Act, ActDeed
from twin.store.archiver import DropFrames, RecordMonth, month_start, page_deeds, write_month
from twin.store.audit import Question, Report, audit
from twin.store.checkpoints import (
    Checkpoint,
    CheckpointDeed,
    checkpoint_of,
    read_heads,
    record_counts,
    stored_texts,
)
from twin.store.evidence_export import Exported, Wanted, export_evidence
from twin.store.forwards import ForwardRow, OpenForward
from twin.store.ledger import Arrival, Batch, Ledger
from twin.store.reader import LedgerReader

MONTHS = ("2026-07", "2026-08", "2026-09")
ENDS = (*MONTHS[1:], "2026-10")
NOW_MS = month_start("2026-12")
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
EVERY_D = 3


def is_signed(text: str, signature: bytes) -> bool:
    return KEY.sign(text.encode()) == signature


@dataclass(frozen=True, kw_only=True)
class Place:
    url: str
    archive: Path

    def export(self, file: Path, from_ms: int, to_ms: int, mn: str = "") -> tuple[Exported, dict[str, bytes]]:
        with closing(LedgerReader(self.url, self.archive)) as reader:
            told = export_evidence(reader, Wanted(from_ms=from_ms, to_ms=to_ms, mn=mn), file)
        with zipfile.ZipFile(file) as made:
            return told, {name: made.read(name) for name in made.namelist()}

    def audit(self, **span: int) -> Report:
        with closing(LedgerReader(self.url, self.archive)) as reader:
            with reader.snapshot() as connection:
                copies: tuple[Checkpoint, ...] = tuple(
                    checkpoint_of(text, signed) for _, text, signed in stored_texts(connection)
                )
            return audit(reader, Question(is_signed=is_signed, copies=copies, now_ms=NOW_MS, **span))

    def move(self, *months: str) -> None:
        with closing(Ledger(self.url, archive=self.archive)) as ledger:
            for month in months:
                manifest = write_month(self.url, self.archive, month, NOW_MS)
                for deed in (RecordMonth(manifest=manifest), *page_deeds(self.archive, month)):
                    done(ledger, deed)
                while done(ledger, DropFrames(limit=7)):
                    pass


def done(ledger: Ledger, deed: object) -> object:
    result = ledger.write(Batch(deeds=[deed]), NOW_MS).deeds[0]
    if isinstance(result, Exception):
        raise result
    return result


@pytest.fixture(params=BACK_ENDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with empty_ledger(request.param, tmp_path if request.param == "sqlite" else None) as url:
        found = Place(url=url, archive=tmp_path / "archive")
        fill(found)
        yield found


def sent(qn: str, mn: str, body: str, received_ms: int) -> Arrival:
    return Arrival(frame=frame(qn, body, mn=mn, received_ms=received_ms))


def fill(place: Place) -> None:
    """A few frames every third day of three months, an act and a checkpoint with them."""
    with (
        closing(Ledger(place.url, archive=place.archive)) as ledger,
        closing(LedgerReader(place.url, place.archive)) as reader,
    ):
        for now_ms in range(month_start(MONTHS[0]) + 1000, month_start("2026-10"), EVERY_D * DAY_MS):
            rows = [sent(f"{now_ms}-{i}", f"M{i % 2}", "ST=22;" * i, now_ms + i) for i in range(4)]
            act = Act(kind="t.done", actor="li", time_ms=now_ms, body={"at": now_ms})
            ledger.write(Batch(arrivals=rows, deeds=[ActDeed(act=act)]), now_ms)
            heads = read_heads(reader)
            text = heads.text(time_ms=now_ms + 9, key=PUBLIC)
            done(ledger, CheckpointDeed(heads=heads, text=text, signature=KEY.sign(text.encode())))


SPANS = (
    (month_start("2026-07"), month_start("2026-10"), ""),
    (month_start("2026-07") + 5 * DAY_MS, month_start("2026-08") + 5 * DAY_MS, "M1"),
    (month_start("2026-08") + 20 * DAY_MS, month_start("2026-09") + 8 * DAY_MS, ""),
    (month_start("2026-08") + 20 * DAY_MS, month_start("2026-08") + 22 * DAY_MS, "M0"),
    (month_start("2026-11"), month_start("2026-12"), ""),
)


@pytest.mark.parametrize("moved", [MONTHS[:2], MONTHS])
def test_an_export_is_the_same_after_the_move_and_holds(
    place: Place, tmp_path: Path, moved: tuple[str, ...]
) -> None:
    file = tmp_path / "evidence.zip"
    before = [place.export(file, *span) for span in SPANS]
    assert [told.frames > 0 for told, _ in before] == [True, True, True, True, False]
    place.move(*moved)
    for span, (told, parts) in zip(SPANS, before, strict=True):
        told_after, parts_after = place.export(file, *span)
        assert told_after == told, span
        assert parts_after == parts, span
    place.export(file, *SPANS[0])
    with zipfile.ZipFile(file) as made:
        verifier = made.extract("verify.py", tmp_path)
    command = [sys.executable, "-I", "-S", "-X", "utf8", verifier, str(file), PUBLIC.hex()]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "HOLDS" in ran.stdout.splitlines()[-1]


@pytest.mark.parametrize("moved", [MONTHS[:2], MONTHS])
def test_the_verdict_is_the_same_after_the_move(place: Place, moved: tuple[str, ...]) -> None:
    before = place.audit()
    assert before.is_good, before.findings
    with closing(LedgerReader(place.url, place.archive)) as reader, reader.snapshot() as connection:
        counts = record_counts(connection)
    place.move(*moved)
    assert place.audit() == before
    with closing(LedgerReader(place.url, place.archive)) as reader, reader.snapshot() as connection:
        assert record_counts(connection) == counts, "else a start would raise a doubt"
    with closing(Ledger(place.url, archive=place.archive)) as ledger:
        opened = done(ledger, OpenForward(target="t", fingerprint="", from_start=False, settings={}))
    assert isinstance(opened, ForwardRow)
    assert opened.cursor_seq == counts.frames, "a new target gets what comes from now on, not the archive"


def test_an_archive_that_is_missing_or_changed_gives_no_evidence(place: Place, tmp_path: Path) -> None:
    place.move(*MONTHS)
    file = place.archive / "2026-08" / "raw_frame.parquet"
    shutil.copy(place.archive / "2026-07" / "raw_frame.parquet", file)
    assert not place.audit().is_good
    file.unlink()
    with pytest.raises(StoreError, match="2026-08"):
        place.export(tmp_path / "evidence.zip", *SPANS[0])
    with pytest.raises(StoreError, match="2026-08"):
        place.audit()
