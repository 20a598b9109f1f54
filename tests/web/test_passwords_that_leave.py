"""Where passwords of devices leave the house, the program says so, loudly."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient
from typer.testing import CliRunner

from tests.support.synthetic import T0_MS, Writer
from twin.store import evidence_export
from twin.store.evidence_export import Exported
from twin.store.forwards import OpenForward
from twin.store.ledger import Batch, Ledger
from twin.store.snapshots import TARGETS, PutSnapshot
from web.cli import app
from web.commands.doctor import findings
from web.commands.shell import open_shell

TARGET = '[[targets]]\nname = "province"\nhost = "10.1.2.3"\nport = 9300\n'


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "var"
    folder.mkdir()
    monkeypatch.setenv("PARK_TWIN_DATA_DIR", str(folder))
    monkeypatch.setenv("PARK_TWIN_LANGUAGE", "en")
    monkeypatch.setenv("COLUMNS", "300")
    return folder


def park_twin(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == code, done.output
    return done.output


@pytest.mark.parametrize("frames", [0, 3])
def test_an_export_with_frames_warns(data_dir: Path, monkeypatch: pytest.MonkeyPatch, frames: int) -> None:
    Ledger(f"sqlite:///{data_dir / 'ledger.sqlite'}").close()
    told = Exported(frames=frames, acts=1, checkpoints=1)
    monkeypatch.setattr(evidence_export, "export_evidence", lambda *_: told)
    said = park_twin("evidence", "export", str(data_dir / "x.zip"))
    assert ("(PW) in clear text" in said) is (frames > 0)


def test_a_backup_says_what_is_in_it_whatever_is_left_out(data_dir: Path) -> None:
    Ledger(f"sqlite:///{data_dir / 'ledger.sqlite'}").close()
    for more in ((), ("--without-key-files",)):
        said = park_twin("store", "backup", "--to", str(data_dir.parent / f"disk{len(more)}"), *more)
        assert "(PW) in clear text" in said
    park_twin("store", "backup", "--without-secrets", code=2)


@pytest.mark.parametrize(
    ("targets", "password", "verdict"),
    [("", "secret", "good"), (TARGET, "", "good"), (TARGET, "secret", "warning"), ("[[", "secret", "bad")],
)
def test_doctor_warns_of_packets_with_passwords_that_are_checked_here(
    data_dir: Path, targets: str, password: str, verdict: str
) -> None:
    (data_dir / "forward.toml").write_text(targets)
    (data_dir / "passwords.toml").write_text(f'"A1" = "{password}"\n')
    shell = open_shell(scene=str(data_dir / "nowhere"), data_dir=data_dir)
    found = {row.name: row for row in findings(shell, render=False)}["forwarding"]
    assert found.verdict == verdict
    assert "secret" not in found.detail
    if verdict == "warning":
        assert "province" in found.detail


@pytest.mark.parametrize("carries", [True, False, None])
def test_the_state_of_forwarding_tells(client: FlaskClient, writer: Writer, carries: bool | None) -> None:
    row = {"host": "10.1.2.3", "port": 9300, "origins": ["measured"], "mns": ["*"], "cns": ["2*"]}
    told = row if carries is None else {**row, "carries_passwords": carries}
    deeds = [
        OpenForward(target="province", fingerprint="x", from_start=False, settings={}),
        PutSnapshot(name=TARGETS, time_ms=T0_MS, body={"province": told}),
    ]
    writer.ledger.write(Batch(deeds=deeds), T0_MS)
    (target,) = client.get("/api/v1/forwarding").json["targets"]
    assert target["carries_passwords"] is (carries is not False)
