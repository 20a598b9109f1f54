"""Metrics say what the ledgers say."""

from __future__ import annotations

from apiflask import APIFlask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from tests.support.synthetic import BEAM, T0_MS, Writer
from tests.web.conftest import NOW_MS
from tests.web.test_api import LAST_MS
from twin.live.settings import Settings
from twin.store.backup import BackupPlan, make_backup
from web.metrics import METRICS


def scrape(client: FlaskClient) -> dict[tuple[str, tuple[str, ...]], float]:
    text = client.get("/metrics").text
    rows = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {(row.name.removeprefix("park_twin_"), tuple(row.labels.values())): row.value for row in rows}


def test_without_ledgers_it_tells_what_the_server_itself_knows(client: FlaskClient) -> None:
    found = scrape(client)
    assert found["stream_clients", ()] == 0
    assert not any(name.startswith(("frames", "ingest", "plume")) for name, _ in found)


def test_every_metric_is_there(client: FlaskClient, filled: Writer, settings: Settings) -> None:
    client.get("/health")
    assert ("backup_age_seconds", ()) not in scrape(client), "no backup has no age"
    plan = BackupPlan(
        data_dir=settings.data_dir,
        ledger_url=settings.ledger,
        results_url=settings.results,
        to=settings.backups,
    )
    make_backup(plan, NOW_MS - 7_000)
    assert scrape(client)["backup_age_seconds", ()] == 7.0
    families = {row.name for row in text_string_to_metric_families(client.get("/metrics").text)}
    assert families - {"park_twin_http_seconds_created"} == {f"park_twin_{name}" for name in METRICS}


def test_numbers_of_the_ledgers(client: FlaskClient, filled: Writer) -> None:
    found = scrape(client)
    assert found["frames_total", ("stored",)] == filled.count
    assert found["values_total", ("stored",)] == filled.count
    assert found["devices", ("online",)] == 1
    assert found["devices", ("never",)] == 3
    assert found["data_age_seconds", ()] == (T0_MS + 605_000 - LAST_MS) / 1000
    assert found["ingest_age_seconds", ()] == found["worker_age_seconds", ()] == 5.0
    assert found["plume_age_seconds", ("hf",)] == 605.0 - 260.0
    assert ("groundwater_age_seconds", ()) not in found, "no now-cast has no age"
    assert found["commit_seconds_count", ()] > 0
    assert found["commit_seconds_bucket", ("+Inf",)] == found["commit_seconds_count", ()]


def test_the_stream_is_counted(app: APIFlask, client: FlaskClient, filled: Writer) -> None:
    own = app.extensions["park_twin"]
    own.follower.step()
    with own.hub.subscribe(None):
        before = scrape(client)
        filled.say(BEAM, 1e-6, T0_MS + 700_000)
        own.follower.step()
        after = scrape(client)
    assert before["stream_clients", ()] == 1
    assert after["stream_events_total", ()] == before["stream_events_total", ()] + 1


def test_a_scanner_does_not_grow_the_labels(client: FlaskClient) -> None:
    for path in ("/wp-admin/x/y", "/a/b/c", "/d/e/f"):
        client.get(path)
        client.open(path, method="PROPFIND")
    client.get("/metrics")
    labels = {labels for name, labels in scrape(client) if name == "http_seconds_count"}
    assert {word for row in labels for word in row} == {"none", "/metrics", "GET", "other", "2xx", "4xx"}
