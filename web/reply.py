"""How an operation of the API is declared: what it reads, what it gives, which errors it may answer.

``@operation`` stands under the route decorator. It reads the query strictly, writes the answer from
its pydantic model in one pass, and puts both, with every error, into the OpenAPI document.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable
from functools import wraps
from typing import Any

from apiflask import APIBlueprint
from flask import Response, request

from twin.core.errors import BadRequestError
from web.schemas.base import Out, Query
from web.schemas.error import ErrorOut

View = Callable[..., Any]
_GZIP_FROM_BYTES = 1400  # below one packet compression only costs
_GZIP_LEVEL = 4

DESCRIPTIONS = {
    404: "No such thing",
    405: "This address does not take this method",
    422: "A parameter is unknown, given twice or out of range",
    500: "Internal error",
    503: "Something that is needed is not there yet",
}


def operation(
    gives: type[Out],
    *,
    reads: type[Query] = Query,
    errors: tuple[int, ...] = (),
    cache: str = "no-store",
) -> Callable[[View], View]:
    """Declare a JSON operation.

    Parameters
    ----------
    gives : type of Out
        Model of the answer; the view returns an instance of it.
    reads : type of Query
        Model of the query; the view receives an instance as its last argument when it has fields.
    errors : tuple of int
        Statuses besides 422 and 500 that the operation may answer with.
    cache : str
        ``Cache-Control`` of the answer.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def answer(*args: Any, **kwargs: Any) -> Response:
            query = read_query(reads)
            if reads.model_fields:
                kwargs["query"] = query
            result = view(*args, **kwargs)
            return result if isinstance(result, Response) else json_response(result, cache=cache)

        return document(answer, reads=reads, gives=gives, errors=errors)

    return decorate


def document(
    view: View,
    *,
    reads: type[Query] = Query,
    gives: type[Out] | None = None,
    mimetype: str = "",
    errors: tuple[int, ...] = (),
) -> View:
    """Put an operation into the OpenAPI document without changing what it does."""
    helper = APIBlueprint("declare", __name__)
    statuses = sorted({422, 500, *errors})
    documented: dict[int, dict[str, object]] = {status: _error_response(status) for status in statuses}
    if gives is None:
        documented[200] = {"description": "OK", "content": {mimetype: {"schema": _body_schema(mimetype)}}}
    # APIFlask copies what the decorators noted; its own reading and writing is never reached.
    view = helper.doc(responses=documented)(view)
    if gives is not None:
        view = helper.output(gives)(view)
    view._spec["args"] = [(reads, "query")] if reads.model_fields else []  # type: ignore[attr-defined]
    return view


def _error_response(status: int) -> dict[str, object]:
    reference = {"$ref": "#/components/schemas/ErrorOut"}
    return {"description": DESCRIPTIONS[status], "content": {"application/json": {"schema": reference}}}


def _body_schema(mimetype: str) -> dict[str, str]:
    if mimetype == "application/octet-stream":
        return {"type": "string", "format": "binary"}
    return {"type": "string"}


def read_query(reads: type[Query]) -> Query:
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


__all__ = ["ErrorOut", "document", "json_response", "operation", "read_query"]
