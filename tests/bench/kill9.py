"""``kill -9`` of the ingest process at random moments; the loggers send again what was not answered.

``python -m tests.bench.kill9 [frames] [kills] [seed]`` prints one line; exit code 1 when a frame that
was answered is lost or anything is there twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import random
import signal
import socket
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from tests.support.logger_line import Line, segment_for
from tests.support.small_park import mn_of
from twin.live.passwords import ensure_passwords
from twin.store import ledger_schema as t
from twin.store.chain import GENESIS, frame_header, link
from twin.store.engine import reader_engine, sqlite_url

ROOT = Path(__file__).parents[2]
LINES = 4
IN_FLIGHT = 32  # of one line, as tests.support.logger_line has it


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """``lost``: answered but not stored; ``doubled``: frames or values that are stored twice."""

    frames: int
    kills: int
    answered: int
    lost: int
    values_lost: int
    doubled: int
    resent: int
    restart_s: float
    seconds: float
    integrity: str
    chain: str

    def clean(self) -> bool:
        """Whether the promise was kept."""
        kept = (self.lost, self.values_lost, self.doubled) == (0, 0, 0)
        return kept and self.integrity == self.chain == "ok"

    def __str__(self) -> str:
        return (
            f"kill -9: {self.frames} frames, {self.kills} kills, {self.answered} answered, {self.lost} lost, "
            f"{self.values_lost} values lost, {self.doubled} doubled, {self.resent} sent again, "
            f"restart to first answer {self.restart_s:.2f} s (worst), {self.seconds:.1f} s, "
            f"integrity {self.integrity}, chain of {self.answered} frames {self.chain}"
        )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def trial(folder: Path, *, frames: int, kills: int, seed: int) -> Outcome:
    """Run one trial in an empty folder."""
    chance = random.Random(seed)
    port = free_port()
    passwords = ensure_passwords(folder / "passwords.toml", [mn_of(n) for n in range(LINES)])
    start_ms = time.time_ns() // 1_000_000 - (frames // LINES + 60) * 1000
    lines = [_line(port, n, frames // LINES, start_ms, passwords[mn_of(n)]) for n in range(LINES)]
    began_s = time.perf_counter()
    process = await _start(folder, port)
    sending = [asyncio.create_task(line.run()) for line in lines]
    worst_s = 0.0
    latest = frames - frames // 10 - LINES * IN_FLIGHT  # something is left to be sent after the last kill
    for moment in sorted(chance.sample(range(frames // 20, latest), kills)):
        await _until(lines, moment)
        await asyncio.sleep(chance.uniform(0.0, 0.03))
        process.send_signal(signal.SIGKILL)
        await process.wait()
        killed_s, before = time.perf_counter(), _answered(lines)
        process = await _start(folder, port)
        await _until(lines, min(before + 1, frames))
        worst_s = max(worst_s, time.perf_counter() - killed_s)
    await asyncio.gather(*sending)
    process.terminate()
    code = await asyncio.wait_for(process.wait(), 20)
    assert code == 0, f"ingest ended with {code}"
    return _judge(folder, lines, kills, worst_s, time.perf_counter() - began_s)


def _line(port: int, number: int, count: int, start_ms: int, password: str) -> Line:
    segments = [segment_for(number, index, start_ms, password) for index in range(count)]
    return Line(port, {segment[3:20].decode(): segment for segment in segments})


async def _start(folder: Path, port: int) -> asyncio.subprocess.Process:
    argv = (sys.executable, "-m", "tests.support.ingest_child", str(folder), str(port), str(LINES))
    log = (folder / "ingest.log").open("ab")
    with contextlib.closing(log):
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        return await asyncio.create_subprocess_exec(*argv, cwd=ROOT, stdout=log, stderr=log, env=environment)


def _answered(lines: list[Line]) -> int:
    return sum(len(line.answered) for line in lines)


async def _until(lines: list[Line], answered: int) -> None:
    async with asyncio.timeout(60):
        while _answered(lines) < answered:
            await asyncio.sleep(0.002)


def _judge(folder: Path, lines: list[Line], kills: int, restart_s: float, seconds: float) -> Outcome:
    engine = reader_engine(sqlite_url(folder / "ledger.sqlite"))
    with engine.begin() as connection:
        f, o = t.RAW_FRAME.c, t.OBSERVATION.c
        stored = connection.execute(sa.select(f.seq, f.mn, f.qn)).all()
        values = connection.execute(sa.select(o.frame_seq, o.version)).all()
        integrity = str(connection.exec_driver_sql("PRAGMA integrity_check").scalar())
        chain = _chain(connection)
    engine.dispose()
    answered = {(mn_of(n), qn) for n, line in enumerate(lines) for qn in line.answered}
    keys = [(row.mn, row.qn) for row in stored]
    with_values = {row.frame_seq for row in values}
    silent = [row for row in stored if row.seq not in with_values and (row.mn, row.qn) in answered]
    wanted = sum(2 if n % 2 == 0 else 1 for n, line in enumerate(lines) for _ in line.answered)
    return Outcome(
        frames=sum(len(line.answered) + len(line.pending) for line in lines),
        kills=kills,
        answered=len(answered),
        lost=len(answered - set(keys)),
        values_lost=len(silent) + max(0, wanted - len(values)),
        doubled=len(keys)
        - len(set(keys))
        + max(0, len(values) - wanted)
        + sum(r.version > 0 for r in values),
        resent=sum(line.sent for line in lines) - len(answered),
        restart_s=restart_s,
        seconds=seconds,
        integrity=integrity,
        chain=chain,
    )


def _chain(connection: sa.Connection) -> str:
    """Every link computed again from the segments."""
    last = GENESIS
    rows = connection.execute(sa.select(t.RAW_FRAME).order_by(t.RAW_FRAME.c.seq))
    for number, r in enumerate(rows, start=1):
        header = frame_header(r.seq, r.received_ms, r.pno, r.body_no, r.peer, r.mn, r.st, r.cn, r.qn)
        last = link(last, header, hashlib.sha256(r.segment).digest())
        if r.seq != number or r.chain != last:
            return f"broken at {r.seq}"
    return "ok"


def main(frames: int = 20_000, kills: int = 20, seed: int = 1) -> Outcome:
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(trial(Path(folder), frames=frames, kills=kills, seed=seed))


if __name__ == "__main__":
    outcome = main(*(int(word) for word in sys.argv[1:]))
    sys.stdout.write(f"{outcome}\n")
    sys.exit(0 if outcome.clean() else 1)
