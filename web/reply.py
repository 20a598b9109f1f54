"""How an operation of the API is declared: what it reads, what it gives, which errors it may answer.

``serve`` reads the query strictly, writes the answer from its pydantic model in one pass, and puts
both, with every error, into the OpenAPI document.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

from apiflask import APIBlueprint
from flask import Response, request

from twin.core.errors import BadRequestError
from web.schemas.base import Out, Query

View = Callable[..., Any]
Read = TypeVar("Read", bound=Query)
_GZIP_FROM_BYTES = 1400  # below one packet compression only costs
_GZIP_LEVEL = 4

DESCRIPTIONS = {
    400: "The body is not JSON",
    401: "Nobody is known by this token",
    403: "The role is not enough",
    409: "It does not fit what is: done already, or something else is under way",
    413: "The body is too large",
    415: "The body is not application/json",
    429: "Too much at a time, or too many wrong tokens",
    404: "No such thing",
    414: "The address is too long",
    422: "A parameter is unknown, given twice or out of range",
    500: "Internal error",
    503: "Something that is needed is not there yet",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What an operation reads, gives and may answer with.

    ``gives`` is the model of a JSON answer; without one the view makes its own answer of type
    ``mimetype``. ``errors`` are the statuses besides 414, 422 and 500; at ``also_at`` the body is the
    same as at 200.
    """

    gives: type[Out] | None = None
    reads: type[Query] | None = None
    mimetype: str = "application/json"
    errors: tuple[int, ...] = ()
    also_at: tuple[int, ...] = ()
    cache: str = "no-store"


BINARY_FILE = Operation(mimetype="application/octet-stream", errors=(404,))
ANY_FILE = Operation(mimetype="*/*", errors=(404,))


# What whoever asks the desk may be told besides 414, 422 and 500.
DESK_ERRORS = (400, 401, 403, 409, 413, 415, 429, 503)


def serve(blueprint: APIBlueprint, rule: str, view: View, declared: Operation) -> None:
    """Serve GET requests to ``rule`` with ``view`` and put the operation into the OpenAPI document.

    The view receives the path's parts, and the query as ``query`` when the operation reads one. It
    returns an instance of ``gives``, or a Response.
    """

    @wraps(view)
    def answer(**path: Any) -> Response:
        query = {} if declared.reads is None else {"query": read_query(declared.reads)}
        result = view(**path, **query)
        return result if isinstance(result, Response) else json_response(result, cache=declared.cache)

    documented = document(blueprint, answer, declared)
    blueprint.get(rule)(documented)


def document(blueprint: APIBlueprint, answer: View, declared: Operation, **more: Any) -> View:
    """The view with its answers and its query noted for the OpenAPI document; ``more`` as APIFlask's doc."""
    documented: View = blueprint.doc(responses=_responses(declared), **more)(answer)
    if declared.gives is not None:
        # The answer above is a Response already, so APIFlask only notes the model.
        documented = blueprint.output(declared.gives)(documented)
    noted: dict[str, Any] = getattr(documented, "_spec")  # noqa: B009 - APIFlask's own notebook
    noted["args"] = [] if declared.reads is None else [(declared.reads, "query")]
    return documented


def _responses(declared: Operation) -> dict[int, dict[str, object]]:
    responses = {status: _error_response(status) for status in sorted({414, 422, 500, *declared.errors})}
    for status in declared.also_at:
        responses[status] = _json_response_at(status, declared.gives.__name__ if declared.gives else "")
    if declared.gives is None:
        content = {declared.mimetype: {"schema": _body_schema(declared.mimetype)}}
        responses[200] = {"description": "OK", "content": content}
    return responses


def _error_response(status: int) -> dict[str, object]:
    return _json_response_at(status, "ErrorOut")


def _json_response_at(status: int, schema: str) -> dict[str, object]:
    reference = {"$ref": f"#/components/schemas/{schema}"}
    return {"description": DESCRIPTIONS[status], "content": {"application/json": {"schema": reference}}}


def _body_schema(mimetype: str) -> dict[str, object]:
    if mimetype == "text/event-stream":
        texts = {name: {"type": "string"} for name in ("id", "event", "data")}
        return {"type": "object", "properties": texts, "required": ["id", "event", "data"]}
    if mimetype == "application/json":
        return {}  # a standard of somebody else says what it looks like
    if mimetype in ("application/octet-stream", "*/*"):
        return {"type": "string", "format": "binary"}
    return {"type": "string"}


def read_query(reads: type[Read]) -> Read:
    """Query of the current request. Raises BadRequestError."""
    for name, values in request.args.lists():
        if len(values) > 1:
            raise BadRequestError(
                f"{name}: given {len(values)} times; expected once",
                message_zh=f"参数 {name} 出现 {len(values)} 次；应只出现一次",
                field=name,
                value=values[-1][:200],
            )
    return reads.read(request.args.to_dict())


def json_response(body: Out, *, cache: str = "no-store", status: int = 200) -> Response:
    """Answer with a body, compressed where that pays."""
    data = body.model_dump_json().encode()
    response = Response(data, status=status, mimetype="application/json")
    if len(data) >= _GZIP_FROM_BYTES and request.accept_encodings["gzip"] > 0:
        response.set_data(gzip.compress(data, _GZIP_LEVEL, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["Cache-Control"] = cache
    return response
