"""SM4 in the data area: vectors, wrong keys, and lines that mix plain and encrypted frames."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensors.contract import LineEvent, LineEventKind, LineLimits
from sensors.hj212 import sm4
from sensors.hj212.crc import hj212_crc
from sensors.hj212.session import Delivery, LineSession
from tests.sensors.line_doubles import OpenRegistry, upload
from twin.core.errors import SettingsError

KEY = b"0" * 16
HEAD = b"QN=20240520210600001;ST=31;CN=2011;PW=123456;MN=A1;Flag=9;CP=&&"


def wire(plain: bytes, key: bytes = KEY) -> bytes:
    segment = sm4.encrypt(plain, key)
    return b"##%04d%b%04X\r\n" % (len(segment), segment, hj212_crc(plain))


def session(keys: tuple[bytes, ...] = (KEY,)) -> LineSession:
    return LineSession("p", OpenRegistry(sm4_keys={"A1": keys}), LineLimits())


def test_the_first_bytes_are_those_of_the_standard() -> None:
    """HJ 212-2025, A.2: DataTime=2024052... under sixteen times 0x30 begins with E4 3E."""
    sealed = sm4.encrypt(HEAD + b"DataTime=20240520210600;a34013-Rtd=12.34&&", KEY)
    assert sealed[len(HEAD) :].startswith(bytes.fromhex("E43E159A"))


def test_the_block_cipher_is_that_of_the_national_standard() -> None:
    """GB/T 32907-2016, annex A.1."""
    key = bytes.fromhex("0123456789abcdeffedcba9876543210")
    sealed = sm4.encrypt(b"CP=&&" + key + b"&&", key)
    assert sealed[5:-2].hex() == "681edf34d206965e86b3e94f536e4246"


@given(st.binary(max_size=200), st.binary(min_size=16, max_size=16))
@settings(deadline=None, max_examples=60)
def test_what_was_encrypted_comes_back(area: bytes, key: bytes) -> None:
    segment = HEAD + area + b"&&"
    sealed = sm4.encrypt(segment, key)
    assert len(sealed) == len(segment)
    assert sealed[: len(HEAD)] == HEAD
    tail = len(area) % 16
    assert sealed[len(segment) - 2 - tail :] == segment[len(segment) - 2 - tail :]
    assert sm4.decrypt(sealed, key) == segment


def test_plain_and_encrypted_frames_share_a_line_and_the_raw_bytes_are_kept() -> None:
    plain = HEAD + b"DataTime=20240520210600;a21018-Rtd=0.031,a21018-Flag=N&&"
    first, second = wire(plain), upload()
    rows = [row for row in session().read(first + second, 0) if isinstance(row, Delivery)]
    assert [row.reason for row in rows] == [None, None]
    assert rows[0].frame.segment == first[6:-6] != plain
    assert rows[0].message.value("a21018-Rtd") == "0.031"
    assert rows[0].answer is not None


@pytest.mark.parametrize("keys", [(), (b"1" * 16,)])
def test_a_frame_without_its_key_is_kept_apart_and_reported(keys: tuple[bytes, ...]) -> None:
    sealed = wire(HEAD + b"DataTime=20240520210600;a21018-Rtd=0.031,a21018-Flag=N&&")
    rows = session(keys).read(sealed, 0)
    (kept,) = [row for row in rows if isinstance(row, Delivery)]
    assert (kept.reason, kept.answer) == (LineEventKind.CANNOT_DECRYPT, None)
    assert kept.frame.segment == sealed[6:-6]
    assert LineEventKind.CANNOT_DECRYPT in {row.kind for row in rows if isinstance(row, LineEvent)}


def test_a_wrong_key_is_never_taken_although_the_sum_fits_once_in_256() -> None:
    accepted = 0
    for k in range(600):
        sealed = wire(HEAD + b"DataTime=20240520210600;a21018-Rtd=%d,a21018-Flag=N&&" % k, b"9" * 16)
        accepted += sum(
            isinstance(row, Delivery) and row.reason is None for row in session((KEY,)).read(sealed, 0)
        )
    assert accepted == 0


def test_after_a_change_of_key_the_old_one_still_opens() -> None:
    plain = HEAD + b"DataTime=20240520210600;a21018-Rtd=0.031,a21018-Flag=N&&"
    new = b"n" * 16
    sealed = sm4.encrypt(plain, KEY)
    assert sm4.plain_of(sealed, (new, KEY)) == plain
    assert sm4.plain_of(sealed, (new,)) is None
    assert sm4.plain_of(plain, ()) == plain


def test_text_of_old_loggers_is_not_taken_for_cipher() -> None:
    segment = b"MN=A1;Flag=4;CP=&&i11001-Info=//" + "清洗管路更换试剂".encode("gb18030") + b"//&&"
    assert not sm4.is_binary(segment)


@pytest.mark.parametrize("text", ["", "short", "x" * 17, "０" * 16, "g" * 32])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(SettingsError):
        sm4.key_of(text)


@pytest.mark.parametrize(
    ("cn", "wanted"),
    [("2011", True), ("2999", True), ("1014", True), ("3020", True), ("9014", False), ("", False)],
)
def test_commands_that_shall_be_encrypted(cn: str, wanted: bool) -> None:
    assert sm4.should_encrypt(cn) is wanted
