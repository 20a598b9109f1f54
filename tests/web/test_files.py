"""Files: the right type, compressed, cached, and nothing outside their folder."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from tests.support.synthetic import BUNDLE, write_bundle
from twin.live.settings import Settings
from web.services import EXTENSION

BASE = f"/scene/{BUNDLE}"


@pytest.fixture
def bundle(settings: Settings) -> Path:
    return write_bundle(settings.data_dir)


@pytest.fixture
def viewer(app: APIFlask, tmp_path: Path) -> Path:
    folder = tmp_path / "viewer"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>x</title>")
    script = b"export const a = 1;" * 100
    for name, body in (
        ("main-abc.js", script),
        ("main-abc.js.br", b"br"),
        ("main-abc.js.gz", gzip.compress(script)),
    ):
        (folder / "assets" / name).write_bytes(body)
    (folder / "icon.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    own = app.extensions[EXTENSION]
    object.__setattr__(own, "viewer_dir", folder)
    return folder


@pytest.mark.usefixtures("bundle")
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("scene.json", "application/json"),
        ("heights.twg", "application/octet-stream"),
        ("ground.webp", "image/webp"),
    ],
)
def test_types_and_caching(client: FlaskClient, name: str, kind: str) -> None:
    answer = client.get(f"{BASE}/{name}")
    assert answer.content_type == kind
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert int(answer.headers["Content-Length"]) == len(answer.data)


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip", "gzip"),
        ("gzip, br", "gzip"),
        ("gzip;q=0", None),
        ("identity", None),
        ("", None),
        ("br", None),
    ],
)
def test_the_compressed_sibling_is_the_same_file(
    client: FlaskClient, bundle: Path, accepted: str, encoding: str | None
) -> None:
    answer = client.get(f"{BASE}/heights.twg", headers={"Accept-Encoding": accepted})
    assert answer.headers.get("Content-Encoding") == encoding
    body = gzip.decompress(answer.data) if encoding else answer.data
    assert hashlib.sha256(body).digest() == hashlib.sha256((bundle / "heights.twg").read_bytes()).digest()


@pytest.mark.usefixtures("bundle")
def test_a_known_file_is_not_sent_again(client: FlaskClient) -> None:
    first = client.get(f"{BASE}/heights.twg")
    again = client.get(f"{BASE}/heights.twg", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    packed = client.get(f"{BASE}/heights.twg", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["ETag"] != first.headers["ETag"]


@pytest.mark.usefixtures("bundle")
def test_head_says_the_same_without_the_body(client: FlaskClient) -> None:
    whole, head = client.get(f"{BASE}/heights.twg"), client.head(f"{BASE}/heights.twg")
    assert head.data == b""
    assert head.headers["Content-Length"] == whole.headers["Content-Length"]


@pytest.mark.parametrize(
    "name",
    [
        "../../ledger.sqlite", "..%2f..%2fledger.sqlite", "%2e%2e/%2e%2e/ledger.sqlite", "....//x",
        "/etc/passwd", "..\\..\\x", "a%00b", "%00", ".", "..", "", "x" * 300,
    ],
)  # fmt: skip
@pytest.mark.usefixtures("bundle")
def test_nothing_outside_the_folder(client: FlaskClient, settings: Settings, name: str) -> None:
    (settings.data_dir / "ledger.sqlite").write_text("secret")
    answer = client.get(f"{BASE}/{name}")
    assert answer.status_code in (404, 308)
    assert b"secret" not in answer.data


def test_a_link_out_of_the_folder_is_not_followed(client: FlaskClient, bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (bundle / "link.json").symlink_to(tmp_path / "secret")
    assert client.get(f"{BASE}/link.json").status_code == 404


@pytest.mark.usefixtures("bundle")
@pytest.mark.parametrize("name", ["..", "current", ".building-x", "0" * 20, "ABCDEF0123"])
def test_only_bundles_are_bundles(client: FlaskClient, name: str) -> None:
    assert client.get(f"/scene/{name}/scene.json").status_code == 404


@pytest.mark.usefixtures("viewer")
def test_the_viewer_is_asked_for_anew_and_its_parts_are_kept(client: FlaskClient) -> None:
    page = client.get("/")
    assert page.content_type == "text/html; charset=utf-8"
    assert page.headers["Cache-Control"] == "no-cache"
    script = client.get("/assets/main-abc.js", headers={"Accept-Encoding": "gzip, br"})
    assert script.content_type == "text/javascript; charset=utf-8"
    assert script.headers["Content-Encoding"] == "br"
    assert "immutable" in script.headers["Cache-Control"]
    assert client.get("/icon.svg").content_type.startswith("image/svg+xml")


def test_without_a_viewer_it_says_what_to_do(client: FlaskClient, viewer: Path) -> None:
    (viewer / "index.html").unlink()
    answer = client.get("/")
    assert answer.status_code == 503
    assert "make install" in answer.json["message"]


def test_no_outside_host_may_be_asked(client: FlaskClient) -> None:
    for path in ("/docs", "/openapi.json", "/nothing", "/metrics"):
        answer = client.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "http:" not in policy
        assert "https:" not in policy
        assert "*" not in policy
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'self'" in policy
        assert "'unsafe-inline'" not in policy.split("script-src")[1].split(";")[0]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
