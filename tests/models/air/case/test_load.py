"""A case file is taken whole or refused with every finding named, in both languages."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.air.case.load import CaseError, load_case
from models.air.case.schema import PlumeCase

PLUME: dict[str, Any] = {
    "kind": "plume",
    "air": {"wind_speed_m_s": 3.0, "inverse_obukhov_1_m": 0.0},
    "release": [{"substance": "so2", "rate_kg_s": 0.1}],
    "arc": [{"radii_m": [100.0]}],
}


def changed(path: str, value: object) -> dict[str, Any]:
    """The plume with one value replaced; ``release.0.rate_kg_s`` names a row of a list."""
    import copy

    data = copy.deepcopy(PLUME)
    *parents, last = path.split(".")
    place: Any = data
    for part in parents:
        place = place[int(part)] if part.isdigit() else place.setdefault(part, {})
    if value is None:
        del place[last]
    else:
        place[last] = value
    return data


def refused(data: dict[str, Any]) -> CaseError:
    with pytest.raises(CaseError) as caught:
        load_case(data)
    return caught.value


def test_a_good_case_is_taken() -> None:
    loaded = load_case(PLUME)
    assert isinstance(loaded.case, PlumeCase)
    assert loaded.id == "case"


@pytest.mark.parametrize(
    ("path", "value", "english", "chinese"),
    [
        (
            "air.wind_speed_m_s",
            -1.0,
            "air.wind_speed_m_s is -1.0; input should be greater than 0",
            "应大于 0",
        ),
        ("air.wind_speed_m_s", "3", "valid number", "应为数字"),
        ("air.wind_speed_m_s", float("nan"), "finite", "有限数"),
        ("air.wind_sped_m_s", 3.0, "air.wind_sped_m_s is 3.0; no such key", "没有此项"),
        ("air.pasquill_class", "D", "only one measure of stability", "稳定度只能给出一种"),
        ("air.pasquill_class", "G", "'A', 'B', 'C', 'D', 'E' or 'F'", "之一"),
        ("release.0.rate_kg_s", None, "rate_kg_s or mass_kg", "rate_kg_s 与 mass_kg"),
        ("release.0.substance", "so 2", "pattern", "应符合"),
        ("release.0.end_s", 0.0, "greater than 0", "应大于 0"),
        ("arc.0.radii_m", [], "at least 1 item", "至少 1 项"),
        ("arc.0.from_deg", 10.0, "belong together", "同时给出"),
        ("site.dem", "", "at least 1 character", "不得为空"),
        ("arc", None, "nothing is asked", "没有要计算的位置"),
        ("kind", "plum", "one of plume, dense, wind, backward, source", "plume"),
    ],
)
def test_findings_name_field_value_and_what_was_expected(
    path: str, value: object, english: str, chinese: str
) -> None:
    error = refused(changed(path, value))
    assert english in error.message
    assert chinese in error.message_zh
    assert re.search(r"[\u4e00-\u9fff]", error.message_zh)


def test_all_findings_are_told_at_once_and_rows_by_their_id() -> None:
    data = changed("air.wind_speed_m_s", -1.0)
    data["release"].append({"id": "tank", "substance": "so2", "rate_kg_s": -2.0})
    error = refused(data)
    assert len(error.problems) == 2
    assert "release.tank.rate_kg_s is -2.0" in error.message


def test_a_file_that_is_none_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("kind = ", encoding="utf-8")
    for name in ("bad.toml", "none.toml"):
        with pytest.raises(CaseError, match=name) as caught:
            load_case(tmp_path / name)
        assert name in caught.value.message_zh


def test_text_and_files_give_the_same_case(tmp_path: Path) -> None:
    text = (
        'kind = "plume"\n[air]\nwind_speed_m_s = 3\n[[release]]\nsubstance = "so2"\nrate_kg_s = 1\n'
        "[[arc]]\nradii_m = [50]\n"
    )
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    assert load_case(text).case == load_case(path).case
    assert load_case(path).id == "mine"
    assert load_case(path).folder == tmp_path


WILD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(deadline=None, max_examples=60)
@given(
    key=st.sampled_from(["air", "site", "run", "release", "arc", "grid", "point", "beam", "output"]),
    value=WILD,
)
def test_nothing_but_a_case_error_comes_of_wild_input(key: str, value: object) -> None:
    said = "taken"
    try:
        load_case({**PLUME, key: value})
    except CaseError as error:
        said = error.message if error.message_zh else ""
    assert said
