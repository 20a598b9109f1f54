"""What people want goes to the desk of the ingest process; nothing here writes by itself.

The token comes in the header ``Authorization: Bearer`` and nowhere else. There are no cookies, so no
page of somebody else can make a browser act in a person's name.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypeVar

from apiflask import APIBlueprint
from flask import Response, request
from pydantic import ValidationError
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from twin.live.desk_client import ask
from twin.live.doorkeeper import not_signed_in
from web.problems import query_error
from web.reply import DESK_ERRORS, Operation, document, json_response, read_query
from web.schemas.base import Body, Out
from web.services import services

_SCHEME = "bearer "
Given = TypeVar("Given", bound=Out)
Taken = TypeVar("Taken", bound="Body")


def forward(verb: str, args: Mapping[str, object]) -> dict[str, Any]:
    """What the desk gives for a verb, asked in the name of who sent this request.

    Raises NotSignedInError (401), NotAllowedError (403), ConflictError (409), TooManyError (429),
    ServiceUnavailableError (503, ingest is not running) and whatever the verb itself raises.
    """
    return ask(services().settings, verb, args, bearer_token(), peer=request.remote_addr or "")


def forward_as(gives: type[Given], verb: str, args: Mapping[str, object]) -> Given:
    """The same as an answer of the API."""
    return gives.model_validate_json(json.dumps(forward(verb, args)))


def bearer_token() -> str:
    """Token of the present request. Raises NotSignedInError when there is none."""
    header = request.headers.get("Authorization", "")
    token = header[len(_SCHEME) :].strip()
    if not header.lower().startswith(_SCHEME) or not token:
        raise not_signed_in()
    return token


def receive(
    blueprint: APIBlueprint,
    rule: str,
    view: Callable[..., Any],
    declared: Operation,
    takes: type[Body] | None = None,
) -> None:
    """Take POST requests to ``rule`` with ``view`` and put the operation into the OpenAPI document.

    The view receives the path's parts, the query as ``query``, and the JSON body as ``body`` when
    ``takes`` is given. Without a token it is not called. ``declared.errors`` are the statuses besides
    those of every question to the desk.
    """
    whole = Operation(
        gives=declared.gives,
        reads=declared.reads,
        mimetype=declared.mimetype,
        errors=(*DESK_ERRORS, *declared.errors),
        cache=declared.cache,
    )

    @wraps(view)
    def answer(**path: Any) -> Response:
        bearer_token()
        told: dict[str, Any] = {} if takes is None else {"body": read_body(takes)}
        if whole.reads is not None:
            told["query"] = read_query(whole.reads)
        result = view(**path, **told)
        return result if isinstance(result, Response) else json_response(result)

    documented = document(blueprint, answer, whole, security=[{"bearer": []}])
    if takes is not None:
        noted: dict[str, Any] = getattr(documented, "_spec")  # noqa: B009 - APIFlask's own notebook
        noted |= {"body": takes, "content_type": "application/json"}
    blueprint.post(rule)(documented)


def read_body(takes: type[Taken]) -> Taken:
    """Body of the present request. Raises BadRequest, UnsupportedMediaType and BadRequestError."""
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("expected a body of type application/json")  # noqa: EM101
    try:
        return takes.model_validate_json(request.get_data(cache=False))
    except ValidationError as error:
        if error.errors()[0]["type"] == "json_invalid":
            raise BadRequest("the body is not JSON") from None  # noqa: EM101
        raise query_error(error) from None
