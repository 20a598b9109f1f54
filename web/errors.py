"""The one place where exceptions become HTTP answers, all in one shape."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from twin.core.errors import (
    BadRequestError,
    ConflictError,
    CrsError,
    FrameError,
    NotAllowedError,
    NotFoundError,
    NotSignedInError,
    OutsideTerrainError,
    ParkTwinError,
    SceneError,
    ServiceUnavailableError,
    SettingsError,
    SolverError,
    StoreError,
    StrataError,
    ToolMissingError,
    TooManyError,
    UnitError,
    UnknownSolverError,
)
from web.schemas.error import ErrorOut

_LOG = logging.getLogger(__name__)
_VALUE_CHARS = 200
# Errors of the store name the data base; where it lies is nobody's business outside.
_INSIDE_FIELD = "url"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """HTTP status and stable machine-readable code of a kind of error."""

    status: int
    code: str


# The most special class that an error is an instance of decides.
ANSWERS: dict[type[ParkTwinError], Answer] = {
    NotFoundError: Answer(status=404, code="not_found"),
    BadRequestError: Answer(status=422, code="bad_request"),
    NotSignedInError: Answer(status=401, code="not_signed_in"),
    NotAllowedError: Answer(status=403, code="not_allowed"),
    ConflictError: Answer(status=409, code="conflict"),
    TooManyError: Answer(status=429, code="too_many"),
    OutsideTerrainError: Answer(status=422, code="outside_terrain"),
    CrsError: Answer(status=422, code="bad_coordinates"),
    UnitError: Answer(status=422, code="bad_unit"),
    FrameError: Answer(status=422, code="bad_frame"),
    UnknownSolverError: Answer(status=404, code="unknown_solver"),
    SolverError: Answer(status=500, code="solver_failed"),
    StrataError: Answer(status=500, code="strata_failed"),
    SceneError: Answer(status=503, code="scene_unusable"),
    StoreError: Answer(status=503, code="store_unavailable"),
    ServiceUnavailableError: Answer(status=503, code="unavailable"),
    ToolMissingError: Answer(status=503, code="tool_missing"),
    SettingsError: Answer(status=500, code="bad_settings"),
    ParkTwinError: Answer(status=500, code="error"),
}

# Answers that Flask and Werkzeug give by themselves.
HTTP_CODES: dict[int, tuple[str, str]] = {
    400: ("malformed", "请求无法解析"),
    404: ("not_found", "没有这个地址"),
    405: ("method_not_allowed", "此地址不支持该方法"),
    406: ("not_acceptable", "无法提供所要求的格式"),
    408: ("timeout", "请求超时"),
    413: ("too_large", "请求过大"),
    414: ("too_large", "地址过长"),
    415: ("unsupported_media_type", "不支持的内容类型"),
    431: ("too_large", "请求头过大"),
    500: ("internal", "服务内部错误，已记入日志"),
    503: ("unavailable", "服务暂不可用"),
}


def answer_of(error: ParkTwinError) -> Answer:
    """Row of the table for an error: that of its nearest class."""
    for kind in type(error).__mro__:
        if kind in ANSWERS:
            return ANSWERS[kind]
    return ANSWERS[ParkTwinError]


def body_of(error: ParkTwinError) -> ErrorOut:
    """Body of the answer to an error."""
    answer = answer_of(error)
    inside = error.field == _INSIDE_FIELD
    return ErrorOut(
        ok=False,
        status=answer.status,
        code=answer.code,
        message="the ledger cannot be read just now" if inside else error.message,
        message_zh="台账暂时无法读取" if inside else error.message_zh,
        field="" if inside else error.field,
        value="" if inside or error.value is None else str(error.value)[:_VALUE_CHARS],
    )


def _respond(body: ErrorOut) -> Response:
    response = Response(body.model_dump_json(), status=body.status, mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def _park_twin(error: ParkTwinError) -> Response:
    body = body_of(error)
    if body.status >= 500:
        _LOG.warning("%s: %s", type(error).__name__, error.message)
    response = _respond(body)
    if body.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    code, message_zh = HTTP_CODES.get(status, ("http_error", error.name))
    response = _respond(
        ErrorOut(
            ok=False,
            status=status,
            code=code,
            message=error.description or error.name,
            message_zh=message_zh,
            field="",
            value="",
        )
    )
    for name, value in error.get_headers():
        if name.lower() in ("allow", "retry-after"):
            response.headers[name] = value
    return response


def _unexpected(error: Exception) -> Response:
    _LOG.error("unexpected error while answering", exc_info=error)
    _, message_zh = HTTP_CODES[500]
    return _respond(
        ErrorOut(
            ok=False,
            status=500,
            code="internal",
            message="internal error; see the server's log",
            message_zh=message_zh,
            field="",
            value="",
        )
    )


def register(app: Flask) -> None:
    """Make every error of an app answer in the one shape."""
    app.register_error_handler(ParkTwinError, _park_twin)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)
