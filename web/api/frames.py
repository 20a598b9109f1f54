"""Raw frames with their decoded view, and what was wrong on the lines."""

from __future__ import annotations

import heapq
from dataclasses import replace

from apiflask import APIBlueprint

from sensors.hj212.codec import Message, parse
from sensors.table import TABLE
from twin.core.errors import BadRequestError, NotFoundError
from twin.store.frame_search import (
    FrameFilter,
    find_frames,
    find_quarantined,
    one_frame,
    one_quarantined,
)
from twin.store.rows import QuarantinedFrame, StoredFrame
from web.frame_mask import HIDDEN, as_text, field_text, shown_hash, without_password
from web.frame_values import kind_of, values_of
from web.reply import Operation, serve
from web.schemas.frame import (
    FieldOut,
    FrameDetailOut,
    FrameOut,
    FramesOut,
    FramesQuery,
    LineErrorOut,
    LineErrorsOut,
)
from web.services import services

frames = APIBlueprint("frames", __name__, url_prefix="/api/v1", tag="Instruments")
# Frames of HJ 212 are far shorter; an uploaded file may have 5 MB.
_SHOWN_BYTES, _SHOWN_FIELDS, _SHOWN_CHARS = 16_384, 200, 500
_SAYS_NOTHING = replace(parse(b""), problems=())
_LEAST_CHARS = 3


def get_frames(query: FramesQuery) -> FramesOut:
    """Raw frames, stored and quarantined, newest first, with what they mean."""
    if query.status == "all":
        return _newest(query)
    wanted = _filter(query)
    if query.status == "stored":
        page = find_frames(services().ledger, wanted, query.limit)
        return FramesOut(
            frames=[_stored(row) for row in page.frames], before=page.before, looked_to_ms=page.looked_to_ms
        )
    held, before = find_quarantined(services().ledger, wanted, query.limit)
    return FramesOut(frames=[_held(row) for row in held], before=before, looked_to_ms=None)


def _newest(query: FramesQuery) -> FramesOut:
    if query.before is not None:
        msg = "before counts the frames of one store; expected status=stored or status=quarantined with it"
        raise BadRequestError(
            msg,
            message_zh="before 是某一存放处的序号；应同时给出 status=stored 或 status=quarantined",
            field="before",
            value=query.before,
        )
    ledger, wanted = services().ledger, _filter(query)
    stored = [_stored(row) for row in find_frames(ledger, wanted, query.limit).frames]
    held = [_held(row) for row in find_quarantined(ledger, wanted, query.limit)[0]]
    newest = heapq.nlargest(query.limit, stored + held, key=lambda row: row.received_ms)
    return FramesOut(frames=newest, before=None, looked_to_ms=None)


def _filter(query: FramesQuery) -> FrameFilter:
    return FrameFilter(
        mn=query.mn,
        cn=query.cn,
        from_ms=query.from_ms,
        to_ms=query.to_ms,
        fault=query.fault,
        before=query.before,
    )


def get_frame(seq: int) -> FrameDetailOut:
    """One stored frame: its bytes, its header, the values that it wrote."""
    row = one_frame(services().ledger, seq)
    if row is None:
        raise _nothing(seq)
    read, _ = _read(row)
    return FrameDetailOut(
        frame=_stored(row),
        bytes=len(row.segment),
        hex=without_password(row.segment[:_SHOWN_BYTES]).hex(),
        sha256=shown_hash(row.segment, row.sha256),
        pno=row.pno,
        body_no=row.body_no,
        flag=read.flag,
        pnum=read.pnum,
        kind=kind_of(row.cn),
        values=values_of(row, read),
    )


def get_quarantined(seq: int) -> FrameDetailOut:
    """One frame that is held apart: its bytes and its header. It wrote nothing."""
    row = one_quarantined(services().ledger, seq)
    if row is None:
        raise _nothing(seq)
    read = parse(row.segment)
    return FrameDetailOut(
        frame=_held(row),
        bytes=len(row.segment),
        hex=without_password(row.segment).hex(),
        sha256="",
        pno=read.pno,
        body_no=0,
        flag=read.flag,
        pnum=read.pnum,
        kind=kind_of(read.cn or ""),
        values=[],
    )


def _nothing(seq: int) -> NotFoundError:
    return NotFoundError(
        f"there is no frame {seq}", message_zh=f"没有序号为 {seq} 的报文", field="seq", value=seq
    )


def get_line_errors() -> LineErrorsOut:
    """What was wrong on the lines, by kind, with the newest example of each."""
    own = services()
    rows = [
        LineErrorOut(
            kind=row.kind,
            count=row.count,
            first_ms=row.first_ms,
            last_ms=row.last_ms,
            last_peer=row.last_peer,
            last_detail=row.last_detail,
        )
        for row in own.ledger.line_errors()
    ]
    return LineErrorsOut(now_ms=own.clock.now_ms(), errors=rows)


def _stored(row: StoredFrame) -> FrameOut:
    read, fields = _read(row)
    return FrameOut(
        seq=row.seq,
        received_ms=row.received_ms,
        peer=row.peer,
        mn=_masked(row.mn),
        st=_masked(row.st),
        cn=_masked(row.cn),
        qn=_masked(row.qn),
        status="stored",
        reason=row.fault,
        segment=as_text(row.segment[:_SHOWN_BYTES]),
        fields=fields,
        problems=_problems(read),
    )


def _read(row: StoredFrame) -> tuple[Message, list[FieldOut]]:
    """A frame taken apart by the language of its device: ``cn`` is its name where it is not HJ 212."""
    foreign = TABLE.get(row.cn)
    if foreign is None:
        read = parse(row.segment)
        return read, _fields(read)
    pairs = foreign.view(row.segment)[:_SHOWN_FIELDS]
    return _SAYS_NOTHING, [
        FieldOut(key=key, text=field_text(key, text)[:_SHOWN_CHARS]) for key, text in pairs
    ]


def _held(row: QuarantinedFrame) -> FrameOut:
    read = parse(row.segment)
    return FrameOut(
        seq=row.seq,
        received_ms=row.received_ms,
        peer=row.peer,
        mn=_masked(row.mn),
        st=_masked(read.st or ""),
        cn=_masked(read.cn or ""),
        qn=_masked(read.qn or ""),
        status="quarantined",
        reason=row.reason,
        segment=as_text(row.segment),
        fields=_fields(read),
        problems=_problems(read),
    )


def _fields(read: Message) -> list[FieldOut]:
    return [FieldOut(key=key, text=field_text(key, text)) for group in read.groups for key, text in group]


def _masked(text: str) -> str:
    """A field of the header; with a lost separator the next field stands in it too."""
    return as_text(text.encode("utf-8", "replace"))


def _problems(read: Message) -> list[str]:
    """Doubts, which may quote what is written in the frame."""
    details = [_masked(problem.detail) for problem in read.problems]
    if not read.pw or len(read.pw) < _LEAST_CHARS:
        return details
    return [text.replace(read.pw, HIDDEN) for text in details]


serve(frames, "/frames", get_frames, Operation(gives=FramesOut, reads=FramesQuery, errors=(503,)))
serve(frames, "/frames/<int:seq>", get_frame, Operation(gives=FrameDetailOut, errors=(404, 503)))
serve(
    frames,
    "/frames/quarantined/<int:seq>",
    get_quarantined,
    Operation(gives=FrameDetailOut, errors=(404, 503)),
)
serve(frames, "/line-errors", get_line_errors, Operation(gives=LineErrorsOut, errors=(503,)))
