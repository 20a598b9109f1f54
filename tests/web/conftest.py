"""Fixtures: a filled data folder, an app over it, a server in front of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from tests.support.live_server import LiveServer, live_server
from tests.support.synthetic import T0_MS, Writer, fill, open_writer, write_bundle
from twin.core.clock import FixedClock
from twin.live.settings import Settings, load_settings
from web.app import create_app
from web.services import EXTENSION

NOW_MS = T0_MS + 605_000


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [key for key in os.environ if key.startswith("PARK_TWIN_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(data_dir=tmp_path / "data")


@pytest.fixture
def writer(settings: Settings) -> Iterator[Writer]:
    opened = open_writer(settings)
    yield opened
    opened.close()


@pytest.fixture
def filled(writer: Writer, settings: Settings) -> Writer:
    fill(writer)
    write_bundle(settings.data_dir)
    return writer


@pytest.fixture
def app(settings: Settings) -> Iterator[APIFlask]:
    made = create_app(settings, clock=FixedClock(NOW_MS))
    yield made
    own = made.extensions[EXTENSION]
    own.stop()
    own.ledger.close()
    own.results.close()


@pytest.fixture
def client(app: APIFlask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def server(filled: Writer, settings: Settings) -> Iterator[LiveServer]:
    with live_server(settings.data_dir) as running:
        yield running
