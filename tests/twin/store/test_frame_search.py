"""Looking for frames: the same answer as looking at all of them, in pages of any size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import arrivals as made
from tests.support.small_park import small_park
from twin.store.frame_search import FrameFilter, find_frames
from twin.store.ledger import Arrival, Batch, Ledger
from twin.store.reader import LedgerReader
from twin.store.rows import StoredFrame

COUNT = 60
STEP_MS = 250


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LedgerReader]:
    folder: Path = tmp_path_factory.mktemp("search")
    url = f"sqlite:///{folder / 'ledger.sqlite'}"
    ledger = Ledger(url)
    ledger.register(small_park(2).devices)
    rows = [
        Arrival(
            frame=replace(made.frame(f"q{i}", mn=f"M{i % 3}", received_ms=_received(i)), cn=f"20{i % 4}1"),
            fault=("", "bad_time", "bad_cp")[i % 7 % 3],
        )
        for i in range(COUNT)
    ]
    ledger.write(Batch(arrivals=rows), 1_000_000)
    found = LedgerReader(url)
    yield found
    found.close()
    ledger.close()


def _received(i: int) -> int:
    """Times of receipt, two neighbours always the wrong way round, as lines of one commit may be."""
    return 1_000 + STEP_MS * (i ^ 1)


def _fits(row: StoredFrame, wanted: FrameFilter) -> bool:
    return (
        wanted.mn in (None, row.mn)
        and wanted.cn in (None, row.cn)
        and (wanted.from_ms is None or row.received_ms >= wanted.from_ms)
        and (wanted.to_ms is None or row.received_ms < wanted.to_ms)
        and (
            wanted.fault is None or (row.fault != "" if wanted.fault == "any" else row.fault == wanted.fault)
        )
    )


TIMES = st.none() | st.integers(0, 1_000 + STEP_MS * (COUNT + 4))
FILTERS = st.builds(
    FrameFilter,
    mn=st.none() | st.sampled_from(["M0", "M1", "M2", "M9"]),
    cn=st.none() | st.sampled_from(["2001", "2011", "2021"]),
    from_ms=TIMES,
    to_ms=TIMES,
    fault=st.none() | st.sampled_from(["any", "bad_time", "bad_crc"]),
)


@given(wanted=FILTERS, limit=st.integers(1, 20), look_at=st.integers(1, 80))
@settings(deadline=None, max_examples=60)
def test_pages_give_all_that_fit_once_newest_first(
    reader: LedgerReader, wanted: FrameFilter, limit: int, look_at: int
) -> None:
    everything = reader.frames_after(0, COUNT)
    expected = [row.seq for row in reversed(everything) if _fits(row, wanted)]
    seen: list[int] = []
    for _ in range(3 * COUNT):
        page = find_frames(reader, wanted, limit, look_at)
        assert len(page.frames) <= limit
        seen += [row.seq for row in page.frames]
        if page.before is None:
            break
        wanted = replace(wanted, before=page.before)
    assert page.before is None
    assert seen == expected
