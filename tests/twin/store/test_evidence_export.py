"""What is handed out is verified by its own verifier alone, and not when anything in it was touched."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.arrivals import arrival, frame
from tests.support.small_park import device
from twin.core.errors import NotFoundError
from twin.core.origin import Origin
from twin.store import stand_alone
from twin.store.acts import Act, ActDeed
from twin.store.checkpoints import CheckpointDeed, read_heads
from twin.store.engine import sqlite_url
from twin.store.evidence_export import Wanted, export_evidence
from twin.store.ledger import Arrival, Batch, Ledger
from twin.store.reader import LedgerReader

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
MINUTE_MS = 60_000
ROUNDS = 7

# RFC 8032, 7.1: public key, message, signature of tests 1, 2, 3 and SHA(abc).
VECTORS = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
        "387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
        "4a7c15e9716ed28dc027beceea1ec40a",
    ),
    (
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd"
        "454d4423643ce80e2a9ac94fa54ca49f",
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e030"
        "3dca179c138ac17ad9bef1177331a704",
    ),
]


@pytest.mark.parametrize(("public", "message", "signature"), VECTORS)
def test_signatures_of_the_standard(public: str, message: str, signature: str) -> None:
    rows = bytes.fromhex(public), bytes.fromhex(message), bytes.fromhex(signature)
    assert stand_alone.is_signed(*rows)
    assert not stand_alone.is_signed(rows[0], rows[1] + b"x", rows[2])


def cryptography_says(public: bytes, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


@settings(max_examples=40, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=100), st.integers(0, 511), st.integers(0, 255))
def test_signatures_hold_here_as_they_do_elsewhere(
    secret: bytes, message: bytes, bit: int, key_bit: int
) -> None:
    key = Ed25519PrivateKey.from_private_bytes(secret)
    public, signature = key.public_key().public_bytes_raw(), key.sign(message)
    assert stand_alone.is_signed(public, message, signature)

    def flipped(data: bytes, at: int) -> bytes:
        return (int.from_bytes(data, "little") ^ (1 << at)).to_bytes(len(data), "little")

    bad = flipped(signature, bit)
    assert stand_alone.is_signed(public, message, bad) is cryptography_says(public, message, bad) is False
    other = flipped(public, key_bit)
    assert stand_alone.is_signed(other, message, signature) is cryptography_says(other, message, signature)


def test_signatures_of_odd_shape_do_not_hold() -> None:
    signature = KEY.sign(b"x")
    order = 2**252 + 27742317777372353535851937790883648493
    large_s = (int.from_bytes(signature[32:], "little") + order).to_bytes(32, "little")
    for public, signed in (
        (PUBLIC, signature[:-1]),
        (PUBLIC[:-1], signature),
        (PUBLIC, b"\xff" * 64),
        (b"\xff" * 32, signature),
        (PUBLIC, signature[:32] + large_s),
    ):
        assert not stand_alone.is_signed(public, b"x", signed)


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LedgerReader]:
    url = sqlite_url(tmp_path_factory.mktemp("export") / "ledger.sqlite")
    ledger, found = Ledger(url), LedgerReader(url)
    measured = replace(device(2), mn="M2", origin=Origin.MEASURED)
    ledger.register([replace(device(1), mn="M1", origin=Origin.SIMULATED), measured])
    for turn in range(ROUNDS):
        now_ms = (turn + 1) * MINUTE_MS
        rows = [arrival(f"{turn}-{i}", received_ms=now_ms - 9 + i) for i in range(5)]
        rows += [
            Arrival(frame=frame(f"x{turn}-{i}", "中文", mn="M2", received_ms=now_ms - 4 + i))
            for i in range(3)
        ]
        acts = [ActDeed(act=Act(kind="t.done", actor="李工", time_ms=now_ms, body={"turn": turn}))]
        ledger.write(Batch(arrivals=rows, deeds=acts), now_ms)
        heads = read_heads(found)
        text = heads.text(time_ms=now_ms, key=PUBLIC)
        deed = CheckpointDeed(heads=heads, text=text, signature=KEY.sign(text.encode()))
        ledger.write(Batch(deeds=[deed]), now_ms)
    yield found
    found.close()
    ledger.close()


def run(file: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """As an expert would: the verifier out of the file, an interpreter that sees nothing else."""
    with zipfile.ZipFile(file) as archive:
        verifier = Path(archive.extract("verify.py", file.parent))
    command = [sys.executable, "-I", "-S", "-X", "utf8", verifier.name, file.name, *more]
    return subprocess.run(command, cwd=file.parent, capture_output=True, text=True, check=False, timeout=60)


def test_an_export_is_verified_by_its_own_verifier(reader: LedgerReader, tmp_path: Path) -> None:
    file = tmp_path / "evidence.zip"
    told = export_evidence(reader, Wanted(from_ms=2 * MINUTE_MS, to_ms=5 * MINUTE_MS), file)
    assert (told.frames, told.acts) == (24, 3)
    done = run(file, PUBLIC.hex())
    assert done.returncode == 0, done.stdout + done.stderr
    assert "24 records" in done.stdout
    assert "HOLDS" in done.stdout.splitlines()[-1]
    with zipfile.ZipFile(file) as archive:
        about = json.loads(archive.read("manifest.json"))
        assert about["holds_passwords"]
        assert "clear text" in about["warning"]
        assert "hold" in archive.read("README.txt").decode()
        assert "MIND" in archive.read("README.txt").decode()
    stated = run(file, "0" * 64)
    assert stated.returncode == 1
    assert "DOES NOT HOLD" in stated.stdout
    assert run(file, "a", "b", "c").returncode == 2


SPANS = [
    (0, 2**40),
    (0, MINUTE_MS),
    (6 * MINUTE_MS, 2**40),
    (3 * MINUTE_MS, 3 * MINUTE_MS + 1),
    (2**39, 2**40),
]


@pytest.mark.parametrize("span", SPANS)
@pytest.mark.parametrize("mn", ["", "M2", "none"])
def test_every_span_and_device(reader: LedgerReader, tmp_path: Path, span: tuple[int, int], mn: str) -> None:
    file = tmp_path / "evidence.zip"
    told = export_evidence(reader, Wanted(from_ms=span[0], to_ms=span[1], mn=mn), file)
    lines = stand_alone.verify(str(file), PUBLIC.hex())
    assert f"frames: {told.frames} records" in lines[2]
    assert f"acts: {told.acts} records" in lines[3]


def test_the_verifier_says_which_frames_are_simulated(reader: LedgerReader, tmp_path: Path) -> None:
    file = tmp_path / "evidence.zip"
    export_evidence(reader, Wanted(from_ms=0, to_ms=MINUTE_MS + 1), file)
    with zipfile.ZipFile(file) as archive:
        about = json.loads(archive.read("manifest.json"))
    assert about["origins"] == {"M1": "simulated", "M2": "measured"}
    said = run(file, PUBLIC.hex()).stdout
    assert "these frames are SIMULATED, 以下报文为模拟: M1 (5)" in said
    assert "these frames are measured, 以下报文为实测: M2 (3)" in said
    export_evidence(reader, Wanted(from_ms=0, to_ms=MINUTE_MS + 1, mn="M2"), file)
    assert "SIMULATED" not in run(file, PUBLIC.hex()).stdout


def test_frames_of_no_stated_origin_do_not_hold(reader: LedgerReader, tmp_path: Path) -> None:
    def silent(rows: dict[str, bytes]) -> None:
        about = json.loads(rows["manifest.json"])
        del about["origins"]["M1"]
        rows["manifest.json"] = json.dumps(about).encode()

    file = tmp_path / "evidence.zip"
    export_evidence(reader, Wanted(from_ms=0, to_ms=MINUTE_MS + 1), file)
    with zipfile.ZipFile(file) as archive:
        rows = {name: archive.read(name) for name in archive.namelist()}
    silent(rows)
    with zipfile.ZipFile(file, "w") as archive:
        for name, body in rows.items():
            archive.writestr(name, body)
    with pytest.raises(stand_alone.Bad, match="M1"):
        stand_alone.verify(str(file), PUBLIC.hex())


def test_of_other_devices_nothing_is_given_away(reader: LedgerReader, tmp_path: Path) -> None:
    file = tmp_path / "evidence.zip"
    assert export_evidence(reader, Wanted(from_ms=0, to_ms=2**40, mn="M2"), file).frames == 3 * ROUNDS
    with zipfile.ZipFile(file) as archive:
        rows = [json.loads(line) for line in archive.read("frames.jsonl").splitlines()]
    assert {row.get("mn") for row in rows} == {None, "M2"}
    assert all(set(row) == {"seq", "link"} for row in rows if "mn" not in row)


def rewrite(file: Path, name: str, change: Callable[[bytes], bytes]) -> None:
    draft = file.with_suffix(".new")
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(draft, "w") as new:
        for entry in old.namelist():
            data = old.read(entry)
            new.writestr(entry, change(data) if entry == name else data)
    draft.replace(file)


def edit(number: int, field: str, value: object) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        rows = [json.loads(line) for line in data.splitlines()]
        assert rows[number][field] != value
        rows[number][field] = value
        return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)

    return change


def without(number: int) -> Callable[[bytes], bytes]:
    return lambda data: b"\n".join(row for i, row in enumerate(data.splitlines()) if i != number)


def swapped(data: bytes) -> bytes:
    one, other, *rest = data.splitlines()
    return b"\n".join([other, one, *rest])


TOUCHED: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("frames.jsonl", edit(3, "segment", "00")),
    ("frames.jsonl", edit(3, "received_ms", 1)),
    ("frames.jsonl", edit(3, "mn", "M3")),
    ("frames.jsonl", edit(3, "link", "00" * 32)),
    ("frames.jsonl", edit(0, "segment", "00")),
    ("frames.jsonl", without(0)),
    ("frames.jsonl", without(5)),
    ("frames.jsonl", without(23)),
    ("frames.jsonl", swapped),
    ("acts.jsonl", edit(1, "actor", "wang")),
    ("acts.jsonl", edit(1, "body", "{}")),
    ("acts.jsonl", without(2)),
    ("frames_proof.json", edit(0, "first_seq", 1)),
    ("frames_proof.json", edit(0, "nodes", [])),
    ("checkpoints.jsonl", without(1)),
    ("checkpoints.jsonl", swapped),
    ("checkpoints.jsonl", edit(1, "signature", "00" * 64)),
    ("consistency.jsonl", edit(0, "frames", [])),
    ("consistency.jsonl", edit(0, "seq", 99)),
    ("manifest.json", lambda data: data.replace(PUBLIC.hex().encode(), b"00" * 32)),
    ("manifest.json", lambda data: b"{}"),
    ("acts_proof.json", lambda data: b"\xff"),
]


@pytest.mark.parametrize("touched", range(len(TOUCHED)))
def test_whatever_is_touched_does_not_hold(reader: LedgerReader, tmp_path: Path, touched: int) -> None:
    file = tmp_path / "evidence.zip"
    export_evidence(reader, Wanted(from_ms=2 * MINUTE_MS, to_ms=5 * MINUTE_MS), file)
    assert stand_alone.main([str(file)]) == 0
    rewrite(file, *TOUCHED[touched])
    assert stand_alone.main([str(file)]) == 1


def test_random_bytes_are_no_evidence(reader: LedgerReader, tmp_path: Path) -> None:
    whole = tmp_path / "evidence.zip"
    export_evidence(reader, Wanted(from_ms=0, to_ms=2**40), whole)
    noise, file = random.Random(7), tmp_path / "noise.zip"
    for _ in range(30):
        data = bytearray(whole.read_bytes())
        for _ in range(20):
            data[noise.randrange(len(data))] = noise.randrange(256)
        file.write_bytes(data)
        try:
            lines = stand_alone.verify(str(file), PUBLIC.hex())
        except Exception:  # noqa: BLE001, S112 - a verifier that stops has not said that it holds
            continue
        # What was hit then is not evidence: the read-me, the verifier itself.
        assert lines == stand_alone.verify(str(whole), PUBLIC.hex())


def test_without_a_checkpoint_there_is_no_evidence(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "ledger.sqlite")
    ledger, empty = Ledger(url), LedgerReader(url)
    with pytest.raises(NotFoundError):
        export_evidence(empty, Wanted(from_ms=0, to_ms=1), tmp_path / "evidence.zip")
    empty.close()
    ledger.close()


def test_the_verifier_needs_nothing_but_the_standard_library() -> None:
    source = Path(stand_alone.__file__).read_text("utf-8")
    imported = {
        line.split()[1].split(".")[0] for line in source.splitlines() if line.startswith(("import ", "from "))
    }
    assert imported <= sys.stdlib_module_names
    assert shutil.which("python3"), "and an interpreter"
