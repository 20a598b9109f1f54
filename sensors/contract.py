"""What a line reader needs from the rest of the house: a sink, a registry, and limits.

The server never imports a store. It hands frames to a ``FrameSink`` and answers the instrument
only after the sink has said that the frame is durable.
"""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol

from twin.core.device import Device
from twin.core.observation import RawFrame

ReceiptStatus = Literal["stored", "duplicate", "quarantined"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Proof that a frame is durable. ``ledger_seq`` is its row in the raw store."""

    status: ReceiptStatus
    ledger_seq: int


class LineEventKind(StrEnum):
    """What can happen on a line besides a good frame. Values are stable and machine-readable."""

    CONNECT = "connect"
    DISCONNECT = "disconnect"
    REFUSED = "refused"
    STORE_FAILED = "store_failed"
    GARBAGE = "garbage"
    BAD_LENGTH = "bad_length"
    LENGTH_OVER_LIMIT = "length_over_limit"
    EMPTY_DATA = "empty_data"
    BAD_CRC = "bad_crc"
    TRUNCATED_AT_CLOSE = "truncated_at_close"
    FRAME_TIMEOUT = "frame_timeout"
    CANNOT_DECRYPT = "cannot_decrypt"
    UNKNOWN_DEVICE = "unknown_device"
    WRONG_PASSWORD = "wrong_password"
    UNDECODABLE_TEXT = "undecodable_text"
    BAD_TIME = "bad_time"
    TIME_OUT_OF_WINDOW = "time_out_of_window"
    CLOCK_AHEAD = "clock_ahead"
    BAD_FLAG = "bad_flag"
    NO_CP = "no_cp"
    BAD_CP = "bad_cp"
    UNKNOWN_CN = "unknown_cn"
    UNKNOWN_ST = "unknown_st"
    DUPLICATE_KEY = "duplicate_key"
    DUPLICATE_FACTOR = "duplicate_factor"
    BAD_SPLIT = "bad_split"
    SPLIT_INCOMPLETE = "split_incomplete"
    EDITION_DIFFERS = "edition_differs"
    LINE_DOWN = "line_down"
    NO_ANSWER = "no_answer"
    EXCEPTION_ANSWER = "exception_answer"
    WRONG_DEVICE = "wrong_device"
    BAD_CHECKSUM = "bad_checksum"
    BAD_PAYLOAD = "bad_payload"
    BAD_ROWS = "bad_rows"


@dataclass(frozen=True, slots=True, kw_only=True)
class LineEvent:
    """Something that happened on a line at ``time_ms``.

    ``mn`` is empty where the device is not known (yet). ``count`` is above 1 when equal events
    were folded into one so that a noisy line cannot flood the ledger. ``sample`` holds at most
    64 of the bytes that caused it.
    """

    kind: LineEventKind
    time_ms: int
    peer: str
    mn: str = ""
    detail: str = ""
    count: int = 1
    sample: bytes = b""


class FrameSink(Protocol):
    """Where frames become durable. Several calls may be in flight at once, so it can batch them."""

    def accept(self, frame: RawFrame) -> Awaitable[Receipt]:
        """Store a frame of a known device; what is given back is done only when it is durable.

        Raises StoreError when it cannot be stored; the instrument is then not answered.
        """
        ...

    async def accept_large(self, frame: RawFrame) -> Receipt:
        """The same for a file, whose decoding takes long enough to make other lines wait."""
        ...

    async def quarantine(self, frame: RawFrame, reason: LineEventKind) -> Receipt:
        """Keep a frame apart (``unknown_device`` or ``wrong_password``); it is never answered.

        The receipt's status is ``quarantined``. A sink may drop such frames to bound its size.
        """
        ...

    def line_event(self, event: LineEvent) -> None:
        """Note an event of a line. Must not block and must not raise."""
        ...


class Registry(Protocol):
    """The devices that may speak here."""

    def device(self, mn: str) -> Device | None:
        """Registered device, or None."""
        ...

    def password(self, mn: str) -> str | None:
        """Password of a device for what is sent to it; None means that any is taken."""
        ...

    def passwords(self, mn: str) -> tuple[str, ...]:
        """All that are taken from it now (a new one may be on its way); empty means any."""
        ...

    def sm4_key(self, mn: str) -> bytes | None:
        """SM4 key of a device (16 bytes) for what is sent to it; None where it has none."""
        ...

    def sm4_keys(self, mn: str) -> tuple[bytes, ...]:
        """Keys for what comes from a device: the present one first, then those that it had before."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LineLimits:
    """Bounds that keep one line, or a hostile peer, from harming the others.

    ``max_data_len``: longest data segment in bytes (the standard says 1024; field devices send
    up to 1623). ``max_in_flight``: frames of one line that may wait for the sink.
    ``max_frames_per_s`` and ``max_bytes_per_s`` slow the reading of a line down,
    ``address_frames_per_s`` and ``address_bytes_per_s`` that of all lines of one address together.
    ``max_bad_bytes`` and ``max_faults``: bytes, and pieces of noise, without one good frame after
    which a line is closed. ``idle_timeout_s``: a line without a byte for so long is closed, or after
    ten intervals of its slowest device where that is longer.
    ``max_new_per_s``, ``max_new_burst``: new lines of one address. ``max_strange_per_min``: frames of
    unknown devices that are kept, of one address; the others are counted only.
    """

    max_data_len: int = 4096
    frame_timeout_s: float = 10.0
    split_timeout_s: float = 60.0
    idle_timeout_s: float = 900.0
    max_connections: int = 512
    max_connections_per_address: int = 256
    max_in_flight: int = 256
    max_frames_per_s: float = 2000.0
    max_bytes_per_s: float = 2_000_000.0
    address_frames_per_s: float = 10_000.0
    address_bytes_per_s: float = 10_000_000.0
    max_new_per_s: float = 20.0
    max_new_burst: int = 1_024
    max_strange_per_min: int = 120
    max_bad_bytes: int = 65_536
    max_faults: int = 256
    max_events_per_minute: int = 20
    write_timeout_s: float = 20.0
