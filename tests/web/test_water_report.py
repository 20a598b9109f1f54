"""The report over the API and on the command line, the contaminants on the command line."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from typer.testing import CliRunner

from tests.support.risk_facts import NOW_MS, comparison, now_cast
from tests.support.synthetic import Writer
from twin.core.origin import Origin
from twin.store.rows import WaterKind, WaterRow
from web.cli import app

HEAD = ("run", "k", "t", "origin", "solver")


def row(kind: WaterKind, body: dict[str, object], k: int, *, exercise: bool = False) -> WaterRow:
    return WaterRow(
        run="water-1",
        k=k,
        kind=kind,
        time_ms=NOW_MS,
        origin=Origin.SIMULATED,
        solver="test solver 1.0",
        exercise=exercise,
        body={key: value for key, value in body.items() if key not in HEAD},
    )


def test_before_the_first_now_cast_there_is_no_report(filled: Writer, client: FlaskClient) -> None:
    for ending in ("docx", "pdf"):
        answer = client.get(f"/api/v1/water/report.{ending}")
        assert answer.status_code == 404
        assert "now-cast" in answer.get_json()["message"]


def test_the_report_is_of_the_newest_now_cast_and_of_no_exercise(filled: Writer, client: FlaskClient) -> None:
    from docx import Document

    filled.results.add_water(row(WaterKind.NOW_CAST, now_cast(), 3))
    filled.results.add_water(row(WaterKind.COMPARISON, comparison(), 4, exercise=True))
    answer = client.get("/api/v1/water/report.docx")
    assert answer.status_code == 200
    assert "wordprocessingml" in answer.headers["Content-Type"]
    assert 'filename="groundwater-water-1-3.docx"' in answer.headers["Content-Disposition"]
    said = "\n".join(part.text for part in Document(BytesIO(answer.data)).paragraphs)
    assert "未比较措施" in said
    filled.results.add_water(row(WaterKind.COMPARISON, comparison(), 5))
    said = "\n".join(
        part.text for part in Document(BytesIO(client.get("/api/v1/water/report.docx").data)).paragraphs
    )
    assert "反应墙使受威胁目标最少" in said
    assert client.get("/api/v1/water/report.pdf").data.startswith(b"%PDF-")


@pytest.mark.parametrize("ending", ["docx", "pdf"])
def test_the_command_writes_a_report_from_files(tmp_path: Path, ending: str) -> None:
    cast, other = tmp_path / "now.json", tmp_path / "compared.json"
    cast.write_text(json.dumps({"nowcasts": [now_cast()], "truncated": False}), encoding="utf-8")
    other.write_text(json.dumps(comparison()), encoding="utf-8")
    out = tmp_path / "made" / f"report.{ending}"
    made = CliRunner().invoke(
        app, ["water", "report", "--now", str(cast), "--comparison", str(other), "--out", str(out)]
    )
    assert made.exit_code == 0, made.output
    assert out.read_bytes()[:2] in (b"PK", b"%P")


def test_other_endings_and_broken_files_are_refused(tmp_path: Path) -> None:
    broken = tmp_path / "now.json"
    broken.write_text("{", encoding="utf-8")
    runner = CliRunner()
    wrong = runner.invoke(app, ["water", "report", "--out", str(tmp_path / "x.rtf")])
    assert wrong.exit_code != 0
    unread = runner.invoke(app, ["water", "report", "--now", str(broken), "--out", str(tmp_path / "x.pdf")])
    assert unread.exit_code != 0
    assert not (tmp_path / "x.pdf").exists()


def test_contaminants_are_listed_shown_and_planned_for() -> None:
    runner = CliRunner()
    listed = runner.invoke(app, ["water", "contaminants", "pfos"], env={"COLUMNS": "200"})
    assert listed.exit_code == 0
    assert "1763-23-1" in listed.output
    one = runner.invoke(
        app, ["water", "contaminants", "16984-48-8", "--degree", "20"], env={"COLUMNS": "200"}
    )
    assert "fluoride_lime" in one.output
    assert "0.001" in one.output
    missing = runner.invoke(app, ["water", "contaminants", "unobtainium"])
    assert missing.exit_code != 0
