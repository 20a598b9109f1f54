"""Expressions of $filter: precedence, times as spans, missing values, hostile texts."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.core.errors import BadRequestError
from web.sensorthings.filter import holds, parse_filter, time_bounds
from web.sensorthings.options import read_options
from web.sensorthings.times import iso, read_time

ENTITY = {
    ("name",): "Beam 1",
    ("result",): 2.5,
    ("phenomenonTime",): "2026-01-01T00:00:00.000Z",
    ("span",): "2026-01-01T00:00:00Z/2026-01-01T01:00:00Z",
    ("Thing", "name"): "O'Neill",
}


def true_of(text: str) -> bool:
    return holds(parse_filter(text), lambda path: ENTITY.get(path))


@pytest.mark.parametrize(
    "text",
    [
        "result gt 2 and result lt 3",
        "result eq 1 or result eq 2.5",
        # and binds tighter than or, not tighter than and, arithmetic tighter than comparison
        "result eq 2.5 or result eq 1 and result eq 7",
        "not result eq 1 and true eq true",
        "not (result eq 2.5 and name eq 'x')",
        "result add 1 mul 2 eq 4.5",
        "(result add 1) mul 2 eq 7",
        "result sub 1 sub 1 eq 0.5",
        "5 div 2 eq result",
        "Thing/name eq 'O''Neill'",
        "substringof('eam', name)",
        "startswith(tolower(name), 'beam')",
        "length(name) eq 6 and endswith(name, '1')",
        "indexof(name, 'am') eq 2",
        "concat(name, '!') eq 'Beam 1!'",
        "ceiling(result) eq 3 and floor(result) eq 2",
        "phenomenonTime eq 2026-01-01T08:00:00+08:00",
        "phenomenonTime ge 2026-01-01T00:00:00Z and phenomenonTime lt 2026-01-01T00:00:01Z",
        "span gt 2025-12-31T23:59:59Z and span le 2026-01-01T01:00:00Z",
        "absent eq null",
        "absent ne 3",
        "name ne 3",
    ],
)
def test_true(text: str) -> None:
    assert true_of(text)


@pytest.mark.parametrize(
    "text",
    [
        "absent gt 3",
        "absent lt 3",
        "name gt 3",
        "span lt 2026-01-01T00:30:00Z",
        "span gt 2026-01-01T00:30:00Z",
        "result",
        "result div 0 eq 1",
        "length(absent) eq 0",
    ],
)
def test_not_true(text: str) -> None:
    assert not true_of(text)


@pytest.mark.parametrize(
    "text",
    ["", "result gt", "gt 3", "result gt 3)", "(result gt 3", "f(name)", "length(name, 'x') eq 1",
     "result ?? 3", "result gt 2026-99-99T00:00:00Z", "'open", "(" * 100 + "1" + ")" * 100],
)  # fmt: skip
def test_what_cannot_be_read_is_named(text: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        parse_filter(text)
    assert caught.value.field == "$filter"


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_is_read_or_refused(first: str, second: str) -> None:
    for texts in ({"$filter": first}, {"$expand": second, "$orderby": first}, {"$select": second}):
        with suppress(BadRequestError):
            read_options(texts)


def test_bounds_follow_only_what_every_entity_must_meet() -> None:
    low, high = 1_767_225_600_000, 1_767_229_200_000
    both = f"phenomenonTime ge {iso(low)} and result gt 1 and phenomenonTime lt {iso(high)}"
    assert time_bounds(parse_filter(both)) == (low, high)
    either = f"phenomenonTime ge {iso(low)} or result gt 1"
    assert time_bounds(parse_filter(either)) == (None, None)
    assert time_bounds(None) == (None, None)


@settings(max_examples=60, deadline=None)
@given(st.integers(min_value=0, max_value=4_000_000_000_000))
def test_times_survive_the_way_out_and_in(time_ms: int) -> None:
    span = read_time(iso(time_ms))
    assert span is not None
    assert span.start_ms == span.end_ms == time_ms


@pytest.mark.parametrize(
    ("texts", "field"),
    [
        ({"$top": "-1"}, "$top"),
        ({"$skip": "1e3"}, "$skip"),
        ({"$count": "yes"}, "$count"),
        ({"$resultFormat": "csv"}, "$resultFormat"),
        ({"$orderby": "name up"}, "$orderby"),
        ({"$orderby": "desc"}, "$orderby"),
        ({"$expand": "A($top=1"}, "$expand"),
        ({"$expand": "A($top)"}, "$expand"),
        ({"$expand": "A($expand=" * 9 + "B" + ")" * 9}, "$expand"),
        ({"$expand": "/".join("ABCDEFGH")}, "$expand"),
        ({"$apply": "x"}, "$apply"),
    ],
)
def test_bad_options_are_named(texts: dict[str, Any], field: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        read_options(texts)
    assert caught.value.field == field


def test_nested_options_are_read() -> None:
    read = read_options({"$expand": "Datastreams($top=1;$expand=Observations($top=2)),Locations"})
    (streams, inside), (locations, _) = read.expand
    assert (streams, locations) == ("Datastreams", "Locations")
    assert inside.top == 1
    assert inside.expand[0][1].top == 2
    joined = read_options({"$expand": "Datastreams/Sensor,Datastreams/Thing"})
    assert [name for name, _ in joined.expand[0][1].expand] == ["Sensor", "Thing"]
