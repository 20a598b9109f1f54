"""The OpenAPI document is true: every operation is fuzzed in this process and keeps its word."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import pytest
import schemathesis
from apiflask import APIFlask
from hypothesis import HealthCheck, assume, given, settings
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.generation import GenerationMode

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
NOT_OURS = [CHECKS.get_one("positive_data_acceptance")]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[APIFlask]:
    chosen = load_settings(data_dir=tmp_path_factory.mktemp("park"))
    writer = open_writer(chosen)
    fill(writer)
    write_bundle(chosen.data_dir)
    made = create_app(chosen, clock=FixedClock(T0_MS + 605_000))
    own = made.extensions[EXTENSION]
    with pytest.MonkeyPatch.context() as patch:
        # A stream never ends by itself: here it ends after its first words.
        patch.setattr(live, "stream", lambda *args, **named: islice(stream(*args, **named), 1))
        own.start()
        yield made
    own.stop()
    own.ledger.close()
    own.results.close()
    writer.close()


@pytest.fixture(scope="module")
def api(app: APIFlask) -> schemathesis.schemas.BaseSchema:
    return schemathesis.openapi.from_wsgi("/openapi.json", app)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_every_operation_keeps_its_word(api: schemathesis.schemas.BaseSchema, mode: GenerationMode) -> None:
    tried = 0
    for found in api.get_all_operations():
        operation = found.ok()
        if mode is GenerationMode.NEGATIVE and not operation.query:
            continue  # nothing that could be wrong
        tried += 1

        @settings(
            max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def keeps_its_word(case: schemathesis.Case) -> None:
            response = case.call(headers={"Accept-Encoding": "identity"})
            assume(response.status_code != 414)
            case.validate_response(response, excluded_checks=NOT_OURS)

        keeps_its_word()
    assert tried >= 5


def test_the_document_is_of_version_3_1(app: APIFlask) -> None:
    spec = app.spec
    assert isinstance(spec, dict)
    assert spec["openapi"] == "3.1.0"


def test_every_operation_documents_its_errors(app: APIFlask) -> None:
    spec = app.spec
    assert isinstance(spec, dict)
    for path, operations in spec["paths"].items():
        responses = operations["get"]["responses"]
        assert {"200", "414", "422", "500"} <= set(responses), path
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


def test_nothing_may_be_changed(app: APIFlask) -> None:
    for rule in app.url_map.iter_rules():
        assert (rule.methods or set()) <= {"GET", "HEAD", "OPTIONS"}, rule.rule
