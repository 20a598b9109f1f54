"""The OpenAPI document is true: every operation is fuzzed in this process and keeps its word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pytest
import schemathesis
from apiflask import APIFlask
from hypothesis import HealthCheck, assume, given, settings
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.generation import GenerationMode

from tests.support.live_desk import LiveDesk, live_desk
from tests.support.synthetic import T0_MS, fill, open_writer, write_bundle
from twin.core.clock import FixedClock
from twin.live.settings import load_settings
from web.api import live
from web.app import create_app
from web.services import EXTENSION
from web.stream import stream

load_all_checks()
EXAMPLES = 12
# A span may be turned around and a series may be unknown, which no schema can say.
# All cases carry an engineer's token; test_whoever_acts_says_who_it_is leaves it out.
NOT_OURS = [CHECKS.get_one("positive_data_acceptance"), CHECKS.get_one("ignored_auth")]


METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, kw_only=True)
class Park:
    """A park behind an app: its desk takes what is posted."""

    app: APIFlask
    desk: LiveDesk


@pytest.fixture(scope="module")
def park(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Park]:
    chosen = load_settings(data_dir=tmp_path_factory.mktemp("park"))
    writer = open_writer(chosen)
    fill(writer)
    write_bundle(chosen.data_dir)
    made = create_app(chosen, clock=FixedClock(T0_MS + 605_000))
    own = made.extensions[EXTENSION]
    with pytest.MonkeyPatch.context() as patch, live_desk(chosen, writer.ledger) as desk:
        # A stream never ends by itself: here it ends after its first words.
        patch.setattr(live, "stream", lambda *args, **named: islice(stream(*args, **named), 1))
        own.start()
        yield Park(app=made, desk=desk)
    own.stop()
    own.ledger.close()
    own.results.close()
    writer.close()


@pytest.fixture(scope="module")
def app(park: Park) -> APIFlask:
    return park.app


@pytest.fixture(scope="module")
def api(app: APIFlask) -> schemathesis.schemas.BaseSchema:
    return schemathesis.openapi.from_wsgi("/openapi.json", app)


def documented(app: APIFlask) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Address, method and description of every operation."""
    spec = app.spec
    assert isinstance(spec, dict)
    for path, operations in spec["paths"].items():
        for method in METHODS:
            if method in operations:
                yield path, method, operations[method]


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_every_operation_keeps_its_word(
    park: Park, api: schemathesis.schemas.BaseSchema, mode: GenerationMode
) -> None:
    tried = 0
    headers = {"Accept-Encoding": "identity", "Authorization": f"Bearer {park.desk.tokens['engineer']}"}
    for found in api.get_all_operations():
        operation = found.ok()
        if mode is GenerationMode.NEGATIVE and not (operation.query or operation.body):
            continue  # nothing that could be wrong
        tried += 1

        @settings(
            max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def keeps_its_word(case: schemathesis.Case) -> None:
            response = case.call(headers=headers)
            assume(response.status_code != 414)
            case.validate_response(response, excluded_checks=NOT_OURS)

        keeps_its_word()
    assert tried >= 5


def test_the_document_is_of_version_3_1(app: APIFlask) -> None:
    spec = app.spec
    assert isinstance(spec, dict)
    assert spec["openapi"] == "3.1.0"


def test_every_operation_documents_its_errors(app: APIFlask) -> None:
    for path, method, operation in documented(app):
        responses = operation["responses"]
        assert {"200", "414", "422", "500"} <= set(responses), path
        if method == "post":
            assert {"400", "401", "403", "409", "413", "415", "429", "503"} <= set(responses), path
        for status, response in responses.items():
            if status != "200" and (path, status) != ("/health", "503"):
                (media,) = response["content"].values()
                assert media["schema"] == {"$ref": "#/components/schemas/ErrorOut"}, (path, status)


def test_every_reference_leads_somewhere(app: APIFlask) -> None:
    spec = app.spec
    assert isinstance(spec, dict)
    names = set(spec["components"]["schemas"])

    def references(node: object) -> Iterator[str]:
        if isinstance(node, dict):
            if isinstance(found := node.get("$ref"), str):
                yield found
            for child in node.values():
                yield from references(child)
        elif isinstance(node, list):
            for child in node:
                yield from references(child)

    assert {reference.rsplit("/", 1)[1] for reference in references(spec)} <= names


def test_reading_is_get_and_acting_is_post(app: APIFlask) -> None:
    for rule in app.url_map.iter_rules():
        assert (rule.methods or set()) - {"OPTIONS"} in ({"GET", "HEAD"}, {"POST"}), rule.rule


def test_whoever_acts_says_who_it_is(app: APIFlask) -> None:
    tried = 0
    for path, method, operation in documented(app):
        if method != "post":
            continue
        tried += 1
        assert operation["security"] == [{"bearer": []}], path
        for authorization in (None, "", "Bearer ", "Basic bGk6bGk=", "Bearer wrong"):
            headers = {} if authorization is None else {"Authorization": authorization}
            # Each address from a place of its own, so that no lock gets in the way.
            answer = app.test_client().post(
                re.sub(r"\{\w+\}", "1", path),
                json={},
                headers=headers,
                environ_base={"REMOTE_ADDR": f"10.0.0.{tried}"},
            )
            if authorization == "Bearer wrong":
                assert answer.status_code in (401, 422, 404, 415), (path, answer.json)
            else:
                assert answer.status_code == 401, (path, authorization)
                assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert tried


def test_a_wrong_token_in_good_words_is_told_so(park: Park) -> None:
    client = park.app.test_client()
    for token, status in (("wrong", 401), (park.desk.tokens["viewer"], 200)):
        answer = client.post("/api/v1/desk/whoami", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == status
    assert answer.json == {"name": "the-viewer", "role": "viewer"}
