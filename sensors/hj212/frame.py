"""Cutting a byte stream into HJ 212 frames: ``##`` length data crc, driven by the length.

Nothing here does input or output. Bytes go in with the time of their arrival, pieces come out in
the order of the stream. A failed start is left one byte further on, so neither noise nor a wrong
length can swallow the good frame behind it; a start that never completes is given up after a
time-out or at the end of the stream, and the bytes it held are read again.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from sensors.contract import LineEventKind
from sensors.hj212.crc import ALGORITHMS, matches, variant_of
from sensors.hj212.sm4 import decrypt, is_binary, looks_encrypted
from twin.core.device import CrcMode

MARK = b"##"
HEADER_LEN = 6
CRC_LEN = 4
SAMPLE_LEN = 64

_HEX = re.compile(rb"[0-9A-Fa-f]{4}")
_SEGMENT_START = frozenset(b" abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_MN = re.compile(rb"(?:^|[;,])\s*MN=([^;,]*)")
_LINE_END = b"\r\n"
_SLICE = 4096
_GARBAGE_RUN = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A frame whose check sum is right.

    ``data`` is the data segment as it came, undecoded; ``plain`` the same decrypted (equal to
    ``data`` where nothing was encrypted). ``crc`` is the sum's text as it came.
    """

    data: bytes
    crc_mode: CrcMode
    plain: bytes
    crc: bytes = field(default=b"", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFault:
    """Bytes that are not a good frame.

    ``size`` counts the bytes concerned, ``sample`` holds the first of them. ``variant`` names the
    algorithm that would have made a refused check sum right; ``mn`` the device, where legible.
    ``data`` is the whole data segment of a frame that cannot be decrypted: it is worth keeping.
    """

    kind: LineEventKind
    detail: str
    size: int
    sample: bytes
    mn: str = ""
    variant: CrcMode | None = None
    data: bytes = b""


Piece = Segment | LineFault
ModeOf = Callable[[str], CrcMode]
KeysOf = Callable[[str], tuple[bytes, ...]]


def frame(segment: bytes, mode: CrcMode = CrcMode.HJ212) -> bytes:
    """Whole frame around a data segment: mark, length, data, check sum, CR LF."""
    return b"##%04d%b%04X\r\n" % (len(segment), segment, ALGORITHMS[mode](segment))


def mn_of(segment: bytes) -> str:
    """Device number inside a data segment, or an empty string."""
    found = _MN.search(segment)
    return found.group(1).strip().decode("ascii", "backslashreplace") if found else ""


def always_hj212(_mn: str) -> CrcMode:
    """Every device computes the sum of the standard."""
    return CrcMode.HJ212


def no_keys(_mn: str) -> tuple[bytes, ...]:
    """No device has a key."""
    return ()


class Framer:
    """One line's reader. Holds at most one unfinished frame and one slice of input.

    Parameters
    ----------
    max_data_len
        Longest data segment accepted, bytes.
    frame_timeout_ms
        A frame must be complete this long after its first byte.
    mode_of
        Check sum of a device, by its MN.
    keys_of
        SM4 keys of a device, by its MN.
    """

    def __init__(
        self,
        *,
        max_data_len: int = 4096,
        frame_timeout_ms: int = 10_000,
        mode_of: ModeOf = always_hj212,
        keys_of: KeysOf = no_keys,
    ) -> None:
        self._max_data_len = max_data_len
        self._frame_timeout_ms = frame_timeout_ms
        self._mode_of = mode_of
        self._keys_of = keys_of
        self._buffer = bytearray()
        self._at = 0  # next byte to be judged
        self._base = 0  # stream offset of buffer[0]
        self._quiet_to = 0  # stream offset: bytes before it belong to a frame already reported
        self._arrivals: deque[tuple[int, int]] = deque()  # (stream offset, time_ms)
        self._noise = bytearray()
        self._noise_size = 0
        self._out: list[Piece] = []

    @property
    def held(self) -> int:
        """Bytes waiting for the rest of a frame."""
        return len(self._buffer)

    def feed(self, data: bytes, now_ms: int) -> list[Piece]:
        """Read bytes that arrived at ``now_ms``; what they complete comes back in stream order."""
        self._scan_expired(now_ms)
        for start in range(0, len(data), _SLICE):
            self._arrivals.append((self._base + len(self._buffer), now_ms))
            self._buffer += data[start : start + _SLICE]
            self._scan()
        return self._taken()

    def expire(self, now_ms: int) -> list[Piece]:
        """Give up frames that have been incomplete for too long; rescan what they held."""
        self._scan_expired(now_ms)
        return self._taken()

    def close(self) -> list[Piece]:
        """End of the stream: rescan what is held, report what was cut off."""
        while self._at < len(self._buffer):
            self._give_up(LineEventKind.TRUNCATED_AT_CLOSE, "the stream ended inside a frame")
            self._scan()
        self._flush_noise()
        return self._taken()

    def _taken(self) -> list[Piece]:
        out, self._out = self._out, []
        return out

    def _scan_expired(self, now_ms: int) -> None:
        while self._at < len(self._buffer) and now_ms - self._arrived() > self._frame_timeout_ms:
            self._give_up(LineEventKind.FRAME_TIMEOUT, "a frame was not completed in time")
            self._scan()

    def _arrived(self) -> int:
        """Time at which the byte at the reading position came in."""
        position = self._base + self._at
        while len(self._arrivals) > 1 and self._arrivals[1][0] <= position:
            self._arrivals.popleft()
        return self._arrivals[0][1]

    def _give_up(self, kind: LineEventKind, detail: str) -> None:
        rest = bytes(self._buffer[self._at :])
        if rest.startswith(MARK):
            self._fault(kind, detail, rest)
        self._skip(1)

    def _scan(self) -> None:
        while self._step():
            pass
        del self._buffer[: self._at]
        self._base += self._at
        self._at = 0
        while len(self._arrivals) > 1 and self._arrivals[1][0] <= self._base:
            self._arrivals.popleft()

    def _step(self) -> bool:
        """Judge the next start; False when more bytes are needed."""
        start = self._buffer.find(MARK, self._at)
        if start < 0:
            keep = 1 if self._buffer.endswith(b"#", self._at) else 0
            self._skip(len(self._buffer) - keep - self._at)
            return False
        self._skip(start - self._at)
        head = bytes(self._buffer[start + 2 : start + HEADER_LEN])
        wrong = head.lstrip(b"0123456789")
        if wrong:
            detail = f"{wrong[:1]!r} in the length field; expected four digits"
            self._reject(LineEventKind.BAD_LENGTH, detail, len(MARK))
            return True
        if len(head) < 4 or len(self._buffer) == start + HEADER_LEN:
            return False
        return self._judge(int(head))

    def _judge(self, length: int) -> bool:
        """Judge a start whose length field is legible; False when more bytes are needed."""
        if length > self._max_data_len:
            detail = f"length {length} is over the limit {self._max_data_len}"
            self._reject(LineEventKind.LENGTH_OVER_LIMIT, detail, HEADER_LEN)
        elif length == 0:
            self._reject(LineEventKind.EMPTY_DATA, "length 0", HEADER_LEN)
        elif self._buffer[self._at + HEADER_LEN] not in _SEGMENT_START:
            self._skip(1)  # no data segment begins like this: noise that looks like a start
        elif len(self._buffer) < self._at + HEADER_LEN + length + CRC_LEN:
            return False
        else:
            self._check(length)
        return True

    def _check(self, length: int) -> None:
        data_at = self._at + HEADER_LEN
        crc_at = data_at + length
        data = bytes(self._buffer[data_at:crc_at])
        text = bytes(self._buffer[crc_at : crc_at + CRC_LEN])
        mn = mn_of(data)
        mode = self._mode_of(mn)
        value = int(text, 16) if _HEX.fullmatch(text) else -1
        plain = self._opened(data, value, mn, mode) if value >= 0 else None
        if plain is not None:
            self._flush_noise()
            self._out.append(Segment(data=data, crc_mode=mode, plain=plain, crc=text))
            self._at = crc_at + CRC_LEN
            self._quiet_to = self._base + self._at
            return
        self._reject_sum(data, text, value, mn, mode)

    def _opened(self, data: bytes, value: int, mn: str, mode: CrcMode) -> bytes | None:
        """Plain form of a segment whose check sum is right, None where it is not.

        An encrypted segment passes the sum as it stands once in 256 times, so what looks encrypted
        is never taken for plain; and text is tried with the keys only when its sum is wrong.
        """
        if (data.isascii() or not looks_encrypted(data)) and matches(data, value, mode):
            return data
        for key in self._keys_of(mn):
            plain = decrypt(data, key)
            if plain is not data and not is_binary(plain) and matches(plain, value, mode):
                return plain
        return None

    def _reject_sum(self, data: bytes, text: bytes, value: int, mn: str, mode: CrcMode) -> None:
        size = HEADER_LEN + len(data) + CRC_LEN
        if looks_encrypted(data):
            why = "none of its keys fits" if self._keys_of(mn) else "no key is set for the device"
            detail = f"data area is not text and {why}"
            self._reject(LineEventKind.CANNOT_DECRYPT, detail, size, mn=mn, data=data)
            return
        # Starts inside a frame that is already reported are not worth a second opinion.
        fresh = self._base + self._at >= self._quiet_to
        variant = variant_of(data, value) if fresh and value >= 0 and mn else None
        detail = f"check sum {text!r} is wrong for mode {mode.value}"
        if variant is not None:
            detail += f"; the device seems to compute {variant.value}"
        self._reject(LineEventKind.BAD_CRC, detail, size, mn=mn, variant=variant)

    def _reject(
        self,
        kind: LineEventKind,
        detail: str,
        size: int,
        *,
        mn: str = "",
        variant: CrcMode | None = None,
        data: bytes = b"",
    ) -> None:
        seen = bytes(self._buffer[self._at : self._at + size])
        self._fault(kind, detail, seen, mn=mn, variant=variant, data=data)
        self._skip(1)

    def _fault(
        self,
        kind: LineEventKind,
        detail: str,
        seen: bytes,
        *,
        mn: str = "",
        variant: CrcMode | None = None,
        data: bytes = b"",
    ) -> None:
        self._flush_noise()
        self._quiet_to = max(self._quiet_to, self._base + self._at + len(seen))
        self._out.append(
            LineFault(
                kind=kind,
                detail=detail,
                size=len(seen),
                sample=seen[:SAMPLE_LEN],
                mn=mn,
                variant=variant,
                data=data,
            )
        )

    def _skip(self, count: int) -> None:
        """Leave bytes behind; those outside reported frames and line ends are noise."""
        loud_from = max(self._at, self._quiet_to - self._base)
        loud = bytes(self._buffer[loud_from : self._at + count]).translate(None, _LINE_END)
        self._at += count
        while loud:
            run, loud = loud[: _GARBAGE_RUN - self._noise_size], loud[_GARBAGE_RUN - self._noise_size :]
            self._noise_size += len(run)
            self._noise += run[: SAMPLE_LEN - len(self._noise)]
            if self._noise_size >= _GARBAGE_RUN:
                self._flush_noise()

    def _flush_noise(self) -> None:
        if not self._noise_size:
            return
        self._out.append(
            LineFault(
                kind=LineEventKind.GARBAGE,
                detail=f"{self._noise_size} bytes outside of frames",
                size=self._noise_size,
                sample=bytes(self._noise),
            )
        )
        self._noise.clear()
        self._noise_size = 0
