"""Every error that is raised on purpose says what it has to say in Chinese too."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from twin.core import errors

ROOT = Path(__file__).resolve().parents[2]
NAMES = {
    name
    for name, kind in vars(errors).items()
    if isinstance(kind, type)
    and issubclass(kind, errors.ParkTwinError)
    and kind is not errors.SceneProblems  # made of others
}


def silent(source: str) -> list[int]:
    """Lines on which an error is made without ``message_zh``."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in NAMES
        and not any(word.arg in ("message_zh", None) for word in node.keywords)
    ]


def test_the_law_sees_one() -> None:
    assert silent('raise FrameError(KIND, "x")\nraise FrameError(KIND, "x", message_zh="y")') == [1]


@pytest.mark.parametrize("package", ["twin/live", "sensors", "web"])
def test_no_error_is_english_only(package: str) -> None:
    found = {
        str(path.relative_to(ROOT)): lines
        for path in sorted((ROOT / package).rglob("*.py"))
        if (lines := silent(path.read_text("utf-8")))
    }
    assert not found
