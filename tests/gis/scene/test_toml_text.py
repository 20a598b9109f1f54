"""What is written as TOML is read back the same."""

from __future__ import annotations

import tomllib

from hypothesis import given, settings
from hypothesis import strategies as st

from gis.scene.toml_text import toml_text

KEYS = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
SCALARS = st.one_of(
    st.booleans(),
    st.integers(-(2**40), 2**40),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(blacklist_categories=("Cs",)), max_size=20),
)
ROWS = st.dictionaries(KEYS, st.one_of(SCALARS, st.lists(SCALARS, max_size=3)), max_size=4)
TABLES = st.dictionaries(KEYS, st.one_of(SCALARS, ROWS, st.lists(ROWS, min_size=1, max_size=3)), max_size=6)


@settings(deadline=None, max_examples=60)
@given(TABLES)
def test_round_trip(tables):
    assert tomllib.loads(toml_text("head\nof two lines", tables)) == tables


def test_nothing_and_empty_lists():
    text = toml_text("h", {"a": None, "rows": [], "t": {"x": None, "y": 1.5}})
    assert tomllib.loads(text) == {"rows": [], "t": {"y": 1.5}}
