"""The desk: who may what, what is written down, and what hostile bytes do (nothing)."""

from __future__ import annotations

import asyncio
import json
import random
import re
import socket
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.live_desk import LiveDesk, live_desk
from tests.support.small_park import small_park
from twin.core.actor import Role
from twin.core.clock import FixedClock
from twin.core.errors import (
    BadRequestError,
    ConflictError,
    NotAllowedError,
    NotFoundError,
    NotSignedInError,
    ParkTwinError,
    ServiceUnavailableError,
    TooManyError,
)
from twin.live.desk import DeskArgs, DeskCall, DeskVerb
from twin.live.desk_client import ask
from twin.live.desk_server import CALLERS_MAX
from twin.live.desk_wire import LINE_BYTES_MAX, SOCKET_FILE
from twin.live.doorkeeper import LOCK_MS, PEERS_MAX, WRONG_MAX, Doorkeeper
from twin.live.operators import OPERATORS_FILE, add_operator, remove_operator
from twin.live.settings import Settings, load_settings
from twin.live.verbs import VERBS
from twin.store.acts_reader import StoredAct, acts_before
from twin.store.ledger import Ledger
from twin.store.reader import LedgerReader

DOCS = Path(__file__).resolve().parents[3] / "docs"
T0_MS = 1_795_300_000_000


class Words(DeskArgs):
    text: str
    key: str = ""


async def say(call: DeskCall) -> dict[str, object]:
    return {"said": call.read(Words).text, "by": call.actor.name}


async def clash(call: DeskCall) -> dict[str, object]:
    raise ConflictError("done already", message_zh="已完成", field="id", value=7)  # noqa: EM101


async def crash(call: DeskCall) -> dict[str, object]:
    raise ZeroDivisionError


async def sleep(call: DeskCall) -> dict[str, object]:
    await asyncio.sleep(60)
    return {}


MINE = (
    DeskVerb(name="t.say", role=Role.OPERATOR, run=say, secret=frozenset({"key"}), open=frozenset({"text"})),
    DeskVerb(name="t.clash", role=Role.VIEWER, run=clash),
    DeskVerb(name="t.crash", role=Role.VIEWER, run=crash),
    DeskVerb(name="t.sleep", role=Role.VIEWER, run=sleep, limit_s=0.05),
)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveDesk]:
    settings = load_settings(data_dir=tmp_path_factory.mktemp("desk"))
    ledger = Ledger(settings.ledger)
    ledger.register(small_park().devices)
    with live_desk(settings, ledger, verbs=(*VERBS, *MINE)) as running:
        yield running
    ledger.close()


def acts(desk: LiveDesk, limit: int = 50) -> tuple[StoredAct, ...]:
    return acts_before(desk.office.reader, limit=limit)


def documented() -> dict[str, Role]:
    rows = re.findall(r"^\| `([a-z_.]+)` \| (\w+) \|", (DOCS / "desk.md").read_text("utf-8"), re.MULTILINE)
    return {name: Role(role) for name, role in rows}


def test_the_table_of_permissions_is_the_documented_one() -> None:
    assert {verb.name: verb.role for verb in VERBS} == documented()


@pytest.mark.parametrize("role", Role)
def test_every_verb_asks_every_role(desk: LiveDesk, role: Role) -> None:
    enough = {
        Role.VIEWER: {Role.VIEWER},
        Role.REVIEWER: {Role.VIEWER, Role.REVIEWER},
        Role.OPERATOR: {Role.VIEWER, Role.OPERATOR},
        Role.ENGINEER: set(Role),
    }
    for name, needed in documented().items():
        let_in = True
        try:
            desk.ask(name, {"nobody": "takes this"}, role=role)
        except NotAllowedError:
            let_in = False
        except ParkTwinError:
            pass
        assert let_in is (needed in enough[role]), name


@pytest.mark.parametrize("verb", [row.name for row in VERBS])
def test_no_verb_answers_without_a_token(desk: LiveDesk, verb: str) -> None:
    for token in ("", "wrong", "0" * 43):
        with pytest.raises(NotSignedInError):
            ask(desk.settings, verb, {}, token, peer=f"stranger-{verb}")


def test_asking_and_outcome_are_written_down(desk: LiveDesk) -> None:
    assert desk.ask("t.say", {"text": "hello", "key": "hush"}, role="operator") == {
        "said": "hello",
        "by": "the-operator",
    }
    done, asked = acts(desk, 2)
    assert (asked.kind, asked.actor, asked.body["args"]) == (
        "desk.asked",
        "the-operator",
        {"key": "***", "text": "hello"},
    )
    assert (done.kind, done.body["asked_seq"], done.body["result"]["said"]) == (
        "desk.done",
        asked.seq,
        "hello",
    )


def test_long_texts_are_written_down_as_their_hash(desk: LiveDesk) -> None:
    desk.ask("t.say", {"text": "x" * 1_000_000})
    asked = acts(desk, 2)[1]
    assert asked.body["args"]["text"]["characters"] == 1_000_000
    assert len(asked.text) < 500


def test_errors_come_back_as_what_they_were(desk: LiveDesk) -> None:
    with pytest.raises(ConflictError, match="done already") as caught:
        desk.ask("t.clash")
    assert (caught.value.message_zh, caught.value.field, caught.value.value) == ("已完成", "id", "7")
    assert acts(desk, 1)[0].kind == "desk.failed"
    with pytest.raises(ParkTwinError, match="internal error"):
        desk.ask("t.crash")
    assert acts(desk, 1)[0].body["error"]["kind"] == "ZeroDivisionError"
    with pytest.raises(ServiceUnavailableError, match="not done within"):
        desk.ask("t.sleep")
    with pytest.raises(NotFoundError):
        desk.ask("t.nothing")
    with pytest.raises(BadRequestError, match="text"):
        desk.ask("t.say", {"text": 7})
    with pytest.raises(BadRequestError, match="args"):
        desk.ask("t.say", {"text": "a", "more": 1})


def test_who_is_refused_is_written_down_without_the_token(desk: LiveDesk) -> None:
    with pytest.raises(NotAllowedError):
        desk.ask("t.say", {"text": "hello"}, role="viewer")
    refused = acts(desk, 1)[0]
    assert (refused.kind, refused.actor, refused.body["verb"]) == ("desk.refused", "the-viewer", "t.say")
    everything = "".join(row.text for row in acts(desk, 10_000))
    for token in desk.tokens.values():
        assert token not in everything


def test_after_wrong_tokens_a_peer_is_locked_out_and_no_other() -> None:
    clock = FixedClock(T0_MS)
    door = Doorkeeper(Path("/nonexistent/operators.toml"), clock.now_ms)
    for _ in range(WRONG_MAX):
        with pytest.raises(NotSignedInError):
            door.admit("wrong", "10.0.0.1", Role.VIEWER)
    with pytest.raises(TooManyError):
        door.admit("wrong", "10.0.0.1", Role.VIEWER)
    with pytest.raises(NotSignedInError):
        door.admit("wrong", "10.0.0.2", Role.VIEWER)
    for _ in range(3 * WRONG_MAX):
        with pytest.raises(NotSignedInError):
            door.admit("", "10.0.0.3", Role.VIEWER)
    clock.move_to(T0_MS + LOCK_MS)
    with pytest.raises(NotSignedInError):
        door.admit("wrong", "10.0.0.1", Role.VIEWER)
    for number in range(3 * PEERS_MAX):
        with pytest.raises(NotSignedInError):
            door.admit("wrong", str(number), Role.VIEWER)
    assert len(door._peers) == PEERS_MAX


def test_a_locked_peer_is_refused_even_with_a_right_token(tmp_path: Path) -> None:
    clock = FixedClock(T0_MS)
    token = add_operator(tmp_path / OPERATORS_FILE, "li", Role.VIEWER)
    door = Doorkeeper(tmp_path / OPERATORS_FILE, clock.now_ms)
    for _ in range(WRONG_MAX - 1):
        with pytest.raises(NotSignedInError):
            door.admit("wrong", "p", Role.VIEWER)
    assert door.admit(token, "p", Role.VIEWER).name == "li", "and is forgiven"
    for _ in range(WRONG_MAX):
        with pytest.raises(NotSignedInError):
            door.admit("wrong", "p", Role.VIEWER)
    with pytest.raises(TooManyError):
        door.admit(token, "p", Role.VIEWER)


def test_people_come_and_go_while_it_runs(desk: LiveDesk) -> None:
    file = desk.settings.data_dir / OPERATORS_FILE
    token = add_operator(file, "王工", Role.ENGINEER)
    assert ask(desk.settings, "desk.whoami", {}, token) == {"name": "王工", "role": "engineer"}
    remove_operator(file, "王工")
    with pytest.raises(NotSignedInError):
        ask(desk.settings, "desk.whoami", {}, token)


def test_only_the_owner_may_open_the_socket(desk: LiveDesk) -> None:
    mode = (desk.settings.data_dir / SOCKET_FILE).stat().st_mode
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600


def raw(desk: LiveDesk, data: bytes) -> bytes:
    """Bytes straight to the socket; everything that comes back."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(20)
        line.connect(str(desk.settings.data_dir / SOCKET_FILE))
        parts = []
        try:
            line.sendall(data)
            line.shutdown(socket.SHUT_WR)
            while part := line.recv(65536):
                parts.append(part)
        except (BrokenPipeError, ConnectionResetError):
            pass
        return b"".join(parts)


HOSTILE = [
    b"\n",
    b"{}\n",
    b"[]\n",
    b"null\n",
    b"\xff\xfe\x00\n",
    b"[" * 100_000 + b"\n",
    b'{"a":' * 50_000 + b"\n",
    b'{"id":"1","verb":"t.say","token":"","args":{"x":NaN}}\n',
    b'{"id":"1","verb":"t.say","token":"\\ud800","args":{}}\n',
    b'{"id":"1","verb":"desk.whoami","token":"a","args":{"x":' + b"9" * 5000 + b"}}\n",
    b'{"id":1,"verb":"t.say","token":"","args":{}}\n',
    b'{"id":"1","verb":"t.say","token":"","args":[]}\n',
    b'{"id":"1","verb":"t.say","token":"","args":{},"more":1}\n',
    b'{"id":"' + b"x" * 100 + b'","verb":"t.say"}\n',
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
]


@pytest.mark.parametrize("data", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_lines_are_answered_with_an_error(desk: LiveDesk, data: bytes) -> None:
    answers = raw(desk, data).splitlines()
    assert answers
    for row in answers:
        answer = json.loads(row)
        assert answer["ok"] is False
        assert answer["error"]["message"]
        assert answer["error"]["message_zh"]
    assert desk.ask("desk.whoami")["name"] == "the-engineer"


def test_random_bytes_harm_nobody(desk: LiveDesk) -> None:
    noise = random.Random(3)
    for _ in range(40):
        raw(desk, noise.randbytes(noise.randrange(1, 5000)))
    assert desk.ask("desk.whoami")["name"] == "the-engineer"


def test_a_line_without_end_is_refused(desk: LiveDesk) -> None:
    answer = raw(desk, b"x" * (LINE_BYTES_MAX + 100_000))
    assert not answer or b"8388608" in answer
    assert desk.ask("desk.whoami")["name"] == "the-engineer"


def test_a_large_line_is_taken(desk: LiveDesk) -> None:
    assert len(desk.ask("t.say", {"text": "字" * 1_000_000})["said"]) == 1_000_000


def test_too_many_callers_are_told(desk: LiveDesk) -> None:
    path = str(desk.settings.data_dir / SOCKET_FILE)
    lines = []
    try:
        for _ in range(CALLERS_MAX):
            line = socket.socket(socket.AF_UNIX)
            line.connect(path)
            lines.append(line)
        for _ in range(200):
            if len(desk.server._callers) == CALLERS_MAX:
                break
            desk.do(asyncio.sleep(0.01))
        with pytest.raises(TooManyError):
            desk.ask("desk.whoami")
    finally:
        for line in lines:
            line.close()
    for _ in range(200):
        if not desk.server._callers:
            break
        desk.do(asyncio.sleep(0.01))
    assert desk.ask("desk.whoami")["name"] == "the-engineer"


def test_many_at_a_time_each_get_their_own_answer(desk: LiveDesk) -> None:
    def one(number: int) -> bool:
        return bool(desk.ask("t.say", {"text": str(number)})["said"] == str(number))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(one, range(40)))


def test_a_caller_that_says_nothing_is_hung_up_on(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    ledger = Ledger(settings.ledger)
    with live_desk(settings, ledger, idle_s=0.05), socket.socket(socket.AF_UNIX) as line:
        line.settimeout(20)
        line.connect(str(tmp_path / SOCKET_FILE))
        assert line.recv(10) == b""
    ledger.close()


def test_without_ingest_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(ServiceUnavailableError, match="is it running") as caught:
        ask(Settings(data_dir=tmp_path), "desk.whoami", {}, "x")
    assert "采集进程" in caught.value.message_zh


def test_a_long_folder_name_and_a_dead_socket_are_no_hindrance(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 30) / ("longer" * 20)
    settings = Settings(data_dir=folder)
    folder.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "dead"))
    (tmp_path / "dead").rename(folder / SOCKET_FILE)
    ledger = Ledger(settings.ledger)
    with live_desk(settings, ledger) as desk:
        assert desk.ask("desk.whoami")["role"] == "engineer"
        with pytest.raises(ConflictError):
            desk.do(type(desk.server)(desk.office, VERBS).start())
    assert not (folder / SOCKET_FILE).exists()
    ledger.close()


def test_two_verbs_of_one_name_are_a_mistake(desk: LiveDesk) -> None:
    with pytest.raises(ValueError, match=r"t\.say"):
        type(desk.server)(desk.office, (*MINE, *MINE))


def test_what_was_asked_stays_asked_when_the_writer_dies_meanwhile(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    ledger = Ledger(settings.ledger)

    async def die(call: DeskCall) -> dict[str, object]:
        call.sink.close()
        await asyncio.sleep(60)
        return {}

    verb = DeskVerb(name="t.die", role=Role.VIEWER, run=die, limit_s=60)
    with live_desk(settings, ledger, verbs=(verb,)) as desk, pytest.raises(ServiceUnavailableError):
        ask(settings, "t.die", {}, desk.tokens["viewer"], limit_s=0.5)
    ledger.close()
    reader = LedgerReader(settings.ledger)
    assert [row.kind for row in acts_before(reader)] == ["desk.asked"]
    reader.close()
