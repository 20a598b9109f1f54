"""No shape of a raw frame shows a password or key."""

from __future__ import annotations

import json

import pytest
from flask.testing import FlaskClient

from tests.support import synthetic as made
from tests.support.small_park import mn_of
from tests.support.synthetic import T0_MS, Writer
from twin.core.observation import RawFrame
from twin.store.ledger import Arrival, Batch
from web.frame_mask import as_text, shown_hash, without_password

MARK = "hunter2"
SHAPES = [
    f"QN=1;ST=22;CN=2011;PW={MARK};MN=A;Flag=5;CP=&&a=1&&",
    f"PW={MARK}",
    f"QN=1;pw = {MARK} {MARK};MN=A",
    f"QN=1;PW={MARK};PW={MARK};MN=A;CP=&&&&",
    f"QN=1;MN=A;CP=&&PW={MARK};a=1&&",
    f"QN=1;MN=A;CP=&&NewPW={MARK};newkey={MARK}&&",
    f"QN=1 PW={MARK}",
    f"QN=1;CN=2011;PW={MARK}",
    f'{{"mn":"A","PW":"{MARK}","v":1}}',
    f'{{"mn":"A","password" : "x\\"{MARK}","v":1}}',
    f'{{"mn":"A","NewPW":"{MARK}',
    f"\x00\x01;PW={MARK};\xff",
]


@pytest.mark.parametrize("shape", SHAPES)
def test_stars_stand_there(shape: str) -> None:
    segment = shape.encode("latin-1")
    masked = without_password(segment)
    assert len(masked) == len(segment)
    assert MARK.encode() not in masked
    assert MARK not in as_text(segment)
    assert shown_hash(segment, "0" * 64) == ""


def test_what_hides_nothing_stays_as_it_is() -> None:
    segment = b'QN=1;MN=SPW=1;CP=&&a21018-Rtd=1.2;POWER=3&&{"powers":"3"}'
    assert without_password(segment) == segment
    assert shown_hash(segment, "ab") == "ab"


@pytest.mark.parametrize("shape", SHAPES)
def test_no_address_tells_it(client: FlaskClient, writer: Writer, shape: str) -> None:
    segment = shape.encode("latin-1")
    base = made.frame("1", _plain(), mn=mn_of(1), received_ms=T0_MS)
    told = RawFrame(
        received_ms=T0_MS, peer=base.peer, segment=segment, mn=mn_of(1), st="22", cn="2011", qn="1", pno=0,
        sha256=base.sha256,
    )  # fmt: skip
    writer.ledger.write(Batch(arrivals=[Arrival(frame=told)], quarantined=[(told, "wrong_password")]), T0_MS)
    unknown = made.frame("2", _plain(), mn="A", received_ms=T0_MS)
    writer.ledger.write(Batch(quarantined=[(unknown, "unknown_device")]), T0_MS)
    seen = 0
    for path in ("frames", "frames/1", "frames/quarantined/1", "registry/unknown", "line-errors"):
        answer = client.get(f"/api/v1/{path}")
        seen += answer.status_code == 200
        whole = answer.get_data(as_text=True)
        assert MARK not in whole, path
        assert MARK.encode().hex() not in json.dumps(whole), path
    assert seen >= 4


def _plain() -> str:
    return f"ST=22;CN=2011;PW={MARK};MN={mn_of(1)};Flag=5;CP=&&DataTime=20261122080000;a21018-Rtd=1&&"
