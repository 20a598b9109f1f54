"""One shape for every error, whatever went wrong."""

from __future__ import annotations

import inspect

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from twin.core import errors as catalogue
from twin.core.errors import NotFoundError, ParkTwinError, RasterError, SceneError
from web.errors import ANSWERS, answer_of
from web.schemas.error import ErrorOut

KINDS = [row for _, row in inspect.getmembers(catalogue, inspect.isclass) if issubclass(row, ParkTwinError)]
KEYS = set(ErrorOut.model_fields)


def assert_shape(answer, status: int, code: str) -> dict:
    assert answer.status_code == status
    assert answer.content_type == "application/json"
    assert set(answer.json) == KEYS
    assert (answer.json["ok"], answer.json["status"], answer.json["code"]) == (False, status, code)
    assert answer.json["message"]
    assert answer.json["message_zh"]
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.json


@pytest.mark.parametrize(
    "path", ["/api/v1/nothing", "/nothing/at/all", "/scene/zz/scene.json", "/favicon.ico"]
)
def test_not_found(client: FlaskClient, path: str) -> None:
    assert_shape(client.get(path), 404, "not_found")


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_method_not_allowed_names_the_allowed_ones(client: FlaskClient, method: str) -> None:
    answer = getattr(client, method)("/api/v1/state")
    assert_shape(answer, 405, "method_not_allowed")
    assert "GET" in answer.headers["Allow"]


def test_unavailable_before_there_is_a_ledger(client: FlaskClient) -> None:
    for path in ("state", "devices", "frames", "plumes", "watertables", "series?key=B1/conc:hf"):
        body = assert_shape(client.get(f"/api/v1/{path}"), 503, "unavailable")
        assert "/" not in body["message"] + body["value"], "where the ledger lies is nobody's business"


def test_unavailable_before_there_is_a_bundle(client: FlaskClient) -> None:
    for path in ("park", "sight", "strata"):
        body = assert_shape(client.get(f"/api/v1/{path}"), 503, "unavailable")
        assert "park-twin scene build" in body["message"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("key=B1/conc:hf&from=1.0", "from"),
        ("key=B1/conc:hf&from=-1", "from"),
        ("key=B1/conc:hf&to=9999999999999", "to"),
        ("key=B1/conc:hf&from=%201", "from"),
        ("key=B1/conc:hf&from=1_0", "from"),
        ("key=B1/conc:hf&from=true", "from"),
        ("key=B1/conc:hf&from=", "from"),
        ("key=B1/conc:hf&from_ms=1", "from_ms"),
        ("key=B1/conc:hf&step=week", "step"),
        ("key=B1/conc:hf&limit=1", "limit"),
        ("key=B1/conc:hf&key=B2/conc:hf", "key"),
        ("key=../etc/passwd", "key"),
        ("from=1", "key"),
    ],
)
@pytest.mark.usefixtures("filled")
def test_a_bad_parameter_is_named(client: FlaskClient, query: str, field: str) -> None:
    body = assert_shape(client.get(f"/api/v1/series?{query}"), 422, "bad_request")
    assert body["field"] == field
    assert field in body["message_zh"]


@pytest.mark.usefixtures("filled")
def test_a_span_that_is_turned_around_is_refused(client: FlaskClient) -> None:
    body = assert_shape(client.get("/api/v1/plumes?from=2&to=1"), 422, "bad_request")
    assert body["field"] == "from"


def test_a_stream_from_a_wrong_place_is_refused(client: FlaskClient) -> None:
    body = assert_shape(client.get("/api/v1/stream?cursor=x"), 422, "bad_request")
    assert body["field"] == "cursor"
    answer = client.get("/api/v1/stream", headers={"Last-Event-ID": "-1.5"})
    assert assert_shape(answer, 422, "bad_request")["field"] == "cursor"


def test_too_long_an_address(client: FlaskClient) -> None:
    assert_shape(client.get("/api/v1/series?key=" + "a" * 5000), 414, "too_large")


def test_an_unexpected_error_says_nothing_about_the_inside(app: APIFlask) -> None:
    @app.get("/boom")
    def boom() -> str:
        raise ZeroDivisionError("secret of /home/somebody")

    body = assert_shape(app.test_client().get("/boom"), 500, "internal")
    assert "secret" not in str(body)


@pytest.mark.parametrize(
    "kind",
    [kind for _, kind in inspect.getmembers(catalogue, inspect.isclass) if issubclass(kind, ParkTwinError)],
)
def test_every_error_of_the_catalogue_has_an_answer(app: APIFlask, kind: type[ParkTwinError]) -> None:
    answer = next(row for base in kind.__mro__ if (row := ANSWERS.get(base)))
    raised = kind("k", "m") if kind is catalogue.FrameError else None
    if kind is catalogue.SceneProblems:
        raised = kind((SceneError("a", message_zh="b"),))

    @app.get("/boom")
    def boom() -> str:
        raise raised or kind("what and why", message_zh="原因", field="f", value=3)

    body = assert_shape(app.test_client().get("/boom"), answer.status, answer.code)
    if raised is None:
        assert (body["message"], body["message_zh"], body["field"], body["value"]) == (
            "what and why", "原因", "f", "3",
        )  # fmt: skip


def test_the_nearest_class_decides() -> None:
    assert answer_of(RasterError("x")) is ANSWERS[SceneError]
    assert answer_of(NotFoundError("x")).status == 404
