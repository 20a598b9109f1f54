"""How long a backup, a restore and the verification after it take, and what a year would need.

    python -m tests.bench.restore_drill [frames]

Frames of 494 bytes as the ledger stores them; a year of 200 series at one value a minute is 8.76 million
frames of 12 values, most of which lie in archived months that are copied and hashed just the same.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from twin.store.backup import BackupPlan, make_backup
from twin.store.chain import GENESIS, frame_header, link
from twin.store.engine import insert_many, sqlite_url, writer_engine
from twin.store.ledger import Ledger
from twin.store.ledger_schema import FRAME_KEY, RAW_FRAME
from twin.store.rawlog import exchange_number
from twin.store.restore import ledger_url_of, restore
from twin.store.verify import verify_store

T0_MS = 1_795_300_000_000
YEAR_FRAMES = 8_760_000


def fill(url: str, count: int) -> None:
    engine = writer_engine(url)
    chain = GENESIS
    for first in range(1, count + 1, 20_000):
        rows, keys = [], []
        for seq in range(first, min(first + 20_000, count + 1)):
            segment = (f"QN={seq:020d};" + "a01001-Rtd=12.34,a01001-Flag=N;" * 15)[:482].encode()
            digest = hashlib.sha256(segment).digest()
            texts = ("127.0.0.1:1", "M1", "22", "2011", f"{seq:020d}")
            chain = link(chain, frame_header(seq, T0_MS + seq, 0, 0, *texts), digest)
            rows.append((seq, T0_MS + seq, *texts, 0, digest, segment, 0, "", chain))
            keys.append((exchange_number("M1", "22", "2011", f"{seq:020d}", 0), 0, seq))
        with engine.begin() as connection:
            insert_many(connection, RAW_FRAME, rows)
            insert_many(connection, FRAME_KEY, keys)
    engine.dispose()


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    with tempfile.TemporaryDirectory() as place:
        data_dir = Path(place) / "data"
        url = sqlite_url(data_dir / "ledger.sqlite")
        Ledger(url).close()
        fill(url, count)
        results = sqlite_url(data_dir / "results.sqlite")
        plan = BackupPlan(data_dir=data_dir, ledger_url=url, results_url=results, to=Path(place) / "backup")
        clock = time.perf_counter
        started = clock()
        backup = make_backup(plan, T0_MS)
        copied = clock()
        into = Path(place) / "back"
        restore(backup.folder, into)
        back = clock()
        found = verify_store(ledger_url_of(into, ""), sqlite_url(into / "results.sqlite"), into / "archive")
        done = clock()
        assert found.problems == ()
        assert found.frames == count
        with closing(Ledger(ledger_url_of(into, ""))):
            answered = clock()
        size = backup.manifest.size_bytes
        print(f"{count} frames, {size / 1e6:.0f} MB")
        print(f"backup, read back and checked {copied - started:.1f} s")
        print(f"restore {back - copied:.1f} s, verification {done - back:.1f} s", end="")
        print(f", start of the writer {answered - done:.2f} s")
        year_s = (done - copied) * YEAR_FRAMES / count
        print(f"a year ({YEAR_FRAMES:,} frames) at this pace: {year_s / 60:.1f} min to restore and verify")


if __name__ == "__main__":
    main()
