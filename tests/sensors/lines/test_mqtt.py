"""MQTT against a real broker: acknowledged after durability, else sent again; bad payloads do not loop."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sensors.contract import Receipt
from sensors.lines.contract import Secret
from sensors.table import sensor_row
from tests.sensors.line_doubles import MemorySink, upload
from tests.sensors.lines.way_doubles import NOW_MS, driven, until, way_device
from tests.support.mosquitto import Broker, publish
from tests.support.small_park import HF
from twin.core.device import Factor
from twin.core.line import Line, LineKind, LineMember
from twin.core.observation import Check, RawFrame

GAS = (Factor(code="hf", quantity="conc:hf", unit="mg/m3", low=0.0, high=100.0),)
DEVICE = way_device(1, "json", GAS)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    started = Broker(tmp_path)
    yield started
    started.stop()


def line(port: int, *more_members: LineMember, **more: object) -> Line:
    members = (LineMember(mn=DEVICE.mn, topic="park/+/hf"), *more_members)
    told = {"id": "L1", "kind": LineKind.MQTT, "place": "127.0.0.1", "port": port, "retry_s": 0.1}
    return Line(**(told | {"members": members} | more))  # type: ignore[arg-type]


def record(k: int, **more: object) -> bytes:
    return json.dumps({"time": NOW_MS - 60_000 + 1000 * k, "values": {"hf": 0.001 * k}} | more).encode()


class DyingSink(MemorySink):
    """Makes frames durable and is then killed before anybody hears of it."""

    async def accept(self, frame: RawFrame) -> Receipt:
        await super().accept(frame)
        await asyncio.Event().wait()
        raise AssertionError


@pytest.mark.parametrize("version", [4, 5])
def test_what_was_not_acknowledged_comes_again_and_is_stored_once(broker: Broker, version: int) -> None:
    one = line(broker.port, mqtt_version=version)

    async def die() -> MemorySink:
        sink = DyingSink()
        ways = driven(one, DEVICE, sink=sink)
        await ways.__aenter__()
        await asyncio.to_thread(publish, broker.port, ("park/1/hf", record(1)), ("park/2/hf", record(2)))
        await until(lambda: len(sink.durable) == 2)
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()  # no end in order: nothing is acknowledged any more
        await asyncio.sleep(0.1)
        return sink

    async def live(sink: MemorySink) -> None:
        async with driven(one, DEVICE, sink=sink):
            await asyncio.to_thread(publish, broker.port, ("park/3/hf", record(3)))
            await until(lambda: len(sink.durable) == 3)

    dead = asyncio.run(die())
    born = MemorySink()
    born.durable = list(dead.durable)  # what was committed before
    asyncio.run(live(born))
    assert len({row.qn for row in born.durable}) == 3

    async def nothing_left() -> None:
        sink = MemorySink()
        async with driven(one, DEVICE, sink=sink):
            await asyncio.to_thread(publish, broker.port, ("park/4/hf", record(4)))
            await until(lambda: len(sink.durable) == 1)
        assert json.loads(sink.durable[0].segment)["values"]["hf"] == pytest.approx(0.004)

    asyncio.run(nothing_left())


def test_what_was_published_while_we_were_away_is_waiting(broker: Broker) -> None:
    async def once(sink: MemorySink, wanted: int) -> None:
        async with driven(line(broker.port), DEVICE, sink=sink):
            await until(lambda: len(sink.durable) == wanted)

    sink = MemorySink()
    asyncio.run(once(sink, 0))  # the session is made
    publish(broker.port, *((f"park/{k}/hf", record(k)) for k in range(100)))
    asyncio.run(once(sink, 100))
    assert sink.most_in_flight <= 64


def test_a_broker_that_restarts_loses_nothing(broker: Broker) -> None:
    async def play() -> None:
        async with driven(line(broker.port), DEVICE) as sink:
            await asyncio.to_thread(publish, broker.port, ("park/1/hf", record(1)))
            await until(lambda: len(sink.durable) == 1)
            await asyncio.to_thread(broker.stop)
            await until(lambda: "line_down" in sink.kinds())
            await asyncio.to_thread(broker.start)
            await asyncio.to_thread(publish, broker.port, ("park/2/hf", record(2)))
            await until(lambda: len(sink.durable) == 2)

    asyncio.run(play())


def test_a_bad_payload_is_held_apart_and_does_not_come_again(broker: Broker) -> None:
    bad = (b"not json", b"[" * 5000, json.dumps({"time": "noon", "values": {}}).encode(), b"x" * 70_000,
           b'{"time": 1795312000000, "values": {"hf": NaN}}', record(9, mn="another"))  # fmt: skip

    async def play() -> None:
        async with driven(line(broker.port), DEVICE) as sink:
            messages = [("park/1/hf", payload) for payload in bad]
            await asyncio.to_thread(publish, broker.port, *messages, ("park/1/hf", record(1)))
            await until(lambda: len(sink.durable) == 1 and len(sink.quarantined) == len(bad))
            assert {"bad_payload", "length_over_limit"} <= sink.kinds()
        async with driven(line(broker.port), DEVICE) as again:
            await asyncio.to_thread(publish, broker.port, ("park/1/hf", record(2)))
            await until(lambda: len(again.durable) == 1)
            assert again.quarantined == []

    asyncio.run(play())


def test_hj212_frames_in_messages_pass_the_same_checks(broker: Broker) -> None:
    logger = way_device(3, "hj212", HF)
    member = LineMember(mn=logger.mn, topic="hj212")

    async def play() -> None:
        async with driven(line(broker.port, member), DEVICE, logger) as sink:
            good, stranger = upload(logger.mn), upload("510000000000000000000077")
            broken = good.replace(b"0.031", b"0.032")
            await asyncio.to_thread(
                publish, broker.port, ("hj212", broken), ("hj212", stranger), ("hj212", good)
            )
            await until(lambda: len(sink.durable) == 1 and len(sink.quarantined) == 2)
            assert sink.durable[0].cn == "2011"
            assert {"bad_crc", "bad_payload", "unknown_device"} <= sink.kinds()

    asyncio.run(play())


# The library leaves the socket of a refused certificate to the garbage collector.
@pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <ssl.SSLSocket:pytest.PytestUnraisableExceptionWarning"
)
def test_user_password_and_tls(tmp_path: Path) -> None:
    key, cert, users = tmp_path / "key.pem", tmp_path / "cert.pem", tmp_path / "users"
    make_certificate(key, cert)
    made = ["mosquitto_passwd", "-b", "-c", str(users), "ingest", "geheim"]
    if subprocess.run(made, capture_output=True, check=False).returncode:
        pytest.skip("mosquitto_passwd is not there: users of a broker are NOT tested")
    broker = Broker(
        tmp_path, f"password_file {users}", f"certfile {cert}", f"keyfile {key}", "allow_anonymous false"
    )

    async def play(secret: Secret, *, there: bool) -> MemorySink:
        async with driven(line(broker.port, tls=True), DEVICE, secret=secret, there=there) as sink:
            if not there:
                await until(lambda: "line_down" in sink.kinds())
                return sink
            auth = {"username": "ingest", "password": "geheim"}
            await asyncio.to_thread(
                publish, broker.port, ("park/1/hf", record(1)), auth=auth, tls={"ca_certs": str(cert)}
            )
            await until(lambda: len(sink.durable) == 1)
            return sink

    try:
        asyncio.run(play(Secret(user="ingest", password="geheim", ca_file=str(cert)), there=True))
        wrong = asyncio.run(play(Secret(user="ingest", password="falsch", ca_file=str(cert)), there=False))
        assert "falsch" not in " ".join(event.detail for event in wrong.events)
        unknown = asyncio.run(play(Secret(user="ingest", password="geheim"), there=False))
        assert "certificate" in " ".join(event.detail for event in unknown.events).lower()
    finally:
        broker.stop()


def test_what_a_record_means() -> None:
    body = {
        "records": [
            {
                "time": "2026-11-22T10:15:00+08:00",
                "values": {"hf": {"value": "31", "unit": "ug/m3", "mark": "N"}},
            },
            {"time": "20261122101600", "interval_s": 60, "values": {"hf": 200.0, "other": 1}},
            {"time": "soon", "values": {}},
            {"time": "20261122101700", "mark": "Q", "values": {"hf": True}},
            {"time": "20261122101700", "values": {"hf": {"value": 1, "unit": "kPa"}}},
        ]
    }
    segment = json.dumps(body).encode()
    frame = RawFrame(
        received_ms=1_795_313_900_000, peer="x", segment=segment, mn=DEVICE.mn, st="22", cn="json",
        qn="1", pno=0, sha256="",
    )  # fmt: skip
    said = sensor_row("json").decode(frame, DEVICE, 8.0)
    first, second, third, fourth = said.observations
    assert first.value == pytest.approx(31e-9)
    assert (second.interval_ms, second.checks & Check.OUT_OF_RANGE) == (60_000, Check.OUT_OF_RANGE)
    assert second.time_ms - first.time_ms == 60_000
    assert third.value is None
    assert third.checks & Check.UNKNOWN_MARK
    assert (fourth.value, fourth.checks & Check.UNIT_DOUBTED) == (None, Check.UNIT_DOUBTED)
    assert said.unknown_codes == ("other",)
    assert [problem.kind.value for problem in said.problems] == ["bad_payload"]


def make_certificate(key_file: Path, cert_file: Path) -> None:
    """A certificate for 127.0.0.1 that is its own authority."""
    import ipaddress
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    cert = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    cert_file.write_bytes(cert.public_bytes(serialization.Encoding.PEM))
