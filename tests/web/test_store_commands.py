"""``park-twin store``: the drill of a loss, and what is said on the way."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gis.scene.load import load_scene
from tests.support.arrivals import arrival, value
from twin.core.clock import DAY_MS, SystemClock
from twin.core.errors import StoreError
from twin.live.local_notes import waiting_notes
from twin.live.settings import load_settings
from twin.store.ledger import Batch, Ledger
from twin.store.reader import LedgerReader
from web.cli import app

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "var"
    monkeypatch.setenv("PARK_TWIN_DATA_DIR", str(folder))
    monkeypatch.setenv("PARK_TWIN_LANGUAGE", "en")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    return folder


def park_twin(*arguments: str, code: int | None = 0) -> str:
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert code in (None, done.exit_code), done.output
    return done.output


def write(url: str, first_ms: int, count: int) -> None:
    ledger = Ledger(url)
    for i in range(count):
        row = arrival(f"{first_ms}-{i}", value(first_ms + i, float(i)), received_ms=first_ms + i)
        ledger.write(Batch(arrivals=[row]), first_ms)
    ledger.close()


def test_a_lost_data_folder_comes_back(data_dir: Path, tmp_path: Path) -> None:
    url = load_settings().ledger
    write(url, SystemClock().now_ms(), 30)
    assert "There is no backup yet" in park_twin("doctor", "--no-render", code=None)
    disk = tmp_path / "disk"
    said = park_twin("store", "backup", "--to", str(disk))
    (folder,) = disk.iterdir()
    assert str(folder) in said
    assert "sound" in park_twin("store", "verify", "--backup", str(folder))
    reader = LedgerReader(url)
    before = reader.frames_after(0)
    reader.close()

    shutil.rmtree(data_dir)
    assert "30 raw frames" in park_twin("store", "restore", str(folder), "--into", str(data_dir))
    reader = LedgerReader(url)
    assert reader.frames_after(0) == before
    reader.close()
    assert "All is well: 30 raw frames" in park_twin("store", "verify")
    with pytest.raises(StoreError, match="already"):
        park_twin("store", "restore", str(folder), "--into", str(data_dir))


def test_scene_and_settings_come_back_and_the_act_is_noted(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = tmp_path / "my-park"
    shutil.copytree(ROOT / "scenes" / "qingliu", scene)
    (scene / "more").mkdir()
    (scene / "more" / "notes.md").write_text("x", encoding="utf-8")
    monkeypatch.setenv("PARK_TWIN_SCENE", str(scene))
    (tmp_path / "park-twin.toml").write_text("backup_keep = 3\n", encoding="utf-8")
    write(load_settings().ledger, SystemClock().now_ms(), 2)
    disk = tmp_path / "disk"
    park_twin("store", "backup", "--to", str(disk))
    (folder,) = disk.iterdir()
    (note,) = [row.act for row in waiting_notes(data_dir)]
    assert (note.kind, note.body["folder"]) == ("local.backup_made", folder.name)
    before = load_scene(scene).park
    names = {path.relative_to(scene).as_posix() for path in scene.rglob("*") if path.is_file()}

    shutil.rmtree(scene)
    shutil.rmtree(data_dir)
    (tmp_path / "park-twin.toml").unlink()
    park_twin("store", "restore", str(folder), "--into", str(data_dir))
    back = data_dir / "park" / "scene"
    found = {path.relative_to(back).as_posix() for path in back.rglob("*") if path.is_file()}
    assert found == names - {"terrain.tif"}, "the recipe makes the terrain again"
    (left,) = json.loads((data_dir / "park" / "left_out.json").read_text("utf-8"))
    assert (left["path"], len(left["sha256"])) == ("terrain.tif", 64)
    assert (data_dir / "park" / "park-twin.toml").read_text("utf-8") == "backup_keep = 3\n"
    told = json.loads((data_dir / "park" / "settings.json").read_text("utf-8"))
    assert told["PARK_TWIN_BACKUP_KEEP"] == "3"
    terrain = ROOT / "scenes" / "qingliu" / "terrain.tif"
    after = load_scene(back, terrain_path=terrain).park
    assert (after.devices, after.lines, after.book) == (before.devices, before.lines, before.book)


def test_a_scene_file_that_was_changed_in_a_backup_is_found(data_dir: Path, tmp_path: Path) -> None:
    write(load_settings().ledger, SystemClock().now_ms(), 1)
    park_twin("store", "backup", "--to", str(tmp_path / "disk"))
    (folder,) = (tmp_path / "disk").iterdir()
    with (folder / "park" / "scene" / "devices.toml").open("a", encoding="utf-8") as file:
        file.write("# x")
    with pytest.raises(StoreError, match="devices.toml"):
        park_twin("store", "verify", "--backup", str(folder))


def test_a_park_without_its_scene_is_backed_up_all_the_same(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARK_TWIN_SCENE", "nowhere")
    write(load_settings().ledger, SystemClock().now_ms(), 1)
    said = park_twin("store", "backup", "--to", str(tmp_path / "disk"))
    assert "holds no scene files" in said
    (folder,) = (tmp_path / "disk").iterdir()
    assert (folder / "ledger.sqlite").is_file()


def test_backups_in_the_house_are_thinned_and_found_by_doctor(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARK_TWIN_BACKUP_KEEP", "1")
    write(load_settings().ledger, SystemClock().now_ms(), 1)
    now_ms = SystemClock().now_ms()
    for i in range(2):
        monkeypatch.setattr(SystemClock, "now_ms", lambda _, i=i: now_ms + i * 1000)
        park_twin("store", "backup")
    assert len(list((data_dir / "backup").iterdir())) == 1
    assert "h ago" in park_twin("doctor", "--no-render", code=None)


def test_verify_finds_a_changed_frame(data_dir: Path) -> None:
    url = load_settings().ledger
    write(url, SystemClock().now_ms(), 5)
    path = data_dir / "ledger.sqlite"
    body = path.read_bytes()
    reader = LedgerReader(url)
    segment = reader.frames_of([3])[0].segment
    reader.close()
    assert body.count(segment) == 1
    path.write_bytes(body.replace(segment, segment[:-1] + b"!"))
    assert "broken at 3" in park_twin("store", "verify", code=1)


def test_closed_months_move_by_command(data_dir: Path) -> None:
    url = load_settings().ledger
    old_ms = SystemClock().now_ms() - 100 * DAY_MS
    write(url, old_ms, 4)
    write(url, SystemClock().now_ms(), 2)
    reader = LedgerReader(url)
    before = reader.frames_after(0), reader.series("W1/wind_speed", 0, 2**53)
    assert "lies in the archive" in park_twin("store", "archive")
    assert (reader.frames_after(0), reader.series("W1/wind_speed", 0, 2**53)) == before
    reader.close()
    months = sorted(path.name for path in (data_dir / "archive").iterdir())
    assert months
    assert (
        json.loads((data_dir / "archive" / months[0] / "manifest.json").read_text())["about"]["frames"] == 4
    )
    assert "All is well: 6 raw frames" in park_twin("store", "verify")
    assert "No month is due" in park_twin("store", "archive")
    said = park_twin("store", "retention")
    assert months[0] in said
    assert "6 raw frames" in said


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("keep_minute_d", 30),
        ("keep_condition_d", 365),
        ("keep_maintenance_d", 730),
        ("keep_calibration_d", 1095),
        ("keep_operation_d", 183),
        ("live_months", 1),
        ("backup_keep", 1),
    ],
)
def test_no_keep_time_can_be_set_below_the_law(name: str, least: int) -> None:
    from twin.core.errors import SettingsError

    assert getattr(load_settings(**{name: least}), name) == least
    with pytest.raises(SettingsError, match=name):
        load_settings(**{name: least - 1})


def test_a_backup_is_made_at_least_every_week() -> None:
    from twin.core.errors import SettingsError

    with pytest.raises(SettingsError, match="backup_interval_h"):
        load_settings(backup_interval_h=169.0)
