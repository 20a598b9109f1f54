"""The page that people read says what the table says."""

from __future__ import annotations

from tests.support.substances_page import MARK, PAGE, page


def test_the_page_is_made_from_the_table() -> None:
    """When this fails: python -m tests.support.substances_page."""
    text = PAGE.read_text(encoding="utf-8")
    assert MARK in text
    assert text == page(text)
