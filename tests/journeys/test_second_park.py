"""A second park: imported by the command from real files, fed with real frames, live in the browser."""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from tests.support import field_park
from tests.support.chromium import open_page, until
from tests.support.whole_park import ROOT, whole_park
from twin.store.reader import LedgerReader

pytestmark = pytest.mark.browser
CHINESE = re.compile(r"[\u4e00-\u9fff]")
# What the frames of the log say, in SI: the numbers of the conformance set's real frames.
SAID = {
    "ST1-MET/wind_speed": 1.0,
    "ST1-MET/wind_from": 11.0,
    "ST1-MET/air_temperature": 290.15,
    "ST1-MET/air_pressure": 95_000.0,
    "ST1-MET/conc:so2": 6e-9,
    "ST2-MET/air_temperature": 298.55,
    "ST2-MET/relative_humidity": 0.492,
    "ST4-B01/conc:so2": 22.25e-9,
    "ST4-B01/conc:no2": 22.7e-9,
    "ST4-B01/conc:co": 0.36e-6,
}


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    """Folder of the imported scene, with the real devices registered in it."""
    scene = field_park.import_andorra(tmp_path_factory.mktemp("import") / "andorra")
    field_park.cast_parts(scene)
    return scene


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    path = tmp_path_factory.mktemp("log") / "field.log"
    assert len(field_park.write_log(path)) > 30
    return path


@pytest.fixture(scope="module")
def park(imported, log, tmp_path_factory):
    """The running park; the recorded frames come again and again on the clock of an exercise."""
    folder = tmp_path_factory.mktemp("second")
    field_park.allow_recorded_passwords(folder / "data")
    with whole_park(folder, scene=str(imported), simulate=False) as running:
        _wait_for_port(running.hj212_port)
        process = _replay(running, imported, log, "--retime", "--rounds", "0", "--longest-wait-s", "1")
        try:
            _wait_for_values(running)
            yield running
        finally:
            process.terminate()
            process.wait(20)


def _replay(park, scene, log, *arguments):
    command = ["replay", str(log), "--scene", str(scene), "--port", str(park.hj212_port), *arguments]
    environment = dict(os.environ, OMP_NUM_THREADS="1", PARK_TWIN_DATA_DIR=str(park.data_dir))
    return subprocess.Popen(
        [sys.executable, "-m", "web.cli", *command],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _wait_for_port(port):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    pytest.fail(f"nothing listens on {port}")


def _wait_for_values(park):
    end = time.monotonic() + 60
    while not set(SAID) <= {row["s"] for row in park.get("/api/v1/state")["values"]}:
        assert time.monotonic() < end, park.log.read_text()[-3000:]
        time.sleep(0.3)


def test_terrain_buildings_roads_river_industry_and_stations_are_there(park):
    with urllib.request.urlopen(park.url + park.get("/api/v1/park")["scene_url"], timeout=20) as answer:
        text = answer.read().decode()
    doc = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert {kind: len(doc[kind]) for kind in ("stations", "beams", "areas", "wells")} == {
        "stations": 4, "beams": 20, "areas": 1, "wells": 0,
    }  # fmt: skip
    assert "aigües residuals" in doc["areas"][0]["name"]["en"]
    assert len(doc["buildings"]) > 15
    assert len(doc["roads"]) > 250
    assert any("Valira" in row["name"]["en"] for row in doc["waters"])
    assert doc["z_range"][1] - doc["z_range"][0] > 1500.0
    assert doc["terrain"]["max_error_m"] <= 1.0
    assert doc["terrain"]["max_error_fence_m"] <= 0.5
    assert doc["strata"] is None
    assert not doc["terrain_is_demonstration"]
    assert all(beam["sight"]["clear"] for beam in doc["beams"])


def test_the_frames_are_the_state_of_the_park(park):
    state = park.get("/api/v1/state")
    values = {row["s"]: row for row in state["values"]}
    assert {key: values[key]["v"] for key in SAID} == pytest.approx(SAID)
    assert {row["o"] for row in values.values()} == {"exercise"}
    assert {values[key]["q"] for key in SAID} == {"good"}
    assert all(state["now_ms"] - values[key]["t"] < 120_000 for key in SAID)
    played = {row["mn"]: row["state"] for row in state["devices"] if row["state"] != "never"}
    assert played == {part.mn: "online" for part in field_park.PARTS}


def test_the_browser_shows_them_live(park, browser):
    watched = open_page(browser, park.url + "/?mode=desk", width=1600, height=900)
    # The same numbers again change no pixel, so this asks what arrived, and reads how old it is.
    until(watched.page, "window.__parkTwin.timings.events.filter(e => e.kind === 'values').length > 1")
    fresh = r"/ST4-B01\s*SO₂\s*0\.022\s*mg.m³\W*(刚刚|\d+\s*秒)/"
    until(watched.page, f"{fresh}.test(document.body.innerText.replaceAll('\\n', ' '))", 20)
    body = watched.page.inner_text("body")
    assert "安道尔拉法尔加" in body
    assert "演练数据" in body
    assert "模拟数据" not in body
    assert re.search(r"0\.022\d*\s*mg/m³", body)
    assert watched.hosts == {park.url.removeprefix("http://")}
    assert watched.errors == []
    watched.page.close()


def test_its_english_is_complete(park, browser):
    watched = open_page(browser, park.url + "/?mode=wall&lang=en", width=1920, height=1080)
    body = watched.page.inner_text("body")
    assert "La Farga, Andorra" in body
    assert "EXERCISE DATA" in body
    left = {line.strip() for line in body.splitlines() if CHINESE.search(line)}
    assert {line for line in left if "演练数据" not in line and line != "中文"} == set()
    assert watched.errors == []
    watched.page.close()


def test_without_retime_they_come_byte_for_byte_and_are_not_believed(park, imported, log):
    """A stamp of 2022 is no news: the frame is kept as it is, its values are doubtful."""
    part = field_park.PARTS[2]
    process = _replay(park, imported, log, "--mn", part.mn)
    assert process.wait(60) == 0
    recorded = next(line for line in log.read_bytes().splitlines() if part.mn.encode() in line)
    reader = LedgerReader(f"sqlite:///{park.data_dir}/ledger.sqlite")
    stored = {row.qn: row.segment for row in reader.frames(part.mn, 1000)}
    reader.close()
    assert stored["20220928142812336"] == recorded[6:-4]
    assert len(stored) > 1
    times = [row["t"] for row in park.get("/api/v1/state")["values"]]
    assert min(times) > time.time() * 1000 - 3_600_000


def test_nobody_may_put_new_times_on_a_measured_device(park, imported, log, tmp_path):
    live = tmp_path / "live"
    live.mkdir()
    for path in imported.iterdir():
        body = path.read_bytes()
        if path.name == "devices.toml":
            body = body.replace(b'origin = "exercise"', b'origin = "measured"')
        (live / path.name).write_bytes(body)
    told = {"PARK_TWIN_DATA_DIR": str(park.data_dir), "PARK_TWIN_HJ212_PORT": str(park.hj212_port)}
    done = field_park.park_twin("replay", str(log), "--scene", str(live), "--retime", **told)
    assert done.returncode == 2
    assert "登记为 measured" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("language", "word"), [("zh", "错误: "), ("en", "Error: ")])
def test_an_import_from_something_else_is_refused_by_name(language, word, tmp_path):
    bad = tmp_path / "photo.tif"
    bad.write_text("not a raster")
    done = field_park.park_twin(
        "scene", "import", "bad", "--into", str(tmp_path / "parks" / "bad"), "--dem", str(bad),
        "--centre", "1.5,42.5", PARK_TWIN_LANGUAGE=language,
    )  # fmt: skip
    assert done.returncode == 4
    message = done.stderr.splitlines()[-1]
    assert message.startswith(word)
    assert "photo.tif" in message
    assert bool(CHINESE.search(message)) == (language == "zh")
    assert "Traceback" not in done.stderr
    assert not list((tmp_path / "parks").glob("*")) if (tmp_path / "parks").exists() else True
