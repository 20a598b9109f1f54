"""Verbs of what is uploaded: laboratory results, portable detectors, result files, lidar scans.

A file goes into the ledger as a raw frame of its own device, byte by byte, like any frame from a line.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from typing import Literal

from pydantic import Field

from sensors.lidar.scan import encode, read_scan
from sensors.lines.contract import frame_of
from sensors.lines.folder import file_qn
from sensors.table import sensor_row
from sensors.upload.review import FILE_PROTOCOLS, PREVIEW_MAX, FileReview, review_file, template
from sensors.upload.sheet import FILE_BYTES_MAX
from twin.core.actor import Role
from twin.core.device import Device, series_key
from twin.core.errors import BadRequestError, NotFoundError
from twin.core.observation import Observation, RawFrame
from twin.core.park import Park
from twin.core.quantity import quantity
from twin.live.desk import DeskArgs, DeskCall, DeskVerb
from twin.store.blobs import write_blob
from twin.store.snapshots import PutSnapshot
from twin.store.uploads import LidarRow, StoreUpload, UploadRow

LIDAR_FOLDER, LIDAR_ENDING = "lidar", ".twl"
UPLOAD_DEVICES = "upload_devices"
_TEXT_MAX = 200


class UploadArgs(DeskArgs):
    """``upload.store``: a file for a device. ``content`` is base64."""

    mn: str = Field(min_length=1, max_length=40)
    filename: str = Field(default="", max_length=_TEXT_MAX)
    format: Literal["auto", "csv", "xlsx", "json", "ftir", "lidar"] = "auto"
    content: str = Field(max_length=FILE_BYTES_MAX * 4 // 3 + 8)
    dry_run: bool = False
    analyst: str = Field(default="", max_length=_TEXT_MAX)
    method: str = Field(default="", max_length=_TEXT_MAX)
    note: str = Field(default="", max_length=1000)


async def store(call: DeskCall) -> dict[str, object]:
    """Read a file, store it with all that is good in it, say what was not."""
    args = call.read(UploadArgs)
    device = _device(call, args.mn)
    now_ms = call.clock.now_ms()
    data = _content(args.content)
    frame = frame_of(device, data, received_ms=now_ms, peer=f"upload:{call.actor.name}", qn=file_qn(data))
    review = await asyncio.to_thread(_review, frame, device, call.park.utc_offset_h)
    _check_format(args.format, review.format)
    answer = _answer(args, device, frame, review)
    if args.dry_run:
        return answer
    # Accepted frames are counted by the line's rules as well; the file's own act names who and how.
    receipt = await call.sink.accept_large(frame)
    scan = await asyncio.to_thread(_scan, call, device, frame, receipt.ledger_seq)
    row = UploadRow(
        frame_seq=receipt.ledger_seq,
        mn=device.mn,
        time_ms=now_ms,
        actor=call.actor.name,
        filename=args.filename,
        format=review.format,
        sha256=frame.sha256,
        n_rows=review.rows,
        n_good=review.good,
        n_values=len(review.observations),
        analyst=args.analyst,
        method=args.method,
        note=args.note,
    )
    if receipt.status == "stored":
        await call.sink.perform(StoreUpload(row=row, scan=scan))
    return answer | {"status": receipt.status, "frame_seq": receipt.ledger_seq}


VERBS: tuple[DeskVerb, ...] = (DeskVerb(name="upload.store", role=Role.OPERATOR, run=store),)


def upload_picture(park: Park, now_ms: int) -> PutSnapshot:
    """Deed: tell those that only read which devices take files, and how their tables are headed."""
    rows = [
        {
            "mn": row.mn,
            "sensor": row.sensor_id,
            "station": row.station_id,
            "protocol": row.protocol,
            "origin": row.origin.value,
            "factors": [{"code": f.code, "quantity": f.quantity, "unit": f.unit} for f in row.factors],
            "headers": {language: list(template(row, language)) for language in ("zh", "en")},
        }
        for row in park.devices
        if row.protocol in FILE_PROTOCOLS
    ]
    return PutSnapshot(name=UPLOAD_DEVICES, time_ms=now_ms, body={"devices": rows})


def _device(call: DeskCall, mn: str) -> Device:
    device = call.registry.device(mn)
    if device is None:
        raise NotFoundError(
            f"device {mn!r} is not registered", message_zh=f"未登记的设备 {mn!r}", field="mn", value=mn
        )
    if device.protocol not in FILE_PROTOCOLS:
        known = ", ".join(sorted(FILE_PROTOCOLS))
        raise BadRequestError(
            f"device {mn} speaks {device.protocol}; expected one with protocol {known}: "
            "an upload never writes into a live series",
            message_zh=f"设备 {mn} 的协议为 {device.protocol}；应为 {known} 之一：上传数据不得写入在线序列",
            field="mn",
            value=mn,
        )
    return device


def _content(text: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise BadRequestError(
            f"content: {error}; expected base64",
            message_zh=f"content：{error}；应为 base64",
            field="content",
            value=text[:40],
        ) from None
    if not 0 < len(data) <= FILE_BYTES_MAX:
        raise BadRequestError(
            f"file: {len(data)} bytes; expected 1 to {FILE_BYTES_MAX}",
            message_zh=f"文件：{len(data)} 字节；应为 1 至 {FILE_BYTES_MAX} 字节",
            field="file",
            value=len(data),
        )
    return data


def _review(frame: RawFrame, device: Device, utc_offset_h: float) -> FileReview:
    said = sensor_row(device.protocol).decode(frame, device, utc_offset_h)
    return review_file(frame, said, device, utc_offset_h)


def _check_format(asked: str, found: str) -> None:
    if asked not in ("auto", found):
        raise BadRequestError(
            f"format: the file is {found}; expected {asked}",
            message_zh=f"格式：文件为 {found}；应为 {asked}",
            field="format",
            value=found,
        )


def _scan(call: DeskCall, device: Device, frame: RawFrame, frame_seq: int) -> LidarRow | None:
    """Row of the index of a lidar scan, whose compact file is made durable before it."""
    if device.protocol != "lidar":
        return None
    scan = read_scan(frame.segment, call.park.utc_offset_h)
    body = encode(scan)
    write_blob(call.settings.data_dir / LIDAR_FOLDER / f"{frame.sha256}{LIDAR_ENDING}", body)
    low, high = scan.span()
    return LidarRow(
        sha256=frame.sha256,
        frame_seq=frame_seq,
        mn=device.mn,
        station_id=device.station_id,
        origin=device.origin.value,
        time_ms=scan.time_ms[0],
        end_ms=scan.time_ms[-1],
        rays=len(scan.time_ms),
        gates=int(scan.values.shape[1]),
        gate_m=scan.gate_m,
        first_gate_m=scan.first_gate_m,
        quantity=scan.quantity,
        unit=scan.unit,
        low=low,
        high=high,
        size_bytes=len(body),
    )


def _answer(args: UploadArgs, device: Device, frame: RawFrame, review: FileReview) -> dict[str, object]:
    return {
        "status": "dry_run",
        "mn": device.mn,
        "sensor": device.sensor_id,
        "origin": device.origin.value,
        "format": review.format,
        "filename": args.filename,
        "sha256": frame.sha256,
        "frame_seq": None,
        "rows": review.rows,
        "good": review.good,
        "bad": review.rows - review.good,
        "values": len(review.observations),
        "columns": [
            {"header": row.header, "role": row.role.value, "code": row.code, "unit": row.unit}
            for row in review.columns
        ],
        "problems": [
            {
                "row": row.row,
                "column": row.column,
                "value": row.value,
                "expected": {"zh": row.expected.zh, "en": row.expected.en},
            }
            for row in review.problems
        ],
        "preview": [_shown(row) for row in review.observations[:PREVIEW_MAX]],
    }


def _shown(row: Observation) -> dict[str, object]:
    return {
        "key": series_key(row.sensor_id, row.quantity),
        "time_ms": row.time_ms,
        "value": row.value,
        "si_unit": quantity(row.quantity).si_unit,
        "text": row.raw_text,
        "mark": row.mark.value,
        "checks": int(row.checks),
    }
