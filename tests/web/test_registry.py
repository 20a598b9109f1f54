"""Registry over the API: records with findings, strangers, facts; never a key or a password."""

from __future__ import annotations

import hashlib
import json

from apiflask import APIFlask
from flask.testing import FlaskClient

from sensors.contract import LineEventKind
from sensors.hj212.factor_codes import NO_LETTERS
from sensors.hj212.findings import FindingCount
from tests.support.small_park import device, mn_of
from tests.support.synthetic import T0_MS, Writer
from twin.core.fact import Fact, FactKind
from twin.core.observation import RawFrame
from twin.live.registry import SceneRegistry
from twin.live.roster import ROSTER, roster
from twin.store.facts import SaveFindings
from twin.store.ledger import Arrival, Batch
from twin.store.snapshots import PutSnapshot

KEY, PASSWORD = b"topsecretkey0001", "hushhu"
MN = mn_of(1)


def frame(mn: str, cp: str) -> RawFrame:
    segment = f"QN=1;ST=22;CN=2011;PW={PASSWORD};MN={mn};Flag=9;CP=&&{cp}&&".encode()
    sha256 = hashlib.sha256(segment).hexdigest()
    return RawFrame(
        received_ms=T0_MS, peer="p", segment=segment, mn=mn, st="22", cn="2011", qn="1", pno=0, sha256=sha256
    )


def tell(writer: Writer) -> None:
    registry = SceneRegistry((device(1),), {MN: PASSWORD}, {MN: (KEY,)})
    body = roster((device(1),), registry, NO_LETTERS, 8.0)
    found = FindingCount(mn=MN, kind="crc_wrong", what="modbus", count=26, first_ms=5, last_ms=9)
    deeds = [PutSnapshot(name=ROSTER, time_ms=T0_MS, body=body), SaveFindings(rows=(found,))]
    writer.ledger.write(Batch(deeds=deeds), T0_MS)


def test_records_come_with_what_was_found_and_without_secrets(writer: Writer, client: FlaskClient) -> None:
    tell(writer)
    answer = client.get("/api/v1/registry")
    assert answer.status_code == 200
    (record,) = answer.get_json()["devices"]
    assert (record["mn"], record["sm4_key"], record["password"]) == (MN, True, True)
    assert record["number"]["kind"] == "epc96"
    assert record["factors"][0]["name"]["zh"].startswith("氟化物")
    finding = next(row for row in record["findings"] if row["kind"] == "crc_wrong")
    assert (finding["what"], finding["count"], finding["last_ms"]) == ("modbus", 26, 9)
    text = json.dumps(answer.get_json())
    assert PASSWORD not in text
    assert KEY.decode() not in text
    assert KEY.hex() not in text


def test_before_ingest_has_spoken_there_is_none(writer: Writer, client: FlaskClient) -> None:
    assert client.get("/api/v1/registry").status_code == 503


def test_strangers_are_described_without_their_password(writer: Writer, client: FlaskClient) -> None:
    stranger = frame("4201003", "DataTime=20261122100000;a21018-Rtd=0.03")
    wrong = frame(MN, "DataTime=20261122100000;a21018-Rtd=0.04")
    rows = [(stranger, LineEventKind.UNKNOWN_DEVICE.value), (wrong, LineEventKind.WRONG_PASSWORD.value)]
    writer.ledger.write(Batch(quarantined=rows), T0_MS)
    answer = client.get("/api/v1/registry/unknown")
    (row,) = answer.get_json()["unknown"]
    assert (row["mn"], row["frames"], row["editions"]) == ("4201003", 1, ["2025"])
    assert 'mn = "4201003"' in row["block"]
    assert PASSWORD not in json.dumps(answer.get_json())


def test_facts_are_found_by_device_kind_and_time(writer: Writer, client: FlaskClient, app: APIFlask) -> None:
    facts = tuple(
        Fact(kind=kind, time_ms=T0_MS + k, code="SB1", field="RS", text=f"{k}", value=float(k))
        for k, kind in enumerate((FactKind.STATE, FactKind.LOG, FactKind.STATE))
    )
    writer.ledger.register((device(1),))
    writer.ledger.write(Batch(arrivals=[Arrival(frame=frame(MN, "x=1"), facts=facts)]), T0_MS)

    def texts(query: str) -> list[str]:
        return [row["text"] for row in client.get(f"/api/v1/facts?{query}").get_json()["facts"]]

    assert texts("") == ["2", "1", "0"]
    assert texts("kind=state") == ["2", "0"]
    assert texts(f"from={T0_MS + 1}&to={T0_MS + 2}&mn={MN}") == ["1"]
    assert client.get("/api/v1/facts?limit=2").get_json()["truncated"]
    assert client.get("/api/v1/facts?kind=none").status_code == 422
