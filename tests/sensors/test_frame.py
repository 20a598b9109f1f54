"""Laws of the framer: nothing raises, nothing good is lost, chunks do not matter, memory is bounded."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensors.contract import LineEventKind
from sensors.hj212 import crc
from sensors.hj212.frame import Framer, LineFault, Piece, Segment, frame
from tests.sensors.line_doubles import upload
from twin.core.device import CrcMode

GOOD = upload(qn=1)
OTHER = upload(qn=2, value="0.5")


def segments(pieces: list[Piece]) -> list[bytes]:
    return [piece.data for piece in pieces if isinstance(piece, Segment)]


def whole(stream: bytes, cuts: list[int] = ()) -> list[Piece]:  # type: ignore[assignment]
    framer = Framer(max_data_len=1024)
    marks = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    pieces: list[Piece] = []
    for start, end in zip(marks, marks[1:], strict=False):
        pieces += framer.feed(stream[start:end], 0)
        assert framer.held <= 16_384
    return pieces + framer.close()


def by_the_book(segment: bytes) -> int:
    """HJ 212-2017, appendix A, as printed."""
    register = 0xFFFF
    for byte in segment:
        register = (register >> 8) ^ byte
        for _ in range(8):
            low = register & 1
            register >>= 1
            if low:
                register ^= 0xA001
    return register


@given(st.binary(max_size=700))
@settings(deadline=None, max_examples=60)
def test_check_sum_is_the_printed_loop(segment: bytes):
    assert crc.hj212_crc(segment) == by_the_book(segment)


def test_only_256_sums_exist():
    assert len(crc.POSSIBLE) == 256
    assert {value & 0xFF for value in crc.POSSIBLE} == {0x00, 0x01, 0x40, 0x41, 0x80, 0x81, 0xC0, 0xC1}


def test_sum_misses_bytes_exchanged_eight_places_apart():
    """Why range and rate checks must run whatever the sum says."""
    assert crc.hj212_crc(b"1234567890") == crc.hj212_crc(b"9234567810")


def test_modbus_check_value():
    """Check value of CRC-16/MODBUS in every catalogue: 0x4B37 for the digits 1 to 9."""
    assert crc.modbus_crc(b"123456789") == 0x4B37
    assert crc.modbus_swapped_crc(b"123456789") == 0x374B


noise = st.one_of(
    st.binary(max_size=80),
    st.sampled_from([b"#", b"##", b"###", b"##9999", b"##0000", b"##+171", b"##01", b"\r\n", GOOD[:40]]),
)


@given(
    before=st.lists(noise, max_size=6),
    after=noise,
    cuts=st.lists(st.integers(0, 900), max_size=12),
)
@settings(deadline=None, max_examples=60)
def test_good_frames_survive_any_neighbours(before: list[bytes], after: bytes, cuts: list[int]):
    stream = b"".join(before) + GOOD + after + OTHER
    found = segments(whole(stream, cuts))
    assert GOOD[6:-6] in found
    assert OTHER[6:-6] in found


@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=60)
def test_chunks_do_not_matter(data: st.DataObject, seed: int):
    """The same bytes give the same pieces, faults included, however the network cuts them."""
    dice = random.Random(seed)
    stream = bytearray(b"#")
    for _ in range(dice.randrange(1, 8)):
        stream += dice.choice([GOOD, OTHER, dice.randbytes(dice.randrange(300)), b"##0200QN=1;", b"#"])
    for _ in range(dice.randrange(6)):
        stream[dice.randrange(len(stream))] = dice.randrange(256)
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=20))
    assert whole(bytes(stream), cuts) == whole(bytes(stream))


def test_fuzz_never_raises_and_never_grows():
    """200 kB of noise and 2,000 mutated frames: no exception, bounded buffer, few accepted."""
    dice = random.Random(212)
    framer = Framer()
    accepted = 0
    for _ in range(50):
        framer.feed(dice.randbytes(4096), 0)
        assert framer.held <= 16_384
    for _ in range(2000):
        bad = bytearray(GOOD)
        for _ in range(3):
            bad[dice.randrange(6, len(bad) - 2)] = dice.choice(b"0123456789ABCDEF;=&#")
        accepted += sum(piece != GOOD[6:-6] for piece in segments(framer.feed(bytes(bad), 0)))
        assert framer.held <= 16_384
    assert accepted <= 40  # 1 in 256 is what the sum can promise; 2 % would be a fault of ours


def test_false_start_does_not_hold_the_next_frame_longer_than_the_time_out():
    framer = Framer(frame_timeout_ms=10_000)
    assert segments(framer.feed(b"##0900QN=stuck;" + GOOD, 0)) == []
    assert framer.expire(10_000) == []
    pieces = framer.expire(10_001)
    assert segments(pieces) == [GOOD[6:-6]]
    assert [piece.kind for piece in pieces if isinstance(piece, LineFault)] == [LineEventKind.FRAME_TIMEOUT]


def test_time_out_keeps_a_frame_that_began_later():
    """Bytes are as old as their own arrival: the half frame behind a stuck one is still young."""
    framer = Framer(frame_timeout_ms=10_000)
    framer.feed(b"##0900QN=stuck;", 0)
    framer.feed(GOOD[:50], 9_000)
    framer.expire(11_000)
    assert segments(framer.feed(GOOD[50:], 12_000)) == [GOOD[6:-6]]


def test_crc_mode_belongs_to_the_device():
    swapped = frame(GOOD[6:-6], CrcMode.MODBUS_SWAPPED)
    modes = {"A1": CrcMode.MODBUS_SWAPPED}
    framer = Framer(mode_of=lambda mn: modes.get(mn, CrcMode.HJ212))
    (piece,) = framer.feed(swapped, 0)
    assert piece == Segment(data=GOOD[6:-6], crc_mode=CrcMode.MODBUS_SWAPPED, plain=GOOD[6:-6])


@pytest.mark.parametrize("length", [b"+171", b" 171", b"0x80", b"1_00", "１７１１".encode()[:4]])
def test_length_is_four_ascii_digits(length: bytes):
    pieces = whole(b"##" + length + GOOD[6:])
    assert segments(pieces) == []
    assert LineEventKind.BAD_LENGTH in {piece.kind for piece in pieces if isinstance(piece, LineFault)}
