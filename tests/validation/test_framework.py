"""The validation's own machinery: what holds, what is written, what a bad topic costs."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from tests.validation import air, running, water
from tests.validation.section import Check, Picture, Section, table
from tests.validation.writing import chapter, document, save_picture


@pytest.mark.parametrize(
    ("low", "high", "value", "holds"),
    [(0.0, 1.0, 1.0, True), (0.0, 1.0, 1.1, False), (None, 1.0, -9.0, True), (0.0, None, math.nan, False)],
)
def test_a_promise_holds_between_its_bounds(
    low: float | None, high: float | None, value: float, holds: bool
) -> None:
    assert Check(what="x", value=value, low=low, high=high).holds is holds


def test_a_chapter_says_what_is_not_kept() -> None:
    section = Section(
        title="T",
        text="words",
        tables=(table("rows", ("a", "b|c"), [("x", 0.12345)]),),
        checks=(Check(what="good", value=1.0, low=0.0), Check(what="bad", value=1.0, high=0.5)),
        skipped=("the long one",),
    )
    text = document([chapter(section, 1.25)], "# Head")
    assert "| x | 0.123 |" in text
    assert "b\\|c" in text
    assert "| bad | 1 | <= 0.5 | **no** |" in text
    assert "Skipped: the long one" in text


def test_pictures_are_the_same_every_time_and_small(tmp_path: Path) -> None:
    from matplotlib.figure import Figure

    def drawn(folder: Path) -> bytes:
        folder.mkdir()
        figure = Figure(figsize=(2.0, 2.0))
        figure.subplots().plot([0.0, 1.0], [0.0, 1.0])
        return save_picture(Picture(name="p", caption="c", figure=figure), folder).read_bytes()

    assert drawn(tmp_path / "a") == drawn(tmp_path / "b")
    big = Figure(figsize=(6.0, 6.0))
    axes = big.subplots()
    for k in range(200):
        axes.plot(range(100), [(k * j) % 17 for j in range(100)], ".")
    with pytest.raises(ValueError, match="expected at most"):
        save_picture(Picture(name="big", caption="c", figure=big), tmp_path)


def test_a_topic_that_hangs_or_is_not_there_costs_its_own_chapter(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    part = running.run_apart("gallery", tmp_path, 0.01, air.BOOK)
    assert part.broken == ("gallery: stopped after 0.01 seconds",)
    assert "**Failed**" in part.text
    part = running.run_topic("no_such_topic", tmp_path)
    assert not part.broken
    assert "Not run" in part.text
    assert "skipped" in capsys.readouterr().out


def test_every_topic_of_the_water_that_is_there_is_in_its_book() -> None:
    files = Path(water.__file__).parent.glob("water_*.py")
    there = {path.stem for path in files if "def report(" in path.read_text(encoding="utf-8")}
    assert there <= set(water.BOOK.topics)
