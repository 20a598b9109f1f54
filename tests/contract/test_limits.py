"""Sizes that keep files and functions readable."""

from __future__ import annotations

import ast
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("twin", "gis", "models", "sensors", "web")
FILE_MAX, FILE_MEDIAN, FUNCTION_MAX, FUNCTION_MEDIAN = 700, 200, 100, 12


def sources() -> list[Path]:
    skip = {"viewer", "node_modules", "static", "__pycache__", "migrations"}
    found = [path for room in ROOMS for path in (ROOT / room).rglob("*.py") if not skip & set(path.parts)]
    return [path for path in found if path.stat().st_size]


def functions(path: Path) -> list[tuple[str, int]]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [
        (f"{path.relative_to(ROOT)}:{node.name}", (node.end_lineno or node.lineno) - node.lineno + 1)
        for node in ast.walk(tree)
        if isinstance(node, kinds)
    ]


def test_files() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in sources()}
    too_long = {str(path): count for path, count in lengths.items() if count > FILE_MAX}
    assert too_long == {}
    assert median(lengths.values()) <= FILE_MEDIAN


def test_functions() -> None:
    lengths = [row for path in sources() for row in functions(path)]
    assert [row for row in lengths if row[1] > FUNCTION_MAX] == []
    assert median(count for _, count in lengths) <= FUNCTION_MEDIAN


def test_the_viewer_keeps_the_same_limit_for_files() -> None:
    found = [path for path in (ROOT / "web/viewer/src").rglob("*.ts")]
    too_long = {
        path.name: n for path in found if (n := len(path.read_text(encoding="utf-8").splitlines())) > FILE_MAX
    }
    assert too_long == {}
