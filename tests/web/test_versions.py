"""All versions of a value over the API: what was sent, and what people made of it."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from tests.support.synthetic import BEAM, T0_MS, Writer
from twin.core.observation import Check
from twin.store.corrections import Correct
from twin.store.ledger import Batch


def test_a_correction_names_who_when_and_why_and_leaves_the_first(
    client: FlaskClient, writer: Writer
) -> None:
    writer.say(BEAM, 1.2e-6, T0_MS)
    deed = Correct(series_key=BEAM, time_ms=T0_MS, actor="li", reason="laboratory says so", value=2.0e-6)
    writer.ledger.write(Batch(deeds=[deed]), T0_MS + 5000)
    found = client.get(f"/api/v1/versions?key={BEAM}&t={T0_MS}").json
    first, second = found["versions"]
    assert (first["value"], first["actor"], first["made_ms"]) == (1.2e-6, "", None)
    assert (second["value"], second["actor"], second["reason"]) == (2.0e-6, "li", "laboratory says so")
    assert second["made_ms"] == T0_MS + 5000
    assert (found["si_unit"], found["origin"]) == ("kg/m3", "simulated")


def test_a_rejection_keeps_the_number(client: FlaskClient, writer: Writer) -> None:
    writer.say(BEAM, 1.2e-6, T0_MS)
    deed = Correct(series_key=BEAM, time_ms=T0_MS, actor="li", reason="lamp broken", decision=Check.REJECTED)
    writer.ledger.write(Batch(deeds=[deed]), T0_MS + 5000)
    last = client.get(f"/api/v1/versions?key={BEAM}&t={T0_MS}").json["versions"][-1]
    assert (last["value"], last["quality"]) == (1.2e-6, "doubtful")
    assert last["checks"] & int(Check.REJECTED)


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        (f"key={BEAM}&t={T0_MS + 1}", 404, "t"),
        (f"key={BEAM}&t={T0_MS}&interval=60000", 404, "t"),
        (f"key=B99/conc:hf&t={T0_MS}", 404, "key"),
        (f"key={BEAM}", 422, "t"),
        (f"key={BEAM}&t={T0_MS}&interval=-1", 422, "interval"),
    ],
)
def test_what_is_not_there_is_named(
    client: FlaskClient, writer: Writer, query: str, status: int, field: str
) -> None:
    writer.say(BEAM, 1.2e-6, T0_MS)
    answer = client.get(f"/api/v1/versions?{query}")
    assert (answer.status_code, answer.json["field"]) == (status, field)
