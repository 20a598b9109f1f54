"""Files that people send: laboratory results, portable detectors, result files."""

from __future__ import annotations

import base64
import csv
import io
from typing import Any

from apiflask import APIBlueprint
from flask import Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from twin.core.errors import BadRequestError, NotFoundError
from twin.core.origin import Origin
from twin.live.upload_verbs import UPLOAD_DEVICES
from twin.store.snapshots import snapshot_of
from twin.store.uploads import UploadRow, uploads
from web.desk import forward_as, receive
from web.reply import Operation, serve
from web.schemas.upload import (
    TemplateQuery,
    UploadDeviceOut,
    UploadDevicesOut,
    UploadedOut,
    UploadFactorOut,
    UploadOut,
    UploadQuery,
    UploadsOut,
    UploadsQuery,
)
from web.services import services

upload = APIBlueprint("upload", __name__, url_prefix="/api/v1", tag="Uploads")
FILE_BYTES_MAX = 5 * 1024 * 1024
_AROUND_BYTES = 64 * 1024  # what a form puts around its file
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def post_upload(query: UploadQuery) -> UploadedOut:
    """Store a file of a device that takes files; with ``dry_run=true`` only show what is in it."""
    data, name = _file()
    told = query.model_dump() | {
        "dry_run": query.dry_run == "true",
        "filename": query.filename or name,
        "content": base64.b64encode(data).decode("ascii"),
    }
    return forward_as(UploadedOut, "upload.store", told)


def get_uploads(query: UploadsQuery) -> UploadsOut:
    """Files that were stored, newest first."""
    found = uploads(services().ledger, query.mn, query.limit + 1)
    return UploadsOut(
        uploads=[_upload(row) for row in found[: query.limit]], truncated=len(found) > query.limit
    )


def get_devices() -> UploadDevicesOut:
    """Devices that take files."""
    return UploadDevicesOut(
        devices=[
            UploadDeviceOut(
                mn=row["mn"],
                sensor=row["sensor"],
                station=row["station"],
                protocol=row["protocol"],
                origin=Origin(row["origin"]),
                factors=[UploadFactorOut(**factor) for factor in row["factors"]],
            )
            for row in _devices()
        ]
    )


def get_template(query: TemplateQuery) -> Response:
    """An empty table with the headers that a device understands."""
    found = next((row for row in _devices() if row["mn"] == query.mn), None)
    if found is None:
        raise NotFoundError(
            f"device {query.mn} takes no files",
            message_zh=f"设备 {query.mn} 不接受上传",
            field="mn",
            value=query.mn,
        )
    heads: list[str] = found["headers"][query.language]
    body, kind = (
        (_xlsx(heads), _SHEET) if query.format == "xlsx" else (_csv(heads), "text/csv; charset=utf-8")
    )
    response = Response(body, mimetype=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{query.mn}.{query.format}"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _file() -> tuple[bytes, str]:
    """The file of the request: its body, or the one file of a form."""
    request.max_content_length = FILE_BYTES_MAX + _AROUND_BYTES
    if request.mimetype != "multipart/form-data":
        data, name = request.get_data(cache=False), ""
    else:
        files = list(request.files.values())
        if len(files) != 1:
            raise BadRequestError(
                f"form: {len(files)} files; expected one",
                message_zh=f"表单：{len(files)} 个文件；应为一个",
                field="file",
                value=len(files),
            )
        data, name = files[0].read(), (files[0].filename or "")[:200]
    if len(data) > FILE_BYTES_MAX:
        raise RequestEntityTooLarge
    return data, name


def _devices() -> list[dict[str, Any]]:
    taken = snapshot_of(services().ledger, UPLOAD_DEVICES)
    rows: list[dict[str, Any]] = [] if taken is None else taken[1]["devices"]
    return rows


def _upload(row: UploadRow) -> UploadOut:
    return UploadOut(
        seq=row.seq,
        frame_seq=row.frame_seq,
        mn=row.mn,
        time_ms=row.time_ms,
        actor=row.actor,
        filename=row.filename,
        format=row.format,
        sha256=row.sha256,
        rows=row.n_rows,
        good=row.n_good,
        bad=row.n_rows - row.n_good,
        values=row.n_values,
        analyst=row.analyst,
        method=row.method,
        note=row.note,
    )


def _csv(heads: list[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(heads)
    return b"\xef\xbb\xbf" + text.getvalue().encode()  # the mark makes Excel read UTF-8


def _xlsx(heads: list[str]) -> bytes:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    book.create_sheet("data").append(heads)
    body = io.BytesIO()
    book.save(body)
    return body.getvalue()


receive(upload, "/uploads", post_upload, Operation(gives=UploadedOut, reads=UploadQuery, errors=(404,)))
serve(upload, "/uploads", get_uploads, Operation(gives=UploadsOut, reads=UploadsQuery, errors=(503,)))
serve(upload, "/uploads/devices", get_devices, Operation(gives=UploadDevicesOut, errors=(503,)))
serve(
    upload,
    "/uploads/template",
    get_template,
    Operation(mimetype="*/*", reads=TemplateQuery, errors=(404, 503)),
)
