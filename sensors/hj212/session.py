"""One line's protocol state, without any input or output: bytes in, decisions out.

The server, the conformance tests and the fuzzers run the same code.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sensors.contract import LineEvent, LineEventKind, LineLimits, Registry
from sensors.hj212.answer import answer_frame
from sensors.hj212.codec import Message, parse
from sensors.hj212.edition import PROFILES, edition_of_flag
from sensors.hj212.findings import FindingKind, FindingTally
from sensors.hj212.frame import SAMPLE_LEN, Framer, LineFault, Piece, Segment
from sensors.hj212.sm4 import should_encrypt
from sensors.hj212.split import SplitTracker
from twin.core.device import CrcMode, Device, Edition
from twin.core.observation import RawFrame

_MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A good frame: store it, and only then send ``answer`` (None: no answer is due).

    With a ``reason`` the frame is to be quarantined; such a frame has no answer. ``odd_crc`` is the
    check sum as it came where it is not the standard's one of the stored segment (another algorithm,
    small letters, encrypted): only with it the packet can be passed on byte for byte.
    """

    frame: RawFrame
    message: Message
    answer: bytes | None
    reason: LineEventKind | None = None
    odd_crc: bytes = b""


Outcome = Delivery | LineEvent


def raw_frame(segment: bytes, message: Message, *, received_ms: int, peer: str) -> RawFrame:
    """Row of the raw store for a segment; missing header fields are empty, PNO 0."""
    return RawFrame(
        received_ms=received_ms,
        peer=peer,
        segment=segment,
        mn=message.mn or "",
        st=message.st or "",
        cn=message.cn or "",
        qn=message.qn or "",
        pno=message.pno or 0,
        sha256=hashlib.sha256(segment).hexdigest(),
    )


class EventGate:
    """Folds equal events: after some per kind and minute the rest is counted, not reported."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._minute = -1
        self._seen: dict[LineEventKind, int] = {}
        self._folded: dict[LineEventKind, int] = {}

    def admit(self, kind: LineEventKind, now_ms: int) -> int:
        """How many events to report in one now: 0 (folded), 1, or more (with those folded before)."""
        minute = now_ms // _MINUTE_MS
        if minute != self._minute:
            self._minute = minute
            self._seen.clear()
        seen = self._seen.get(kind, 0)
        if seen >= self._per_minute:
            self._folded[kind] = self._folded.get(kind, 0) + 1
            return 0
        self._seen[kind] = seen + 1
        return 1 + self._folded.pop(kind, 0)


class LineSession:
    """Framing, identity and split state of one connection.

    Parameters
    ----------
    peer
        Address of the other side, for the records.
    registry
        Devices that may speak, with their passwords and check sums.
    limits
        Bounds of the line.
    splits
        Packages of split messages, shared by the lines of a server: the rest of a message may
        come on the next connection.
    findings
        Where diagnoses of devices are counted, shared like ``splits``.
    """

    def __init__(
        self,
        peer: str,
        registry: Registry,
        limits: LineLimits,
        splits: SplitTracker | None = None,
        findings: FindingTally | None = None,
    ) -> None:
        self._peer = peer
        self._registry = registry
        self._framer = Framer(
            max_data_len=limits.max_data_len,
            frame_timeout_ms=round(limits.frame_timeout_s * 1000),
            mode_of=self._mode_of,
            keys_of=registry.sm4_keys,
        )
        self._split = splits or SplitTracker(round(limits.split_timeout_s * 1000))
        self._findings = findings or FindingTally()
        self._gate = EventGate(limits.max_events_per_minute)
        self._now_ms = 0
        self.bad_bytes = 0
        self.bad_pieces = 0  # since the last frame of a known device
        self.devices: set[str] = set()
        self._odd_editions: set[str] = set()

    @property
    def held(self) -> int:
        """Bytes of an unfinished frame."""
        return self._framer.held

    def read(self, data: bytes, now_ms: int) -> list[Outcome]:
        """Bytes that arrived now; what follows from them, in stream order."""
        self._now_ms = now_ms
        return self._judged(self._framer.feed(data, now_ms)) + self._late_splits(now_ms)

    def tick(self, now_ms: int) -> list[Outcome]:
        """Time has passed: give up what is overdue."""
        self._now_ms = now_ms
        return self._judged(self._framer.expire(now_ms)) + self._late_splits(now_ms)

    def close(self, now_ms: int) -> list[Outcome]:
        """The other side has gone: read what is still held."""
        self._now_ms = now_ms
        outcomes = self._judged(self._framer.close())
        for mn in sorted(self.devices):
            outcomes.append(self._plain(LineEventKind.DISCONNECT, mn))
        return outcomes

    def _mode_of(self, mn: str) -> CrcMode:
        device = self._registry.device(mn)
        return CrcMode.HJ212 if device is None else device.crc_mode

    def _judged(self, pieces: list[Piece]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for piece in pieces:
            if isinstance(piece, LineFault):
                outcomes += self._fault(piece)
            else:
                self.bad_bytes = 0
                outcomes += self._frame(piece)
        return outcomes

    def _fault(self, fault: LineFault) -> list[Outcome]:
        """Event of a refused frame; what cannot be decrypted is kept apart, the key may come later."""
        self.bad_bytes += fault.size
        self.bad_pieces += 1
        known = self._registry.device(fault.mn) is not None
        mn = fault.mn if known else ""
        outcomes = self._event(fault.kind, fault.detail, mn=mn, sample=fault.sample)
        if known and fault.kind is LineEventKind.BAD_CRC:
            what = "" if fault.variant is None else fault.variant.value
            self._findings.add(mn, FindingKind.CRC_WRONG, what, self._now_ms, fault.detail)
        if fault.data:
            message = parse(fault.data)
            frame = raw_frame(fault.data, message, received_ms=self._now_ms, peer=self._peer)
            reason = LineEventKind.CANNOT_DECRYPT if known else LineEventKind.UNKNOWN_DEVICE
            outcomes.append(Delivery(frame=frame, message=message, answer=None, reason=reason))
            if known:
                self._findings.add(mn, FindingKind.CANNOT_DECRYPT, "", self._now_ms, fault.detail)
        return outcomes

    def _noticed(self, segment: Segment, message: Message, device: Device) -> list[Outcome]:
        """Diagnoses of a good frame. The device's record says its edition, Flag is a hint only."""
        add, mn, now_ms = self._findings.add, device.mn, self._now_ms
        self._findings.right(mn, segment.crc_mode.value, now_ms)
        cn = message.cn or ""
        if device.edition is Edition.HJ2025 and segment.plain is segment.data and should_encrypt(cn):
            add(mn, FindingKind.NOT_ENCRYPTED, cn, now_ms)
        bits = message.version_bits
        if bits is None or bits == PROFILES[device.edition].version_bits:
            return []
        claimed = edition_of_flag(bits)
        what = "" if claimed is None else claimed.value
        add(mn, FindingKind.EDITION_DIFFERS, what, now_ms)
        if mn in self._odd_editions:
            return []
        self._odd_editions.add(mn)
        detail = f"Flag={message.flag} says {what or 'no known edition'}, its record {device.edition.value}"
        return self._event(LineEventKind.EDITION_DIFFERS, detail, mn=mn)

    def _frame(self, segment: Segment) -> list[Outcome]:
        message = parse(segment.plain)
        frame = raw_frame(segment.data, message, received_ms=self._now_ms, peer=self._peer)
        reason = self._refusal(message)
        outcomes: list[Outcome] = []
        if reason is not None:
            sample = segment.data[:SAMPLE_LEN]
            outcomes += self._event(reason, f"MN {frame.mn[:64]!r}", sample=sample)
            outcomes.append(Delivery(frame=frame, message=message, answer=None, reason=reason))
            return outcomes
        self.bad_pieces = 0
        if frame.mn not in self.devices:
            self.devices.add(frame.mn)
            outcomes.append(self._plain(LineEventKind.CONNECT, frame.mn))
        device = self._registry.device(frame.mn)
        if device is not None:
            outcomes += self._noticed(segment, message, device)
        self._split.add(message, self._now_ms)
        for problem in message.problems:
            sample = segment.data[:SAMPLE_LEN]
            outcomes += self._event(problem.kind, problem.detail, mn=frame.mn, sample=sample)
        answer = answer_frame(message, segment.crc_mode)
        odd_crc = b"" if _is_plain_sum(segment) else segment.crc
        outcomes.append(Delivery(frame=frame, message=message, answer=answer, odd_crc=odd_crc))
        return outcomes

    def _refusal(self, message: Message) -> LineEventKind | None:
        mn = message.mn or ""
        if self._registry.device(mn) is None:
            return LineEventKind.UNKNOWN_DEVICE
        wanted = self._registry.passwords(mn)
        if wanted and message.pw not in wanted:
            return LineEventKind.WRONG_PASSWORD
        return None

    def _late_splits(self, now_ms: int) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for mn, detail in self._split.expire(now_ms):
            self._findings.add(mn, FindingKind.SPLIT_INCOMPLETE, "", now_ms, detail)
            outcomes += self._event(LineEventKind.SPLIT_INCOMPLETE, detail, mn=mn)
        return outcomes

    def _plain(self, kind: LineEventKind, mn: str) -> LineEvent:
        return LineEvent(kind=kind, time_ms=self._now_ms, peer=self._peer, mn=mn)

    def _event(self, kind: LineEventKind, detail: str, *, mn: str = "", sample: bytes = b"") -> list[Outcome]:
        count = self._gate.admit(kind, self._now_ms)
        if not count:
            return []
        event = LineEvent(
            kind=kind,
            time_ms=self._now_ms,
            peer=self._peer,
            mn=mn,
            detail=detail,
            count=count,
            sample=sample,
        )
        return [event]


def _is_plain_sum(segment: Segment) -> bool:
    """Whether the sum that came is what the standard's algorithm gives for the segment as it came."""
    by_standard = segment.crc_mode is CrcMode.HJ212 and segment.plain is segment.data
    return by_standard and segment.crc == segment.crc.upper()
