"""EVD-04: nothing that can be called, set or asked alters, simulates, filters or hides a live measurement.

The walk calls every address with every method, every verb of the desk and the writer's own deeds with
whatever might tempt it, against a park of measuring devices, and compares the footprint of the
measurements before and after. The look into the source says which modules could at all.
"""

from __future__ import annotations

import ast
import asyncio
import base64
import itertools
import re
import socket
import time
import typing
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import click
import pytest
import sqlalchemy as sa
import typer.main
from apiflask import APIFlask

from sensors.hj212.codec import parse
from sensors.hj212.decode import decode
from sensors.hj212.exchange import Outcome
from sensors.retime import Retimer
from sensors.simulated.plan import require_simulated, simulated_devices
from tests.support.footprint import Footprint
from tests.support.live_desk import LiveDesk, live_desk
from tests.support.logger_line import Line, segment_for
from tests.support.small_park import device, mn_of, small_park
from tests.support.station import KnowingLogger
from tests.support.synthetic import write_bundle
from twin.core.actor import Role
from twin.core.clock import FixedClock
from twin.core.device import Device
from twin.core.errors import BadRequestError, ParkTwinError, SettingsError
from twin.core.observation import RawFrame
from twin.core.origin import Origin
from twin.live.desk import DeskCall, DeskVerb
from twin.live.exchange import Commander
from twin.live.ingest import ingest
from twin.live.judge import StreamJudge
from twin.live.passwords import read_passwords
from twin.live.settings import Settings, load_settings
from twin.live.verbs import VERBS
from twin.store.corrections import Correct
from twin.store.deed import Deed
from twin.store.ledger import Ledger
from twin.store.ledger_schema import OBSERVATION
from twin.store.reader import LedgerReader
from twin.store.results import ResultStore
from web.app import create_app
from web.cli import app as command_line
from web.services import EXTENSION

ROOT = Path(__file__).resolve().parents[2]
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
T0_MS = 1_795_300_000_000
FRAMES = 12
LAB = "51000000000000000009LAB0"


def measuring_devices() -> tuple[Device, ...]:
    """Two live devices and one that takes files, all of origin measured; and a simulated one beside them."""
    live = tuple(device(number, origin=Origin.MEASURED) for number in range(2))
    # So that a doubt is open about the second one: its values rise by 0.06 mg/m3 a minute.
    doubted = tuple(replace(row, max_rate_per_min=0.01) for row in live[1].factors)
    live = (live[0], replace(live[1], factors=doubted))
    lab = replace(device(3, origin=Origin.MEASURED), mn=LAB, sensor_id="L3", protocol="upload")
    return (*live, lab, device(5))


def series_of(devices: tuple[Device, ...]) -> list[str]:
    return [f"{row.sensor_id}/{factor.quantity}" for row in devices for factor in row.factors]


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A park whose live devices have measured something, with a desk and an app."""

    settings: Settings
    desk: LiveDesk
    app: APIFlask
    ledger: Ledger

    def footprint(self) -> Footprint:
        live = measuring_devices()[:2]
        return Footprint.of(
            self.settings.data_dir / "ledger.sqlite",
            self.desk.office.reader,
            [row.mn for row in live],
            series_of(live),
        )

    def perform(self, deed: Deed) -> object:
        return self.desk.do(self.desk.office.sink.perform(deed))


def frame_of(number: int, index: int) -> RawFrame:
    segment = segment_for(number, index, T0_MS, "")
    read = parse(segment)
    import hashlib

    return RawFrame(
        received_ms=T0_MS + index * 1000 + 50,
        peer="10.0.0.9:4000",
        segment=segment,
        mn=mn_of(number),
        st=read.st or "",
        cn=read.cn or "",
        qn=read.qn or "",
        pno=0,
        sha256=hashlib.sha256(segment).hexdigest(),
    )


async def stored(desk: LiveDesk, frame: RawFrame) -> None:
    await desk.office.sink.accept(frame)


@pytest.fixture
def measured(tmp_path: Path) -> Iterator[Measured]:
    settings = load_settings(data_dir=tmp_path)
    park = replace(small_park(), devices=measuring_devices())
    target = '[[targets]]\nname = "province"\nhost = "127.0.0.1"\nport = 9\n'
    (tmp_path / "forward.toml").write_text(target, encoding="utf-8")
    ledger = Ledger(settings.ledger, judge=StreamJudge(park.book, park.devices))
    ledger.register(park.devices)
    ResultStore(settings.results, settings.data_dir).close()
    write_bundle(settings.data_dir)
    clock = FixedClock(T0_MS + FRAMES * 1000)
    with live_desk(settings, ledger, park=park, clock=clock, verbs=(*VERBS, *PLANTED)) as desk:
        for number, index in itertools.product(range(2), range(FRAMES)):
            desk.do(stored(desk, frame_of(number, index)))
        app = create_app(settings, clock=clock)
        yield Measured(settings=settings, desk=desk, app=app, ledger=ledger)
        own = app.extensions[EXTENSION]
        own.stop()
        own.ledger.close()
        own.results.close()
    ledger.close()


# Hands that must be seen, each a verb that no release would have.


@dataclass(frozen=True)
class Edit:
    """Changes a first version where it lies."""

    statement: Any

    def apply(self, connection: sa.Connection, now_ms: int) -> object:
        connection.execute(self.statement)
        return None


async def edit_value(call: DeskCall) -> dict[str, object]:
    await call.sink.perform(Edit(OBSERVATION.update().values(value=0.5)))
    return {}


async def drop_values(call: DeskCall) -> dict[str, object]:
    await call.sink.perform(Edit(OBSERVATION.delete().where(OBSERVATION.c.value > 2)))
    return {}


async def make_up(call: DeskCall) -> dict[str, object]:
    await call.sink.accept(frame_of(1, FRAMES + 3))
    return {}


async def edit_frames(call: DeskCall) -> dict[str, object]:
    await call.sink.perform(Edit(sa.text("DROP TRIGGER raw_frame_no_update")))
    await call.sink.perform(Edit(sa.text("UPDATE raw_frame SET peer = 'x' WHERE seq = 3")))
    return {}


PLANTED = tuple(
    DeskVerb(name=f"planted.{run.__name__}", role=Role.VIEWER, run=run)
    for run in (edit_value, drop_values, make_up, edit_frames)
)


@pytest.mark.parametrize("verb", [row.name for row in PLANTED])
def test_a_hand_that_was_planted_is_seen(measured: Measured, verb: str) -> None:
    before = measured.footprint()
    assert before.differences(measured.footprint()) == []
    measured.desk.ask(verb)
    assert before.differences(measured.footprint())


# The walk over the addresses.

TEMPTING: dict[str, list[Any]] = {
    "mn": [mn_of(0), mn_of(1), LAB],
    "key": ["B1/conc:hf", "W0/wind_speed"],
    "series": ["B1/conc:hf"],
    "verdict": ["confirm", "reject", "correct", "comment"],
    "content": [base64.b64encode(b"time,a21018\n2026-11-22 08:00:00,0.0\n").decode()],
    "comment": ["x"],
    "value": [0.0],
    "unit": ["mg/m3"],
    "filename": ["x.csv"],
    "origin": ["simulated"],
}
HOSTILE_BODIES: list[Any] = [
    {},
    [],
    None,
    {"mn": mn_of(1), "value": 0.0, "origin": "simulated"},
    {"series": "B1/conc:hf", "from_ms": 0, "to_ms": T0_MS * 2, "action": "delete"},
    {"sql": "DELETE FROM observation"},
    {"filter": "median", "simulate": True, "hide": mn_of(1)},
]
HOSTILE_QUERY = "?simulate=true&hide=B1&filter=mean&origin=simulated&_method=DELETE"


def resolve(spec: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        schema = spec["components"]["schemas"][name]
    return schema


def instances(spec: dict[str, Any], schema: dict[str, Any], name: str = "") -> list[Any]:
    """Some values that a schema takes, tempting ones first."""
    schema = resolve(spec, schema)
    if name in TEMPTING:
        return TEMPTING[name]
    for kind in ("anyOf", "oneOf"):
        if kind in schema:
            return [one for part in schema[kind] for one in instances(spec, part)[:1]]
    if "enum" in schema:
        return list(schema["enum"])
    if "const" in schema:
        return [schema["const"]]
    if schema.get("type") == "object":
        return bodies(spec, schema)
    if schema.get("type") == "array":
        return [[one] for one in instances(spec, schema.get("items", {}))[:2]] or [[]]
    plain = {"integer": 1, "number": 0.0, "boolean": True, "null": None}
    return [plain.get(schema.get("type", "string"), "x")]


def bodies(spec: dict[str, Any], schema: dict[str, Any], most: int = 24) -> list[Any]:
    """Bodies with all fields, and with the required ones only."""
    fields = schema.get("properties", {})
    choices = {name: instances(spec, part, name) for name, part in fields.items()}
    full = [dict(zip(choices, row, strict=True)) for row in itertools.product(*choices.values())][:most]
    needed = [{name: row[name] for name in schema.get("required", [])} for row in full]
    return [*full, *needed]


def addresses(app: APIFlask) -> list[str]:
    """Every address, with every tempting part in its place."""
    found = []
    for rule in app.url_map.iter_rules():
        if rule.rule.endswith("/stream"):
            continue  # never ends; it only reads
        for part in ("1", mn_of(1)):
            found.append(re.sub(r"<[^>]+>", part, rule.rule))
    return sorted(set(found))


def test_no_address_with_any_method_lays_a_hand_on_measurements(measured: Measured) -> None:
    app, spec = measured.app, measured.app.spec
    assert isinstance(spec, dict)
    before, client = measured.footprint(), app.test_client()
    tokens = {"Authorization": f"Bearer {measured.desk.tokens['engineer']}"}
    asked = 0
    for address, method in itertools.product(addresses(app), METHODS):
        for query in ("", HOSTILE_QUERY) if method == "GET" else (HOSTILE_QUERY,):
            client.open(address + query, method=method, json=HOSTILE_BODIES[3], headers=tokens).close()
            asked += 1
    taken = set()
    for path, operations in spec["paths"].items():
        if "post" not in operations:
            continue
        wanted = operations["post"].get("requestBody", {}).get("content", {}).get("application/json", {})
        rows = bodies(spec, resolve(spec, wanted["schema"])) if wanted else [{}]
        for part, body in itertools.product(("1", mn_of(1)), [*rows, *HOSTILE_BODIES]):
            address = re.sub(r"\{\w+\}", part, path)
            answer = client.post(address, json=body, headers=tokens)
            asked += 1
            assert answer.status_code != 500, (address, body, answer.json)
            taken |= {path} if answer.status_code == 200 else set()
    assert asked > 500
    assert {"/api/v1/desk/whoami", "/api/v1/evidence/verify"} <= taken, "else nothing was asked in earnest"
    assert before.differences(measured.footprint()) == []


def test_no_verb_lays_a_hand_on_measurements(measured: Measured) -> None:
    before = measured.footprint()
    pool: dict[str, Any] = {name: values[0] for name, values in TEMPTING.items()}
    tempting = [
        *HOSTILE_BODIES[:2],
        *HOSTILE_BODIES[3:],
        *({name: value} for name, value in pool.items()),
        *({"mn": mn, "filename": "x.csv", "content": pool["content"]} for mn in TEMPTING["mn"]),
        *({"id": 1, "verdict": verdict, "comment": "x"} for verdict in TEMPTING["verdict"]),
    ]
    done: set[str] = set()
    for verb, args in itertools.product(VERBS, tempting):
        try:
            measured.desk.ask(verb.name, args if isinstance(args, dict) else {"list": args})
        except ParkTwinError:
            continue
        done.add(verb.name)
    assert {"desk.whoami", "evidence.checkpoint", "evidence.verify", "registry.check"} <= done
    assert before.differences(measured.footprint()) == []


def test_verbs_that_act_lay_no_hand_on_measurements(measured: Measured) -> None:
    """Each does its work once: on an open doubt, a station on a live line, a laboratory file, a target."""
    desk, before = measured.desk, measured.footprint()

    async def station() -> tuple[KnowingLogger, asyncio.Task[None]]:
        await desk.office.server.listen("127.0.0.1", 0)
        logger = KnowingLogger(device(5), desk.office.server.port, "123456")
        task = asyncio.create_task(logger.client.run())
        logger.upload(T0_MS)
        await logger.client.drained()
        return logger, task

    async def gone(logger: KnowingLogger, task: asyncio.Task[None]) -> None:
        logger.client.close()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await desk.office.server.close()

    logger, task = desk.do(station())
    try:
        seq = desk.ask("command.send", {"mn": mn_of(5), "cn": "1063", "origin": "simulated"})["seq"]
        commander = desk.office.parts[[type(row) for row in desk.office.parts].index(Commander)]
        assert isinstance(commander, Commander)
        assert desk.do(commander.wait(seq)) is Outcome.DONE
        assert [row.cn for row in logger.heard if row.cn == "1063"], "the station was really asked"
        for verb in ("forward.pause", "forward.resume"):
            assert desk.ask(verb, {"name": "province", "comment": "x"})["name"] == "province"
        table = base64.b64encode("时间,a21018 (mg/m3)\n2026-11-22 08:00:00,0.0\n".encode()).decode()
        stored = desk.ask("upload.store", {"mn": LAB, "filename": "x.csv", "content": table})
        assert stored["status"] == "stored"
        assert desk.ask("registry.check", {"mn": mn_of(1)})["devices"]
        between = measured.footprint()
        assert before.differences(between) == []
        assert before.shown_differences(between) == []
        decided = desk.ask("review.decide", {"id": 1, "verdict": "reject", "comment": "x"})
        assert decided["versions"] > 0
        after = measured.footprint()
        assert before.differences(after) == []
        assert before.shown_differences(after, decided=frozenset({"B1/conc:hf"})) == []
        assert before.shown_differences(after), "the decision itself is seen"
    finally:
        desk.do(gone(logger, task))


def test_a_file_never_goes_into_a_live_series(measured: Measured) -> None:
    before = measured.footprint()
    args = {"filename": "x.csv", "content": TEMPTING["content"][0]}
    for row in measuring_devices()[:2]:
        with pytest.raises(BadRequestError, match="never writes into a live series"):
            measured.desk.ask("upload.store", {"mn": row.mn, **args})
    assert before.differences(measured.footprint()) == []


def test_a_correction_is_a_version_on_top(measured: Measured) -> None:
    before = measured.footprint()
    (key, time_ms, interval_ms), first = next(iter(before.firsts.items()))
    deed = Correct(
        series_key=key, time_ms=time_ms, interval_ms=interval_ms, actor="li", reason="drift", value=0.123
    )
    measured.perform(deed)
    assert before.differences(measured.footprint()) == []
    versions = measured.desk.office.reader.versions(key, time_ms, interval_ms)
    assert versions[0] == first
    assert versions[-1].value.value == 0.123
    assert versions[-1].value.mark is not first.value.mark, "and is marked as entered by hand"
    served = (
        measured.app.test_client().get(f"/api/v1/versions?key={key}&t={time_ms}&interval={interval_ms}").json
    )
    assert isinstance(served, dict)
    numbers = [row["v"] if "v" in row else row["value"] for row in served["versions"]]
    assert first.value.value in numbers
    assert 0.123 in numbers


# Simulators.


def test_simulators_speak_for_no_measuring_device() -> None:
    park = replace(small_park(), devices=measuring_devices())
    for row in measuring_devices()[:3]:
        with pytest.raises(SettingsError, match="only simulated ones"):
            require_simulated(row)
        with pytest.raises(SettingsError, match="only simulated ones"):
            simulated_devices(park, [row.mn])
    assert [row.mn for row in simulated_devices(park)] == [mn_of(5)]


def test_recorded_frames_are_not_played_for_a_measuring_device() -> None:
    from sensors.hj212.frame import frame
    from twin.core.device import CrcMode

    whole = frame(frame_of(1, 0).segment, CrcMode.HJ212)
    with pytest.raises(BadRequestError):
        Retimer.of(measuring_devices(), 8.0).takes(whole)


def test_a_measuring_device_does_not_turn_into_another(measured: Measured) -> None:
    changed = replace(measuring_devices()[1], origin=Origin.SIMULATED)
    before = measured.footprint()
    with pytest.raises(ParkTwinError):
        measured.ledger.register([changed])
    assert before.differences(measured.footprint()) == []


# Settings.

# Where things lie and who may reach them; these say nothing about what is served.
PLACES = {
    *("scene", "data_dir", "ledger_url", "web_host", "web_port", "hj212_host", "hj212_port"),
    # Who may connect is no judgement of what was measured: refused lines are counted, changes are acts.
    *("hj212_allow", "hj212_block", "hj212_homes"),
    *("evidence_copy_dir", "backup_dir", "factor_letters", "forward_file", "mqtt_user"),
    *("mqtt_password_file", "mqtt_ca_file", "plume_solver", "first_contact", "gap_asking"),
}


def settable(name: str) -> list[Any]:
    """The least, the most, and every named value of a setting."""
    field = Settings.model_fields[name]
    if field.annotation in (int, float):
        bounds = [getattr(row, side) for row in field.metadata for side in ("ge", "le") if hasattr(row, side)]
        return [field.annotation(bound) for bound in bounds]
    if bool in typing.get_args(field.annotation):
        return [True, False]
    return list(typing.get_args(field.annotation))


SETTABLE = [(name, value) for name in Settings.model_fields if name not in PLACES for value in settable(name)]


def test_every_setting_is_tried_or_is_a_place() -> None:
    assert not PLACES - set(Settings.model_fields)
    assert {name for name, _ in SETTABLE} | PLACES == set(Settings.model_fields)
    assert not [
        name for name in Settings.model_fields if re.search(r"hide|filter|smooth|clip|mask|limit_value", name)
    ]


SHOWN = (
    "/api/v1/devices",
    "/api/v1/frames?limit=500",
    "/api/v1/series?key=B1/conc:hf&from=0&to=4000000000000",
    "/api/v1/series?key=W0/wind_speed&from=0&to=4000000000000",
    "/api/v1/state",
)


def shown(settings: Settings, clock: FixedClock) -> tuple[set[str], list[bytes]]:
    """All addresses of an app, and what it shows of the measurements."""
    app = create_app(settings, clock=clock)
    own = app.extensions[EXTENSION]
    try:
        client = app.test_client()
        answers = [client.get(address) for address in SHOWN]
        assert {row.status_code for row in answers} == {200}
        return {rule.rule for rule in app.url_map.iter_rules()}, [row.data for row in answers]
    finally:
        own.stop()
        own.ledger.close()
        own.results.close()


def together(side: int) -> dict[str, Any]:
    """Every setting at its least (0) or at its most (-1)."""
    return {name: settable(name)[side] for name in dict(SETTABLE)}


def test_no_setting_hides_an_address_or_changes_what_is_shown(measured: Measured) -> None:
    clock = FixedClock(T0_MS + FRAMES * 1000)
    usual = shown(measured.settings, clock)
    for told in (together(0), together(-1)):
        assert shown(measured.settings.model_copy(update=told), clock) == usual, told


def test_no_setting_changes_what_ingest_stores(tmp_path: Path) -> None:
    """One ingest with every number at its least, one at its most: the same frames, the same values."""

    def free_port() -> int:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return int(probe.getsockname()[1])

    start_ms = time.time_ns() // 1_000_000 // 1000 * 1000 - 30_000
    park = replace(small_park(), devices=measuring_devices()[:2])
    # Some must stay as they are for a test to end: a line that is closed at once, no room for one.
    kept = {"max_connections", "idle_timeout_s", "event_ring"}

    async def stored(side: int) -> list[Any]:
        told = {name: value for name, value in together(side).items() if name not in kept}
        folder = tmp_path / str(side)
        settings = Settings(data_dir=folder, hj212_port=free_port(), **told)
        stop, ready = asyncio.Event(), asyncio.Event()
        task = asyncio.create_task(ingest(settings, park, stop=stop, on_ready=lambda _port: ready.set()))
        try:
            await asyncio.wait_for(ready.wait(), 30)
            passwords = read_passwords(settings.passwords_file)
            for number in range(2):
                rows = [segment_for(number, i, start_ms, passwords[mn_of(number)]) for i in range(10)]
                line = Line(settings.hj212_port, {row[3:20].decode(): row for row in rows})
                await asyncio.wait_for(line.run(), 30)
        finally:
            stop.set()
            await asyncio.wait_for(task, 30)
        reader = LedgerReader(settings.ledger)
        found: list[Any] = [(row.mn, row.qn, row.cn, row.segment[-60:]) for row in reader.frames_after(0)]
        for key in series_of(park.devices):
            found += [
                (key, row.time_ms, row.value, row.mark, row.checks, row.version)
                for row in reader.series(key, 0, 2**53, 100_000)
            ]
        reader.close()
        return found

    least, most = asyncio.run(stored(0)), asyncio.run(stored(-1))
    assert len(least) > 40
    assert least == most


# The command line.


def all_commands() -> dict[str, click.Command]:
    def walk(group: click.Command, prefix: str) -> dict[str, click.Command]:
        children = getattr(group, "commands", None)
        if children is None:
            return {prefix: group}
        found: dict[str, click.Command] = {}
        for name, child in children.items():
            found |= walk(child, f"{prefix} {name}".strip())
        return found

    return walk(typer.main.get_command(command_line), "")


def test_no_command_takes_a_value_or_a_series_to_be_written() -> None:
    told = re.compile(r"value|set|filter|smooth|clip|hide|mask|correct|override|inject", re.IGNORECASE)
    for name, command in all_commands().items():
        for parameter in command.params:
            for option in (*parameter.opts, *parameter.secondary_opts):
                assert not told.search(option.replace("--offset", "")) or option in ALLOWED_OPTIONS, (
                    name,
                    option,
                )


# The zone of a new scene's clock.
ALLOWED_OPTIONS = {"--utc-offset-h"}

# The look into the source: who could.


@cache
def sources() -> tuple[tuple[str, tuple[ast.AST, ...]], ...]:
    """All nodes of all modules."""
    paths = [path for room in ("twin", "sensors", "web") for path in sorted((ROOT / room).rglob("*.py"))]
    return tuple(
        (str(path.relative_to(ROOT)), tuple(ast.walk(ast.parse(path.read_text("utf-8")))))
        for path in paths
        if not {"migrations", "node_modules", "viewer"} & set(path.parts)
    )


def callers(*names: str) -> set[str]:
    """Modules that call something of one of these names."""
    found = set()
    for path, nodes in sources():
        for node in nodes:
            if isinstance(node, ast.Call):
                called = node.func
                name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
                if name in names:
                    found.add(path)
    return found


def test_only_ingest_and_the_archive_open_the_ledger_for_writing() -> None:
    # Rebuilding writes the same frames into a ledger of its own and refuses one that holds others.
    wanted = {"twin/live/ingest.py", "web/commands/store.py", "web/commands/rebuild.py"}
    assert callers("Ledger") == wanted


def test_only_readers_of_lines_hand_frames_in() -> None:
    found = {path for path in callers("accept", "accept_large") if not path.startswith("sensors/lines/")}
    found -= {"web/gunicorn.py", "twin/live/sink.py"}  # a socket's own accept; the sink itself
    # Files of devices that take files; see test_a_file_never_goes_into_a_live_series.
    assert found == {"sensors/hj212/line.py", "twin/live/upload_verbs.py"}


def test_only_decoders_make_observations() -> None:
    assert {path for path in callers("Observation") if not path.startswith("sensors/")} == set()


def test_only_the_archive_and_the_packer_take_rows_away() -> None:
    tables = {"OBSERVATION", "RAW_FRAME", "PAGE"}
    found = set()
    for path, nodes in sources():
        for node in nodes:
            if not isinstance(node, ast.Attribute) or node.attr not in ("update", "delete"):
                continue
            table = (
                node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
            )
            if table in tables:
                found.add(path)
    # Both move rows, bit by bit the same, and read them back: see tests/twin/store.
    assert found <= {"twin/store/archiver.py", "twin/store/packer.py"}
    text = re.compile(r"(UPDATE|DELETE FROM|REPLACE INTO)\s+(observation|raw_frame|page)\b", re.IGNORECASE)
    for path, nodes in sources():
        for node in nodes:
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert not text.search(node.value), path


def test_a_check_marks_a_value_and_never_bends_it() -> None:
    """What is far beyond its range comes out of the decoder as it went in."""
    row = measuring_devices()[1]
    segment = segment_for(1, 0, T0_MS, "").replace(b"a21018-Rtd=0.000", b"a21018-Rtd=98765.4")
    assert b"98765.4" in segment
    values = [
        value for value in decode(parse(segment), row, T0_MS, 8.0).observations if value.quantity == "conc:hf"
    ]
    assert [value.value for value in values] == [pytest.approx(98765.4e-6)]
    assert values[0].checks, "and is doubted"
