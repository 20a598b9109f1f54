"""Newest raw frames with their decoded view."""

from __future__ import annotations

import heapq
import re

from apiflask import APIBlueprint

from sensors.hj212.codec import Message, parse
from twin.store.rows import QuarantinedFrame, StoredFrame
from web.reply import Operation, serve
from web.schemas.frame import FRAMES_MAX, FieldOut, FrameOut, FramesOut, FramesQuery
from web.services import services

frames = APIBlueprint("frames", __name__, url_prefix="/api/v1", tag="Instruments")
_PASSWORD = re.compile(rb"((?:^|[;,&])\s*PW\s*=)[^;,&]*", re.IGNORECASE)


def get_frames(query: FramesQuery) -> FramesOut:
    """Newest raw frames, stored and quarantined, with what they mean."""
    ledger = services().ledger
    stored = [_stored(row) for row in ledger.frames(query.mn, query.limit)]
    held = [_held(row) for row in ledger.quarantined(FRAMES_MAX) if query.mn in (None, row.mn)]
    return FramesOut(frames=heapq.nlargest(query.limit, stored + held, key=lambda row: row.received_ms))


def _stored(row: StoredFrame) -> FrameOut:
    read = parse(row.segment)
    return FrameOut(
        seq=row.seq,
        received_ms=row.received_ms,
        peer=row.peer,
        mn=row.mn,
        st=row.st,
        cn=row.cn,
        qn=row.qn,
        status="stored",
        reason=row.fault,
        segment=as_text(row.segment),
        fields=_fields(read),
        problems=[problem.detail for problem in read.problems],
    )


def _held(row: QuarantinedFrame) -> FrameOut:
    read = parse(row.segment)
    return FrameOut(
        seq=row.seq,
        received_ms=row.received_ms,
        peer=row.peer,
        mn=row.mn,
        st=read.st or "",
        cn=read.cn or "",
        qn=read.qn or "",
        status="quarantined",
        reason=row.reason,
        segment=as_text(row.segment),
        fields=_fields(read),
        problems=[problem.detail for problem in read.problems],
    )


def _fields(read: Message) -> list[FieldOut]:
    return [FieldOut(key=key, text=text) for group in read.groups for key, text in group]


def as_text(segment: bytes) -> str:
    r"""Segment for people: UTF-8 where it is, ``\xNN`` where it is not, without its password.

    Who may look at frames may not for that speak for the instruments; wrong passwords are often
    right ones of another device.
    """
    return _PASSWORD.sub(rb"\1******", segment).decode("utf-8", errors="backslashreplace")


serve(frames, "/frames", get_frames, Operation(gives=FramesOut, reads=FramesQuery, errors=(503,)))
