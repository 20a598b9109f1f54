"""The command line: what it prints, how it fails, how it stops."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.support.synthetic import Writer, write_bundle
from tests.support.whole_park import ROOT, free_port
from twin.core import errors
from twin.core.errors import ParkTwinError, RasterError, SceneProblems, SettingsError
from twin.live.settings import Settings
from web.cli import app
from web.commands import exits, prepare
from web.commands.doctor import findings
from web.commands.scene_import import pair
from web.commands.shell import open_shell
from web.release import release


def park_twin(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {key: text for key, text in os.environ.items() if not key.startswith("PARK_TWIN_")}
    return subprocess.run(
        [sys.executable, "-m", "web.cli", *arguments],
        cwd=ROOT,
        env=clean | {"OMP_NUM_THREADS": "1"} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_version() -> None:
    assert release() in CliRunner().invoke(app, ["version"]).output


@pytest.mark.parametrize(("language", "word"), [("zh", "错误: 设置"), ("en", "Error: setting")])
def test_an_error_is_one_plain_line_in_the_users_language(language: str, word: str) -> None:
    done = park_twin("serve", PARK_TWIN_LANGUAGE=language, PARK_TWIN_WEB_PORT="70000")
    assert done.returncode == exits.CODES[SettingsError] == 3
    assert done.stdout == ""
    assert done.stderr.startswith(word)
    assert "web_port" in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_scene_that_is_not_there(tmp_path: Path) -> None:
    done = park_twin("scene", "check", str(tmp_path / "nowhere"))
    assert done.returncode == 4
    assert "nowhere" in done.stderr


def test_an_unknown_option_is_a_usage_error() -> None:
    assert park_twin("serve", "--nonsense").returncode == exits.USAGE


def test_every_error_has_an_exit_code() -> None:
    for kind in vars(errors).values():
        if isinstance(kind, type) and issubclass(kind, ParkTwinError):
            error = kind.__new__(kind)
            assert 0 < exits.code_of(error) < 128
    assert exits.code_of(RasterError("x")) == exits.code_of(SceneProblems((RasterError("x"),))) == 4
    assert exits.code_of(ParkTwinError("x")) == exits.FAILED


def test_a_park_whose_terrain_is_missing_says_what_is_wrong(tmp_path: Path) -> None:
    scene = tmp_path / "broken"
    scene.mkdir()
    (scene / "park.toml").write_text("format = 1\nid = 7\n")
    done = park_twin("scene", "check", str(scene), PARK_TWIN_LANGUAGE="en")
    assert done.returncode == exits.FAILED
    assert "park.toml" in done.stdout
    assert "id" in done.stdout


def test_replay_of_a_file_that_is_not_there_or_to_nobody(tmp_path: Path) -> None:
    log = tmp_path / "frames.log"
    log.write_text("nothing\n")
    port = str(free_port())
    nobody = park_twin("replay", str(log), "--port", port)
    assert nobody.returncode == 6
    assert port in nobody.stderr


@pytest.mark.usefixtures("filled")
def test_frames_of_a_ledger_come_back_byte_for_byte(settings: Settings, filled: Writer) -> None:
    from sensors.hj212.client import segment_of
    from twin.store.reader import LedgerReader
    from web.commands.replay import recorded

    shell = open_shell(scene="qingliu", data_dir=settings.data_dir)
    path = settings.data_dir / "ledger.sqlite"
    frames = list(recorded(shell, path, mn=None, limit=30))
    reader = LedgerReader(settings.ledger)
    stored = reader.frames_after(0, 30)
    reader.close()
    assert [segment_of(row.frame) for row in frames] == [row.segment for row in stored]
    assert [row.time_ms for row in frames] == [row.received_ms for row in stored]


@pytest.mark.parametrize("text", ["", "1", "1,2,3", "a,b", "1;2"])
def test_what_is_no_pair(text: str) -> None:
    with pytest.raises(errors.BadRequestError) as caught:
        pair(text, "centre")
    assert caught.value.field == "centre"


def test_a_pair() -> None:
    assert pair("117.0, 26.2", "centre") == (117.0, 26.2)


def test_doctor_finds_a_taken_port_and_goes_on(tmp_path: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        shell = open_shell(scene=str(tmp_path / "nowhere"), data_dir=tmp_path / "data", web_port=port)
        found = {row.name: row for row in findings(shell, render=False)}
    assert found["web_port"].verdict == "warning"
    assert str(port) in found["web_port"].detail
    assert found["scene"].verdict == "bad"
    assert found["python"].verdict == found["sqlite"].verdict == found["data_dir"].verdict == "good"
    assert found["disk"].detail
    assert "rendering" not in found


def test_doctor_fails_when_something_needed_is_missing(tmp_path: Path) -> None:
    arguments = ["doctor", "--no-render", "--scene", str(tmp_path / "nowhere")]
    outcome = CliRunner().invoke(app, arguments, env={"PARK_TWIN_DATA_DIR": str(tmp_path)})
    assert outcome.exit_code == exits.FAILED
    assert "nowhere" in outcome.output


def test_sigterm_while_the_scene_is_prepared_leaves_no_child(tmp_path: Path) -> None:
    script = tmp_path / "python"
    script.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 60\n")
    script.chmod(0o755)
    code = (
        "import sys, web.commands.prepare as p\nfrom web.commands.shell import open_shell\n"
        f"shell = open_shell(data_dir={str(tmp_path)!r})\n"
        f"sys.executable = {str(script)!r}\np.prepare_in_child(shell)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.DEVNULL)
    pid_file = tmp_path / "pid"
    while not pid_file.exists() or not pid_file.read_text().strip():
        assert process.poll() is None
        time.sleep(0.02)
    child = int(pid_file.read_text())
    process.send_signal(signal.SIGTERM)
    process.wait(20)
    assert process.returncode != 0
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


def test_the_bundle_that_is_shown_decides_on_the_simulator(settings: Settings, filled: Writer) -> None:
    from web.commands.run import wants_simulator

    assert wants_simulator(open_shell(data_dir=settings.data_dir)) is True
    assert wants_simulator(open_shell(data_dir=settings.data_dir, simulate=False)) is False
    assert prepare.has_simulated_devices({"series": [{"origin": "measured"}]}) is False


def test_a_second_start_only_looks_whether_anything_changed(settings: Settings, tmp_path: Path) -> None:
    scene = tmp_path / "scene"
    scene.mkdir()
    (scene / "park.toml").write_text("a")
    shell = open_shell(scene=str(scene), data_dir=settings.data_dir)
    assert not prepare.is_prepared(shell)
    write_bundle(settings.data_dir)
    assert not prepare.is_prepared(shell)
    (settings.data_dir / "bundles" / prepare.STAMP).write_text(prepare._fingerprint(scene))
    assert prepare.is_prepared(shell)
    (scene / "park.toml").write_text("ab")
    assert not prepare.is_prepared(shell)


def test_looking_costs_no_library(settings: Settings) -> None:
    write_bundle(settings.data_dir)
    (settings.data_dir / "bundles" / prepare.STAMP).write_text("something else")
    code = (
        "import sys\nfrom web.commands.shell import open_shell\n"
        "from web.commands.prepare import is_prepared\n"
        f"assert not is_prepared(open_shell(scene='qingliu', data_dir={str(settings.data_dir)!r}))\n"
        "assert 'gis.scene.find' in sys.modules\n"
        "assert not {'geopandas', 'rasterio', 'pyvista', 'flask'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
