"""The park as SensorThings: what the ledger holds, told in the standard's words, read by its client."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from tests.support.live_server import live_server
from tests.support.synthetic import BEAM, BUNDLE, T0_MS, fill, open_writer, scene_document, write_bundle
from twin.core.clock import FixedClock
from twin.live.settings import Settings, load_settings
from web.app import create_app
from web.sensorthings.times import iso
from web.services import EXTENSION

STREAM = "B1:conc:hf"
CRS = {"epsg": 4548, "origin": [500000.0, 2898992.478, 0.0]}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    chosen = load_settings(data_dir=tmp_path_factory.mktemp("park"))
    writer = open_writer(chosen)
    fill(writer)
    write_bundle(chosen.data_dir)
    scene = scene_document() | {"crs": CRS}
    beam = {"id": "B1", "name": {"zh": "光路 1", "en": "Beam 1"}, "a": [0, 0, 300], "b": [100, 0, 310]}
    scene["beams"] = [beam]
    path = chosen.data_dir / "bundles" / BUNDLE / "scene.json"
    path.write_text(json.dumps(scene), encoding="utf-8")
    yield chosen
    writer.close()


@pytest.fixture(scope="module")
def app(settings: Settings) -> Iterator[APIFlask]:
    made = create_app(settings, clock=FixedClock(T0_MS + 605_000))
    yield made
    own = made.extensions[EXTENSION]
    own.ledger.close()
    own.results.close()


@pytest.fixture
def client(app: APIFlask) -> FlaskClient:
    return app.test_client()


def get(client: FlaskClient, path: str, **query: str) -> Any:
    answer = client.get(f"/sta/v1.1{path}", query_string={f"${k}": v for k, v in query.items()})
    assert answer.status_code == 200, answer.text
    return answer.json


def test_root_names_collections_that_are_there(client: FlaskClient) -> None:
    for row in get(client, "")["value"]:
        assert get(client, "/" + row["name"], top="1")["value"] is not None


def test_a_thing_stands_where_the_scene_says(client: FlaskClient) -> None:
    thing = get(client, "/Things('B1')", expand="Locations,Datastreams/ObservedProperty")
    assert thing["name"] == "Beam 1"
    line = thing["Locations"][0]["location"]
    assert line["type"] == "LineString"
    (lon, lat, z), (lon_end, lat_end, _) = line["coordinates"]
    assert (lon, z) == (pytest.approx(117.0), 300)
    assert lat == pytest.approx(26.2, abs=1e-5)
    # 100 m to the east at this latitude is 0.001 degree of longitude and none of latitude.
    assert lon_end - lon == pytest.approx(100 / (111_320 * 0.8973), rel=2e-3)
    assert lat_end == pytest.approx(lat, abs=1e-6)
    stream = thing["Datastreams"][0]
    assert stream["unitOfMeasurement"]["symbol"] == "kg/m3"
    assert stream["properties"]["origin"] == "simulated"
    assert stream["ObservedProperty"]["name"] == "HF concentration"


def test_observations_are_those_of_the_ledger(app: APIFlask, client: FlaskClient) -> None:
    ledger = app.extensions[EXTENSION].ledger
    kept = ledger.series(BEAM, T0_MS, T0_MS + 10**9)
    shown = get(client, f"/Datastreams('{STREAM}')/Observations", top="1000", count="true")
    assert shown["@iot.count"] == len(kept) == len(shown["value"])
    for row, value in zip(shown["value"], kept, strict=True):
        assert row["result"] == value.value
        assert row["phenomenonTime"] == iso(value.time_ms)
        assert row["resultQuality"] == value.quality.value
        assert row["parameters"]["receivedTime"] == iso(value.received_ms)
        assert row["parameters"]["origin"] == "simulated"
        again = get(client, f"/Observations('{row['@iot.id']}')")
        assert again == row


def test_pages_lead_to_all_observations_once(client: FlaskClient) -> None:
    for order in ("phenomenonTime asc", "phenomenonTime desc"):
        address = f"/Datastreams('{STREAM}')/Observations?$top=7&$orderby={order}"
        seen: list[str] = []
        while address:
            page = client.get("/sta/v1.1" + address).json
            seen += [row["phenomenonTime"] for row in page["value"]]
            address = page.get("@iot.nextLink", "").partition("/sta/v1.1")[2]
        assert len(seen) == len(set(seen)) == 60
        assert seen == sorted(seen, reverse=order.endswith("desc"))


def test_all_observations_page_over_series(client: FlaskClient) -> None:
    whole = get(client, "/Observations", top="5000", count="true")
    assert whole["@iot.count"] == 120
    ids = [row["@iot.id"] for row in whole["value"]]
    parts: list[str] = []
    for skip in range(0, 120, 25):
        parts += [row["@iot.id"] for row in get(client, "/Observations", top="25", skip=str(skip))["value"]]
    assert parts == ids


def test_filters_reach_values_times_and_links(client: FlaskClient) -> None:
    some = get(
        client,
        "/Observations",
        filter=f"phenomenonTime ge {iso(T0_MS + 100_000)} and phenomenonTime lt {iso(T0_MS + 200_000)} "
        "and result gt 0 and Datastream/Thing/id eq 'B1'",
    )["value"]
    assert [row["phenomenonTime"] for row in some] == [iso(T0_MS + k * 10_000) for k in range(10, 19)]
    named = get(client, "/Datastreams", filter="Thing/name eq 'Beam 1'", select="name,@iot.id")["value"]
    assert [row["@iot.id"] for row in named] == [STREAM]
    assert set(named[0]) == {"@iot.id", "@iot.selfLink", "name"}


def test_rows_instead_of_objects(client: FlaskClient) -> None:
    rows = get(client, f"/Datastreams('{STREAM}')/Observations", resultFormat="dataArray", top="3")["value"]
    assert rows[0]["components"] == ["id", "phenomenonTime", "resultTime", "result"]
    assert [row[3] for row in rows[0]["dataArray"]] == [0.0, 1e-8, 2e-8]


def test_properties_values_and_references(client: FlaskClient) -> None:
    assert get(client, "/Things('B1')/name") == {"name": "Beam 1"}
    answer = client.get("/sta/v1.1/Things('B1')/name/$value")
    assert answer.text == "Beam 1"
    reference = get(client, "/Things('B1')/Datastreams/$ref")["value"]
    assert reference[0]["@iot.selfLink"].endswith(f"/Datastreams('{STREAM}')")
    assert get(client, f"/Things('B1')/Datastreams('{STREAM}')/Sensor/name") == {"name": "Beam 1"}


@pytest.mark.parametrize(
    "path",
    ["/Thing", "/Things('none')", "/Things(1)", "/Things('B1')/Nothing", "/Things/name",
     "/Things('B1')/$value", "/Things('W0')/Datastreams('B1:conc:hf')", "/Observations('B1:conc:hf:1:0')",
     "/Observations('x')",
     "/Observations('B1:conc:hf:²:0')"],
)  # fmt: skip
def test_addresses_that_lead_nowhere(client: FlaskClient, path: str) -> None:
    answer = client.get(f"/sta/v1.1{path}")
    assert answer.status_code == 404
    assert answer.json["code"] == "not_found"


def test_nothing_can_be_written(client: FlaskClient) -> None:
    for method in ("post", "put", "patch", "delete"):
        assert getattr(client, method)("/sta/v1.1/Things").status_code == 405


@pytest.mark.filterwarnings("ignore:furl.pathstr is deprecated:DeprecationWarning")
def test_a_public_client_reads_it(settings: Settings) -> None:
    frost = pytest.importorskip("frost_sta_client", reason="the public client is not installed")
    with live_server(Path(settings.data_dir)) as server:
        service = frost.SensorThingsService(f"{server.url}/sta/v1.1")
        things = {row.id: row for row in service.things().query().list()}
        assert things["B1"].name == "Beam 1"
        streams = service.datastreams().query().filter("properties/origin eq 'simulated'").list()
        assert {row.id for row in streams} >= {STREAM}
        stream = service.datastreams().find(STREAM)
        assert stream.unit_of_measurement.symbol == "kg/m3"
        values = stream.get_observations().query().top(25).orderby("phenomenonTime", "desc").list()
        read = [row.result for row in values]
        assert len(read) == 60  # the client follows nextLink by itself
        assert read[1] == pytest.approx(58e-8)
