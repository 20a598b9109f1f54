"""What is held apart of registered devices cannot be pushed out by others."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.small_park import device, small_park
from twin.core.observation import RawFrame
from twin.core.origin import Origin
from twin.store import quarantine
from twin.store.ledger import Batch, Ledger
from twin.store.reader import LedgerReader


def held(text: str, mn: str, peer: str = "10.0.0.1:5000") -> RawFrame:
    segment = text.encode()
    return RawFrame(
        received_ms=1,
        peer=peer,
        segment=segment,
        mn=mn,
        st="31",
        cn="2011",
        qn=text,
        pno=0,
        sha256=hashlib.sha256(segment).hexdigest(),
    )


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ledger.sqlite'}"


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quarantine, "QUARANTINE_SIZE", 20)
    monkeypatch.setattr(quarantine, "DEVICE_SIZE", 8)
    monkeypatch.setattr(quarantine, "DEVICES_SIZE", 12)


def kept(url: str) -> dict[str, list[str]]:
    reader = LedgerReader(url)
    found: dict[str, list[str]] = {}
    for row in reversed(reader.quarantined(1000)):
        found.setdefault(row.mn, []).append(row.segment.decode())
    reader.close()
    return found


def write(ledger: Ledger, rows: list[tuple[RawFrame, str]]) -> None:
    for start in range(0, len(rows), 7):
        ledger.write(Batch(quarantined=rows[start : start + 7]), 5)


@pytest.mark.parametrize("reason", ["wrong_password", "cannot_decrypt", "bad_payload"])
def test_a_flood_of_strangers_removes_no_frame_of_a_device(url: str, reason: str) -> None:
    ledger = Ledger(url)
    ours = [(held(f"ours{k}", "A1"), reason) for k in range(5)]
    write(ledger, ours)
    write(ledger, [(held(f"flood{k}", f"X{k % 3}"), "unknown_device") for k in range(100)])
    ledger.close()
    ledger = Ledger(url)  # the bounds are known again after a restart
    write(ledger, [(held(f"more{k}", ""), "bad_payload") for k in range(100)])
    ledger.close()
    found = kept(url)
    assert found["A1"] == [f"ours{k}" for k in range(5)]
    assert sum(map(len, found.values())) == 25
    assert found[""] == [f"more{k}" for k in range(80, 100)]


def test_who_sends_in_a_devices_name_from_elsewhere_takes_his_own_room(url: str) -> None:
    ledger = Ledger(url)
    write(ledger, [(held(f"ours{k}", "A1", f"10.0.0.1:{k}"), "wrong_password") for k in range(3)])
    flood = [(held(f"flood{k}", "A1", f"6.6.6.6:{k}"), "wrong_password") for k in range(100)]
    write(ledger, flood)
    ledger.close()
    assert kept(url)["A1"] == ["ours0", "ours1", "ours2", *(f"flood{k}" for k in range(95, 100))]


def test_all_devices_together_are_bounded_and_the_loudest_gives_way(url: str) -> None:
    ledger = Ledger(url)
    write(ledger, [(held("one", "B1"), "cannot_decrypt"), (held("two", "B2"), "cannot_decrypt")])
    for mn in ("A1", "A2", "A3"):
        write(ledger, [(held(f"{mn}-{k}", mn), "wrong_password") for k in range(30)])
    ledger.close()
    found = kept(url)
    assert (found["B1"], found["B2"]) == (["one"], ["two"])
    assert sum(map(len, found.values())) == 12
    assert max(map(len, found.values())) <= 8


def test_a_group_that_fails_is_not_remembered(url: str) -> None:
    park = replace(small_park(1), devices=(device(1, origin=Origin.MEASURED),))
    ledger = Ledger(url)
    ledger.register(park.devices)
    write(ledger, [(held("one", "A1"), "wrong_password")])
    with pytest.raises(AttributeError):
        ledger.write(Batch(quarantined=[(held("lost", "A1"), "wrong_password")], deeds=[None]), 5)  # type: ignore[list-item]
    write(ledger, [(held("two", "A1"), "wrong_password")])
    ledger.close()
    assert kept(url) == {"A1": ["one", "two"]}
