"""Download of values by the API and by the command."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from typer.testing import CliRunner

from tests.support.synthetic import BEAM, T0_MS, WIND, Writer
from twin.core.errors import BadRequestError
from twin.store.export.formats import FORMATS
from twin.store.reader import LedgerReader
from web.api import export as api
from web.cli import app as command_line
from web.commands.export import read_time
from web.services import services_of

HEADS = {"csv": b"series,time", "xlsx": b"PK\x03\x04", "parquet": b"PAR1", "netcdf": b"\x89HDF"}
QUERY = f"series={BEAM},{WIND}&from={T0_MS}&to={T0_MS + 3_600_000}"


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_is_a_download(client: FlaskClient, filled: Writer, kind: str) -> None:
    for step in ("raw", "minute", "hour", "day", "month"):
        answer = client.get(f"/api/v1/export?{QUERY}&format={kind}&step={step}")
        assert answer.status_code == 200, answer.text
        assert answer.data.startswith(HEADS[kind])
        assert answer.headers["Content-Length"] == str(len(answer.data))
        assert answer.headers["Content-Disposition"].startswith('attachment; filename="park-twin_')
        assert answer.headers["Content-Disposition"].endswith(f'_{step}{FORMATS[kind].suffix}"')
        assert answer.mimetype == FORMATS[kind].media_type.split(";")[0]


def test_a_download_says_what_the_reader_says(client: FlaskClient, filled: Writer, app: APIFlask) -> None:
    text = client.get(f"/api/v1/export?{QUERY}").text
    ledger = services_of(app).ledger
    wanted = [
        (key, row.time_ms, row.value, row.origin.value)
        for key in (BEAM, WIND)
        for row in ledger.series(key, T0_MS, T0_MS + 3_600_000)
    ]
    rows = list(csv.DictReader(io.StringIO(text)))
    found = [
        (r["series"], int(r["time_ms"]), float(r["value"]) if r["value"] else None, r["origin"]) for r in rows
    ]
    assert found == wanted
    assert wanted


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ("series=W9/none&from=1&to=2", 404, "series"),
        (f"series={BEAM}&from=2&to=1", 422, "from"),
        (f"series={BEAM}&from=1", 422, "to"),
        (f"series={BEAM}&from=1&to=2&format=pdf", 422, "format"),
        (f"series={BEAM}&from=1&to=2&step=week", 422, "step"),
        ("series=" + ",".join(["a/b"] * 65) + "&from=1&to=2", 422, "series"),
    ],
)
def test_what_is_wrong_is_named(
    client: FlaskClient, filled: Writer, query: str, status: int, field: str
) -> None:
    answer = client.get(f"/api/v1/export?{query}")
    assert answer.status_code == status
    assert answer.json is not None
    assert answer.json["field"] == field


def test_too_much_is_refused_before_the_first_byte(
    client: FlaskClient, filled: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "ROWS_MAX", 1)
    answer = client.get(f"/api/v1/export?{QUERY}")
    assert answer.status_code == 422
    assert "more than 1 rows" in answer.text


def test_only_two_are_made_at_a_time(client: FlaskClient, filled: Writer, app: APIFlask) -> None:
    slots = services_of(app).exports
    for _ in range(2):
        assert slots.acquire(blocking=False)
    assert client.get(f"/api/v1/export?{QUERY}").status_code == 503
    slots.release()
    assert client.get(f"/api/v1/export?{QUERY}").status_code == 200
    assert client.get("/api/v1/export?series=W9/none&from=1&to=2").status_code == 404
    assert client.get(f"/api/v1/export?{QUERY}").status_code == 200, "a failure gives its slot back"


def test_export_by_command(filled: Writer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARK_TWIN_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("PARK_TWIN_LANGUAGE", "en")
    out = tmp_path / "out.csv"
    arguments = ["--series", BEAM, "--series", WIND, "--from", "2026-11-01", "--to", "2027-01-01T00:00Z"]
    done = CliRunner().invoke(command_line, ["export", *arguments, "--out", str(out)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert f"{len(rows)} rows written" in done.output
    reader = LedgerReader(f"sqlite:///{tmp_path / 'data' / 'ledger.sqlite'}")
    assert len(rows) == sum(len(reader.series(key, 0, 2**53)) for key in (BEAM, WIND)) > 0
    reader.close()


def test_times_without_a_zone_are_the_park_s() -> None:
    assert read_time("2026-11-22", 8.0, "from") == read_time("2026-11-21T16:00Z", 8.0, "from")
    assert read_time("2026-11-22T08:00+08:00", 0.0, "from") == read_time("2026-11-22", 0.0, "from")
    with pytest.raises(BadRequestError, match="yesterday"):
        read_time("yesterday", 8.0, "to")
