"""A password or key that somebody submits, rightly or wrongly, stays out of all that is kept or told."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any, Literal

import pytest
from flask.testing import FlaskClient
from pydantic import Field, ValidationError

from sensors.hj212.commands import make_request
from tests.support.running_ingest import Running, running_ingest, until
from tests.support.small_park import device, small_park
from tests.support.station import KnowingLogger
from twin.core.actor import Role
from twin.core.device import Edition
from twin.core.errors import ParkTwinError
from twin.core.origin import Origin
from twin.live.desk import DeskArgs, DeskCall, DeskVerb
from twin.live.desk_errors import bad_args, without
from twin.store.exchanges import ExchangeReader
from web.app import create_app
from web.services import EXTENSION

MARK = "GEHEIM"
FAST = {"command_over_time_s": 0.2, "command_recount": 0, "command_result_s": 0.5, "gap_asking": ""}
OLD = device(1, origin=Origin.MEASURED)
LATEST = replace(device(2, origin=Origin.MEASURED), edition=Edition.HJ2025)

BAD: tuple[dict[str, Any], ...] = (
    {"cn": "1072", "args": {"pw": MARK}},
    {"cn": "1072", "args": {MARK: MARK}},
    {"cn": "1072", "args": {MARK: 1, "password": MARK}},
    {"cn": "1072", "args": {"password": MARK + "-too-long"}},
    {"cn": "1072", "args": {"password": "G="}},
    {"cn": "1072", "args": {"password": [MARK]}},
    {"cn": "1072", "args": {"password": {"x": MARK}}},
    {"cn": "1072", "args": {"password": None, "other": MARK}},
    {"cn": "1072", "args": MARK},
    {"cn": "1072", "args": [MARK]},
    {"cn": "1072", "args": {f"a{k}": MARK for k in range(9)}},
    {"cn": "1072", "password": MARK},
    {"cn": "1072", "args": {"password": MARK}, "password": MARK},
    {"cn": "1072", "args": {"password": MARK}, MARK: 1},
    {"cn": "1072", "args": {"password": MARK}, "origin": {"x": MARK}},
    {"cn": "1072", "args": {"password": MARK}, "origin": "simulated"},
    {"cn": "1072", "args": {"password": MARK}, "mn": "nobody"},
    {"cn": "9999", "args": {"password": MARK}},
    {"cn": "1062", "args": {"password": MARK}},
    {"cn": "1062", "args": {"interval_s": MARK}},
    {"cn": "1063", "args": {"password": MARK}},
    {"cn": "3021", "args": {"factor": "a21018", "info": "i13001", "value": MARK + "&&"}},
    {"cn": "1014", "args": {"key": MARK + "x" * 7}},
    {"cn": "1014", "args": {"key": MARK * 3}},
    {"cn": "1014", "mn": LATEST.mn, "args": {"key": MARK + "x" * 7}},
    {"cn": "1014", "mn": LATEST.mn, "args": {"key": MARK * 3}},
    {"cn": "1014", "mn": LATEST.mn, "args": {"key": MARK + "x" * 10}},
)


def kept(folder: Path) -> str:
    """Everything in the ledger but raw frames, as text."""
    with sqlite3.connect(folder / "ledger.sqlite") as store:
        tables = [row[0] for row in store.execute("select name from sqlite_master where type='table'")]
        return "".join(
            str(store.execute(f"select * from {t}").fetchall()) for t in tables if t != "raw_frame"
        )


def answers(run: Running) -> str:
    """What the API tells others."""
    paths = ("exchanges?limit=200", "line-errors", "frames?limit=200", "connections", "registry", "devices")
    with api(run) as client:
        return "".join(client.get(f"/api/v1/{path}").get_data(as_text=True) for path in paths)


@contextmanager
def api(run: Running) -> Iterator[FlaskClient]:
    made = create_app(run.settings)
    try:
        yield made.test_client()
    finally:
        own = made.extensions[EXTENSION]
        own.stop()
        own.ledger.close()
        own.results.close()


async def refused(run: Running, role: str, args: Mapping[str, object]) -> ParkTwinError | None:
    try:
        await run.desk(role, "command.send", **{"mn": OLD.mn, **args})
    except ParkTwinError as error:
        return error
    return None


def test_no_failing_path_keeps_or_tells_what_was_submitted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    async def story() -> None:
        async with running_ingest(tmp_path, replace(small_park(1), devices=(OLD, LATEST)), **FAST) as run:
            for role in ("engineer", "operator", "viewer"):
                for args in BAD:
                    error = await refused(run, role, args)
                    assert error is not None, args
                    told = f"{error.message}{error.message_zh}{error.value}{error.field}"
                    assert MARK not in told, args
            async with KnowingLogger.of(OLD, run.port, tmp_path) as logger:
                logger.upload(time.time_ns() // 1_000_000)
                await logger.client.drained()
                for args in BAD:
                    error = await refused(run, "engineer", args)
                    if error is not None:
                        assert MARK not in f"{error.message}{error.message_zh}{error.value}{error.field}"
                logger.deaf = {"1072"}
                told_back = await run.desk(
                    "engineer", "command.send", mn=OLD.mn, cn="1072", args={"password": MARK}
                )
                reader = ExchangeReader(run.reader)
                await until(lambda: reader.one(told_back["seq"])[0].ended_ms is not None, "its end")
            assert MARK not in await asyncio.to_thread(answers, run)

    asyncio.run(story())
    assert MARK not in kept(tmp_path)
    assert MARK not in caplog.text


def test_the_web_keeps_quiet_too(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def story() -> None:
        async with running_ingest(tmp_path, replace(small_park(1), devices=(OLD, LATEST)), **FAST) as run:

            def post() -> None:
                with api(run) as client:
                    for role, args in product(("engineer", "operator"), BAD):
                        head = {"Authorization": f"Bearer {run.tokens[role]}"}
                        body = {"mn": OLD.mn, **args}
                        answer = client.post("/api/v1/exchanges", json=body, headers=head)
                        assert answer.status_code >= 400, args

            await asyncio.to_thread(post)
            assert MARK not in await asyncio.to_thread(answers, run)

    asyncio.run(story())
    assert MARK not in kept(tmp_path)
    assert MARK not in caplog.text


def test_a_crash_and_a_result_of_a_verb_with_secrets_are_told_without_them(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from tests.support.live_desk import live_desk
    from twin.live.settings import load_settings
    from twin.store.ledger import Ledger

    async def crash(call: DeskCall) -> dict[str, object]:
        raise RuntimeError(str(call.args))

    async def echo(call: DeskCall) -> dict[str, object]:
        return {"said": f"it was {call.args['key']}"}

    verbs = (
        DeskVerb(name="t.crash", role=Role.VIEWER, run=crash, secret=frozenset({"key"})),
        DeskVerb(name="t.echo", role=Role.VIEWER, run=echo, secret=frozenset({"key"})),
    )
    settings = load_settings(data_dir=tmp_path)
    ledger = Ledger(settings.ledger)
    with live_desk(settings, ledger, verbs=verbs) as desk:
        with pytest.raises(ParkTwinError) as caught:
            desk.ask("t.crash", {"key": MARK})
        assert MARK not in caught.value.message
        assert desk.ask("t.echo", {"key": MARK}) == {"said": "it was ***"}
    ledger.close()
    assert MARK not in caplog.text
    assert MARK not in kept(tmp_path)


def test_a_station_that_repeats_the_new_password_does_not_get_it_into_the_answer() -> None:
    from sensors.hj212.codec import parse
    from sensors.hj212.exchange import Exchange, Patience

    request = make_request(OLD, "1072", {"password": MARK}, 8.0)
    request = replace(request, row=replace(request.row, data_cns=("1072",)))
    exchange = Exchange(request, "20261122101500001", Patience())
    exchange.start(0)
    said = f"QN=20261122101500001;ST=91;CN=1072;PW=x;MN={OLD.mn};Flag=4;CP=&&NEWPW={MARK};Said=x{MARK}x;A=1&&"
    assert exchange.hear(parse(said.encode()), 1)
    assert exchange.progress.answer == {"A": "1"}


def test_stars_for_what_is_quoted_as_well() -> None:
    assert without("got 'a\\'b' and a'b", ("a'b",)) == "got 'a\\'b' and ***"
    assert without('["x\\\\y"]', ("x\\y",)) == '["***"]'


def test_bad_arguments_are_told_in_each_language_by_itself() -> None:
    """No English of pydantic's in Chinese messages, whatever is wrong."""

    class Args(DeskArgs):
        number: int = Field(ge=1, le=5)
        text: str = Field(default="", max_length=3, pattern="^a*$")
        one_of: Literal["a", "b"] = "a"
        many: dict[str, int | str] = Field(default_factory=dict, max_length=1)
        part: float = 0.0

    bad: tuple[dict[str, object], ...] = (
        {},
        {"number": "x"},
        {"number": 0},
        {"number": 6},
        {"number": 1, "text": "aaaa"},
        {"number": 1, "text": "b"},
        {"number": 1, "text": 7},
        {"number": 1, "one_of": "c"},
        {"number": 1, "many": {"a": 1, "b": 2}},
        {"number": 1, "many": {"a": [1]}},
        {"number": 1, "many": "x"},
        {"number": 1, "part": "x"},
        {"number": 1, "more": 1},
    )
    for args in bad:
        with pytest.raises(ValidationError) as caught:
            Args.model_validate(args)
        for secret in (False, True):
            told = bad_args(caught.value, known=frozenset(Args.model_fields), secret=secret)
            english = caught.value.errors()[0]["msg"]
            assert english in told.message
            assert english not in told.message_zh
            assert "should" not in told.message_zh
