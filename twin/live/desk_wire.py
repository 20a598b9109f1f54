"""How the desk is spoken to: one JSON object per line, each answered by one.

Asked: ``{"id", "verb", "token", "args", "peer"}``. Answered: ``{"id", "ok": true, "result"}`` or
``{"id", "ok": false, "error": {"kind", "message", "message_zh", "field", "value"}}``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from twin.core import errors
from twin.core.errors import BadRequestError, ParkTwinError, ServiceUnavailableError

SOCKET_FILE = "desk.sock"
LINE_BYTES_MAX = 8 * 1024 * 1024
_VALUE_CHARS = 200


class DeskRequest(BaseModel):
    """One line that was asked. ``peer`` is where the person sits, for the lock after wrong tokens."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    id: str = Field(max_length=64)
    verb: str = Field(max_length=64)
    token: str = Field(default="", max_length=512)
    args: dict[str, Any] = Field(default_factory=dict)
    peer: str = Field(default="", max_length=128)


def read_request(line: bytes) -> DeskRequest:
    """A line as a request. Raises BadRequestError for anything else, whatever the bytes."""
    try:
        row = json.loads(line, parse_constant=_no_constant)
        request = DeskRequest.model_validate(row)
        # Half of a surrogate pair is a text to Python, to nobody else.
        json.dumps(row, ensure_ascii=False, allow_nan=False).encode()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise _malformed(f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}") from None
    except (ValueError, RecursionError) as error:
        raise _malformed(f"{type(error).__name__}") from None
    return request


def request_line(request: DeskRequest) -> bytes:
    """A request as a line."""
    return _line(request.model_dump())


def result_line(number: str, result: Mapping[str, object]) -> bytes:
    """Answer of a verb that did its work."""
    return _line({"id": number, "ok": True, "result": result})


def error_line(number: str, error: ParkTwinError) -> bytes:
    """Answer of a verb that did not."""
    row = {
        "kind": type(error).__name__,
        "message": error.message,
        "message_zh": error.message_zh,
        "field": error.field,
        "value": "" if error.value is None else str(error.value)[:_VALUE_CHARS],
    }
    return _line({"id": number, "ok": False, "error": row})


def read_answer(line: bytes) -> dict[str, Any]:
    """Result in an answer. Raises the error that stands in it, as what it was."""
    try:
        row = json.loads(line)
        if row["ok"]:
            result: dict[str, Any] = row["result"]
            return result
        error = row["error"]
        kind = getattr(errors, error["kind"], ParkTwinError)
    except (ValueError, KeyError, TypeError) as problem:
        raise ServiceUnavailableError(
            f"the desk gave an answer that cannot be read: {problem!r}",
            message_zh="采集进程的应答无法解析",
            field="desk",
        ) from None
    known = isinstance(kind, type) and issubclass(kind, ParkTwinError) and kind not in _OF_OTHER_SHAPE
    raise (kind if known else ParkTwinError)(
        error["message"], message_zh=error["message_zh"], field=error["field"], value=error["value"] or None
    )


# Their constructors want more than an answer tells.
_OF_OTHER_SHAPE = (errors.FrameError, errors.SceneProblems)


def _line(row: Mapping[str, object]) -> bytes:
    return json.dumps(row, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace") + b"\n"


def _no_constant(name: str) -> object:
    msg = f"{name} is no number of JSON"
    raise ValueError(msg)


def _malformed(why: str) -> BadRequestError:
    return BadRequestError(
        f"the desk cannot read this line: {why}; expected one JSON object with id, verb, token, args",
        message_zh=f"请求无法解析：{why}；应为含 id、verb、token、args 的一行 JSON",
        field="request",
    )
