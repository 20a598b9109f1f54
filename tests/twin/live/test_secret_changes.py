"""A change of password or key never locks a station out, whatever is lost on the way."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensors.hj212.codec import Message, parse
from sensors.hj212.commands import make_request
from sensors.hj212.exchange import Outcome, Progress
from sensors.hj212.frame import Framer, Segment, frame
from sensors.hj212.session import Delivery, raw_frame
from sensors.hj212.sm4 import encrypt
from tests.support.running_ingest import Running, running_ingest, until
from tests.support.small_park import device, small_park
from tests.support.station import KnowingLogger, MemoryStation
from twin.core.clock import FixedClock
from twin.core.device import Edition
from twin.core.errors import ConflictError
from twin.core.origin import Origin
from twin.live.passwords import (
    Candidate,
    SecretsFile,
    ensure_passwords,
    read_passwords,
    read_secrets,
    read_sm4_keys,
    set_sm4_key,
    write_secrets,
)
from twin.live.registry import SceneRegistry
from twin.live.secret_changes import CANDIDATES_MAX, PATIENCE_MS, SecretChanges
from twin.store.deed import Deed
from twin.store.exchanges import ExchangeReader

FAST = {"command_over_time_s": 0.2, "command_recount": 1, "command_result_s": 0.5, "gap_asking": ""}
REAL = device(1, origin=Origin.MEASURED)
PARK = replace(small_park(1), devices=(REAL,))
OLD, NEW = "oldone", "newone"
T0_MS = 1_795_300_000_000


class MemoryBooks:
    def __init__(self) -> None:
        self.deeds: list[object] = []

    async def perform(self, deed: Deed) -> object:
        self.deeds.append(deed)
        return 1


class House:
    """What a process holds; ``restarted`` gives that of the next one."""

    def __init__(self, folder: Path, now_ms: int = T0_MS) -> None:
        self.path = folder / "passwords.toml"
        self.clock = FixedClock(now_ms)
        self.books = MemoryBooks()
        known = read_secrets(self.path)
        self.registry = SceneRegistry((REAL,), known.passwords, read_sm4_keys(self.path))
        self.changes = SecretChanges(self.path, self.registry, self.books, self.clock)

    def restarted(self) -> House:
        return House(self.path.parent, self.clock.now_ms())

    def send(self, password: str, progress: Progress | None = None) -> None:
        request = make_request(REAL, "1072", {"password": password}, 8.0)
        self.changes.check(REAL, request)
        self.changes.propose(REAL, request)
        if progress is not None:
            self.changes.ended(REAL, request, progress)

    def hear(self, password: str, *, cn: str = "2011", after_ms: int = 0) -> bool:
        """Whether a frame under this password is taken; it is then heard."""
        if password not in self.registry.passwords(REAL.mn):
            return False
        text = f"QN=20261122101500001;ST=31;CN={cn};PW={password};MN={REAL.mn};Flag=5;CP=&&DataTime=1&&"
        message = parse(text.encode())
        row = raw_frame(text.encode(), message, received_ms=self.clock.now_ms() + after_ms, peer="p")
        self.changes.delivered(Delivery(frame=row, message=message, answer=None))
        return True

    @property
    def present(self) -> str:
        assert self.registry.password(REAL.mn) == read_passwords(self.path)[REAL.mn]
        return str(self.registry.password(REAL.mn))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_secrets(tmp_path / "passwords.toml", SecretsFile(passwords={REAL.mn: OLD, "OTHER": "x"}))
    return tmp_path


def run(work: object) -> None:
    asyncio.run(work())  # type: ignore[operator]


def test_the_candidate_is_durable_before_it_is_sent_and_for_its_owner_only(folder: Path) -> None:
    async def story() -> None:
        house = House(folder)
        house.send(NEW)
        assert house.present == OLD
        assert [row.text for row in read_secrets(house.path).changes[REAL.mn]] == [OLD, NEW]
        assert house.path.stat().st_mode & 0o777 == 0o600
        assert read_passwords(house.path)["OTHER"] == "x"
        house = house.restarted()
        assert house.registry.passwords(REAL.mn) == (OLD, NEW)
        assert house.hear(NEW)
        assert (house.present, house.registry.passwords(REAL.mn)) == (NEW, (NEW,))
        assert not read_secrets(house.path).changes
        assert not house.restarted().hear(OLD)

    run(story)


def test_an_answer_proves_nothing_but_what_commands_go_out_under(folder: Path) -> None:
    async def story() -> None:
        house = House(folder)
        house.send(NEW, Progress(outcome=Outcome.DONE, sends=1, exe_return=1))
        assert house.present == NEW
        assert house.hear(NEW, cn="9011"), "an answer is taken, and may be an echo"
        house = house.restarted()
        assert house.hear(OLD), "it had something on its way, or has not switched"
        assert house.present == OLD
        assert house.hear(NEW)
        assert house.registry.passwords(REAL.mn) == (NEW,)

    run(story)


def test_a_refused_one_falls_away_with_the_next_frame_an_unanswered_one_after_a_day(folder: Path) -> None:
    async def story() -> None:
        house = House(folder)
        house.send(NEW, Progress(outcome=Outcome.REFUSED, sends=1, qn_return=2))
        assert house.hear(OLD)
        assert house.registry.passwords(REAL.mn) == (OLD,)
        house.send(NEW, Progress(outcome=Outcome.REFUSED, sends=2, qn_return=3))
        assert house.hear(OLD)
        assert house.registry.passwords(REAL.mn) == (OLD, NEW), "the first sending may have been taken"
        assert house.hear(OLD, after_ms=PATIENCE_MS - 1)
        assert NEW in house.registry.passwords(REAL.mn)
        assert house.hear(OLD, after_ms=PATIENCE_MS)
        assert house.registry.passwords(REAL.mn) == (OLD,)
        assert not read_secrets(house.path).changes
        await asyncio.sleep(0)
        kinds = [deed.act.kind for deed in house.books.deeds]  # type: ignore[attr-defined]
        assert kinds.count("secret.candidate") == 2
        assert kinds.count("secret.dropped") == 2
        assert not any(text in str(deed) for deed in house.books.deeds for text in (OLD, NEW))

    run(story)


def test_there_are_only_so_many(folder: Path) -> None:
    async def story() -> None:
        house = House(folder)
        for number in range(CANDIDATES_MAX):
            house.send(f"new{number:03d}")
        with pytest.raises(ConflictError):
            house.send("onemor")
        assert house.hear("new001")
        assert house.registry.passwords(REAL.mn) == ("new001", "new002", "new003"), "sent after it: may come"
        assert house.hear("new003")
        assert house.present == "new003"

    run(story)


def test_a_file_that_cannot_be_written_keeps_the_command_back(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        house = House(folder)
        with monkeypatch.context() as patched:
            patched.setattr("twin.live.passwords.os.fsync", _full)
            with pytest.raises(Exception, match="cannot be written"):
                house.send(NEW)
        assert house.registry.passwords(REAL.mn) == (OLD,)

    run(story)


def _full(_handle: int) -> None:
    raise OSError(28, "No space left on device")


STEPS = st.lists(
    st.tuples(st.sampled_from(["send", "restart", "frame", "answer"]), st.booleans(), st.integers(0, 3)),
    max_size=14,
)


@settings(deadline=None, max_examples=60)
@given(steps=STEPS)
def test_whatever_happens_what_the_station_uses_is_taken(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, bool, int]]
) -> None:
    """A station that takes or refuses each change, with answers that come or are lost, and restarts."""
    folder = tmp_path_factory.mktemp("any")
    write_secrets(folder / "passwords.toml", SecretsFile(passwords={REAL.mn: OLD}))

    async def story() -> None:
        house, station = House(folder), OLD
        for number, (step, taken, how) in enumerate(steps):
            if step == "restart":
                house = house.restarted()
            elif step == "frame":
                assert house.hear(station), (steps, number)
                assert house.present == station
            elif step == "send":
                new = f"pw{number:04d}"
                try:
                    house.send(new)
                except ConflictError:
                    continue
                right = house.present == station
                if right and taken:
                    station = new
                request = make_request(REAL, "1072", {"password": new}, 8.0)
                said = _said(how, taken=right and taken, right=right)
                if said is not None:
                    house.changes.ended(REAL, request, said)
        assert house.hear(station)

    run(story)


def _said(how: int, *, taken: bool, right: bool) -> Progress | None:
    """What a station that took it, or did not, may have said as it came through."""
    if how == 0:
        return None
    if how == 1:
        return Progress(outcome=Outcome.NO_ANSWER, sends=4)
    if taken:
        done = Progress(outcome=Outcome.DONE, sends=1, exe_return=1)
        return done if how == 2 else Progress(outcome=Outcome.REFUSED, sends=2, qn_return=3)
    return Progress(outcome=Outcome.REFUSED, sends=1, qn_return=2 if right else 3)


def test_a_key_is_tried_before_it_is_known_to_be_taken(folder: Path) -> None:
    async def story() -> None:
        latest = replace(REAL, edition=Edition.HJ2025)
        old, new = b"0" * 16, b"1" * 16
        set_sm4_key(folder / "passwords.toml", REAL.mn, old)
        house = House(folder)
        request = make_request(latest, "1014", {"key": new.decode()}, 8.0)
        house.changes.propose(latest, request)
        house = house.restarted()
        assert house.registry.sm4_key(REAL.mn) == old
        assert house.registry.sm4_keys(REAL.mn) == (old, new)
        for key in (old, new):
            head = f"QN=20261122101500001;ST=31;CN=2011;PW={OLD};MN={REAL.mn};Flag=9"
            text = f"{head};CP=&&DataTime=20261122101500;a=1&&"
            segment = encrypt(text.encode(), key)
            framer = Framer(keys_of=house.registry.sm4_keys)
            (piece,) = framer.feed(frame(text.encode())[:6] + segment + frame(text.encode())[-6:], 0)
            assert isinstance(piece, Segment)
            row = raw_frame(piece.data, parse(piece.plain), received_ms=T0_MS, peer="p")
            house.changes.delivered(Delivery(frame=row, message=parse(piece.plain), answer=None))
            assert house.registry.sm4_key(REAL.mn) == key
        assert read_secrets(house.path).keys[REAL.mn] == (new.hex(), old.hex()), (
            "what is stored stays readable"
        )
        assert not read_secrets(house.path).changes

    run(story)


def test_the_file_says_what_it_was_told(tmp_path: Path) -> None:
    path = tmp_path / "passwords.toml"
    odd = Candidate(what="password", text='a"\\é', drop_after_ms=7)
    whole = SecretsFile(passwords={"A": 'x"y'}, keys={"A": ("00" * 16,)}, changes={"A": (odd,)})
    write_secrets(path, whole)
    assert read_secrets(path) == whole
    ensure_passwords(path, ["A", "B"])
    assert read_secrets(path).changes == whole.changes, "what waits survives a new device"


class Stubborn(KnowingLogger):
    """A station with a will of its own. ``takes``: whether it changes its password; ``says``: with what."""

    takes, at_once, says = True, False, "ExeRtn=1"

    def _answers(self, message: Message) -> list[bytes]:
        if message.cn != "1072":
            return super()._answers(message)
        self.heard.append(message)
        old, new = self.site.password, message.value("NewPW") or ""
        if message.pw != old:
            return [self.site._answer(message, "9011", "QnRtn=3")]
        if self.takes:
            self.site.password = new
        said = replace(message, pw=new) if self.at_once and self.takes else message
        rows = [self.site._answer(said, "9011", "QnRtn=1"), self.site._answer(said, "9012", self.says)]
        return [row for row in rows if not any(f";CN={cn};".encode() in row for cn in self.muted)]


async def told(run: Running, logger: KnowingLogger, password: str) -> str:
    logger.upload(time.time_ns() // 1_000_000)
    await logger.client.drained()
    sent = await run.desk("engineer", "command.send", mn=REAL.mn, cn="1072", args={"password": password})
    reader = ExchangeReader(run.reader)
    await until(lambda: reader.one(sent["seq"])[0].ended_ms is not None, "its end")
    return reader.one(sent["seq"])[0].outcome


async def heard(run: Running, logger: KnowingLogger) -> None:
    """What the station says now is taken and answered."""
    logger.upload(time.time_ns() // 1_000_000)
    await asyncio.wait_for(logger.client.drained(), 10)
    assert not run.reader.quarantined(10)


def fresh(run: Running, folder: Path, password: str = "") -> Stubborn:
    mine = password or read_passwords(folder / "passwords.toml")[REAL.mn]
    return Stubborn(REAL, run.port, mine, MemoryStation())


@pytest.mark.parametrize("case", ["at once", "refuses", "lost"])
def test_over_the_line(tmp_path: Path, case: str) -> None:
    async def story() -> None:
        over_time_s = 0.2 if case == "lost" else 5.0  # a refusal counts after one sending only
        patient = {**FAST, "command_over_time_s": over_time_s}
        async with running_ingest(tmp_path, PARK, **patient) as run:  # noqa: SIM117 - one needs the other
            async with fresh(run, tmp_path) as logger:
                old = logger.site.password
                logger.at_once = case == "at once"
                logger.takes = case != "refuses"
                logger.says = "ExeRtn=2" if case == "refuses" else "ExeRtn=1"
                logger.muted = {"9011", "9012"} if case == "lost" else set()
                outcome = await told(run, logger, "hushAB")
                assert outcome == {"at once": "done", "refuses": "failed", "lost": "refused"}[case]
                await heard(run, logger)
                used = old if case == "refuses" else "hushAB"
                path = tmp_path / "passwords.toml"
                await until(lambda: not read_secrets(path).changes, "settled")
                assert read_passwords(path)[REAL.mn] == used == logger.site.password
        assert "hushAB" not in kept(tmp_path)
        ends = {"at once": "secret.promoted", "refuses": "secret.dropped", "lost": "secret.promoted"}
        assert ends[case] in kept(tmp_path)

    asyncio.run(story())


def test_a_restart_between_command_and_first_frame(tmp_path: Path) -> None:
    async def story() -> None:
        async with running_ingest(tmp_path, PARK, **FAST) as run, fresh(run, tmp_path) as logger:
            logger.muted = {"9011", "9012"}
            await told(run, logger, "hushAB")
            assert logger.site.password == "hushAB"
        async with (
            running_ingest(tmp_path, PARK, **FAST) as run,
            fresh(run, tmp_path, "hushAB") as logger,
        ):
            await heard(run, logger)
            assert read_passwords(tmp_path / "passwords.toml")[REAL.mn] == "hushAB"

    asyncio.run(story())


def kept(folder: Path) -> str:
    with sqlite3.connect(folder / "ledger.sqlite") as store:
        return str(list(_rows(store)))


def _rows(store: sqlite3.Connection) -> Iterator[object]:
    for (table,) in store.execute("select name from sqlite_master where type='table'").fetchall():
        if table != "raw_frame":
            yield from store.execute(f"select * from {table}").fetchall()
