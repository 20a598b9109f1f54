"""Decisions on doubted values: versions, history, acts, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.support.arrivals import arrival, value
from tests.support.live_desk import LiveDesk, live_desk
from tests.support.small_park import device, small_park
from twin.core.clock import FixedClock
from twin.core.device import Factor
from twin.core.errors import BadRequestError, ConflictError, NotAllowedError, NotFoundError, UnitError
from twin.core.judging import JudgeBook
from twin.core.observation import Check, Mark, Quality
from twin.live.desk_client import ask
from twin.live.judge import StreamJudge
from twin.live.settings import load_settings
from twin.store.acts_reader import acts_before
from twin.store.corrections import CorrectSlice
from twin.store.ledger import Batch, Ledger
from twin.store.review_book import DecideReview
from twin.store.reviews import ReviewQuestion, ReviewState, review, review_counts, review_steps, reviews
from twin.store.rows import Step

T0, MINUTE = 1_795_300_000_000, 60_000
HF = Factor(code="a21018", quantity="conc:hf", unit="mg/m3", fixed_after=3)
KEY = "B1/conc:hf"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[LiveDesk]:
    settings = load_settings(data_dir=tmp_path)
    watched = replace(device(1), factors=(HF,))
    ledger = Ledger(settings.ledger, judge=StreamJudge(JudgeBook(), [watched]))
    park = replace(small_park(), devices=(watched,))
    ledger.register([watched])
    sent = [
        arrival(
            f"q{k}",
            value(T0 + k * MINUTE, 1e-6, sensor="B1", quantity="conc:hf"),
            received_ms=T0 + k * MINUTE,
        )
        for k in range(5)
    ]
    ledger.write(Batch(arrivals=sent), now_ms=T0)
    with live_desk(settings, ledger, park=park, clock=FixedClock(T0 + 90 * MINUTE)) as opened:
        yield opened
    ledger.close()


def test_rejected_values_leave_models_and_both_versions_stay(desk: LiveDesk) -> None:
    said = desk.ask("review.decide", {"id": 1, "verdict": "reject", "comment": "stuck"}, role="reviewer")
    assert said == {"id": 1, "state": "decided", "versions": 3}
    found = desk.office.reader.series(KEY, 0, 2**60)
    assert [row.quality for row in found[2:]] == [Quality.DOUBTFUL] * 3
    assert all(row.checks & Check.REJECTED and row.version == 1 for row in found[2:])
    versions = desk.office.reader.versions(KEY, T0 + 2 * MINUTE)
    assert [row.value.value for row in versions] == [1e-6, 1e-6]
    assert versions[0].value.checks == Check.FIXED_VALUE


def test_confirmed_values_are_good_again(desk: LiveDesk) -> None:
    desk.ask("review.decide", {"id": 1, "verdict": "confirm", "comment": "calm night"}, role="reviewer")
    found = desk.office.reader.series(KEY, 0, 2**60)
    assert {row.quality for row in found} == {Quality.GOOD}
    assert found[4].checks == Check.CONFIRMED | Check.FIXED_VALUE


def test_a_correction_names_number_unit_and_method(desk: LiveDesk) -> None:
    told = {"id": 1, "verdict": "correct", "comment": "lab", "value": 2.5, "unit": "mg/m3", "method": "HJ 67"}
    assert desk.ask("review.decide", told, role="reviewer")["versions"] == 3
    row = desk.office.reader.series(KEY, 0, 2**60)[4]
    assert row.value == pytest.approx(2.5e-6)
    assert row.mark is Mark.BY_HAND
    decided = review(desk.office.reader, 1)
    assert (decided.actor, decided.method) == ("the-reviewer", "HJ 67")
    assert decided.value == pytest.approx(2.5e-6)


def test_a_comment_leaves_it_open(desk: LiveDesk) -> None:
    desk.ask("review.decide", {"id": 1, "verdict": "comment", "comment": "asking"}, role="reviewer")
    assert review(desk.office.reader, 1).decided_ms is None
    assert [step.kind for step in review_steps(desk.office.reader, 1)] == ["opened", "comment"]


def test_every_decision_is_an_act(desk: LiveDesk) -> None:
    desk.ask("review.decide", {"id": 1, "verdict": "reject", "comment": "stuck"}, role="reviewer")
    kinds = {act.kind for act in acts_before(desk.office.reader)}
    assert {"desk.asked", "desk.done"} <= kinds


@pytest.mark.parametrize(
    ("told", "error"),
    [
        (
            {"id": 1, "verdict": "correct", "comment": "x", "value": 1.0, "unit": "m", "method": "y"},
            UnitError,
        ),
        ({"id": 1, "verdict": "correct", "comment": "x", "value": 1.0, "unit": "mg/m3"}, BadRequestError),
        ({"id": 1, "verdict": "correct", "comment": "x", "unit": "mg/m3", "method": "y"}, BadRequestError),
        ({"id": 1, "verdict": "confirm", "comment": "x", "value": 1.0}, BadRequestError),
        ({"id": 1, "verdict": "confirm", "comment": ""}, BadRequestError),
        ({"id": 1, "verdict": "delete", "comment": "x"}, BadRequestError),
        ({"id": 99, "verdict": "confirm", "comment": "x"}, NotFoundError),
    ],
)
def test_what_cannot_be_decided(desk: LiveDesk, told: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error):
        desk.ask("review.decide", told, role="reviewer")
    assert review(desk.office.reader, 1).decided_ms is None
    assert all(row.version == 0 for row in desk.office.reader.series(KEY, 0, 2**60))


def test_only_once_and_only_by_reviewers(desk: LiveDesk) -> None:
    told: dict[str, object] = {"id": 1, "verdict": "reject", "comment": "stuck"}
    for role in ("viewer", "operator"):
        with pytest.raises(NotAllowedError):
            desk.ask("review.decide", told, role=role)
    desk.ask("review.decide", told, role="reviewer")
    with pytest.raises(ConflictError):
        desk.ask("review.decide", told, role="engineer")


def test_the_queue_and_its_clock(desk: LiveDesk) -> None:
    reader, now_ms = desk.office.reader, T0 + 90 * MINUTE
    assert [row.id for row in reviews(reader, ReviewQuestion(state=ReviewState.OVERDUE), now_ms)] == [1]
    assert reviews(reader, ReviewQuestion(state=ReviewState.OVERDUE), T0 + 60 * MINUTE) == ()
    counts = review_counts(reader, now_ms)
    assert (counts.open, counts.overdue, counts.opened, counts.decided) == (1, 1, 1, 0)
    desk.ask("review.decide", {"id": 1, "verdict": "reject", "comment": "stuck"}, role="reviewer")
    assert reviews(reader, ReviewQuestion(), now_ms) == ()
    counts = review_counts(reader, now_ms)
    assert (counts.open, counts.decided, counts.late) == (0, 1, 1)


def test_fifty_thousand_values_are_decided_in_bounded_transactions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = load_settings(data_dir=tmp_path)
    watched = replace(device(1), factors=(HF,))
    ledger = Ledger(settings.ledger, judge=StreamJudge(JudgeBook(), [watched]))
    ledger.register([watched])
    count, at_once = 50_002, 2_174
    for first in range(0, count, at_once):
        times = range(T0 + 1_000 * first, T0 + 1_000 * (first + at_once), 1_000)
        rows = [value(time_ms, 1e-6, sensor="B1", quantity="conc:hf") for time_ms in times]
        sent = arrival(f"stuck{first}", *rows, received_ms=times[-1])
        ledger.write(Batch(arrivals=[sent]), now_ms=T0)
    sizes: list[int] = []
    write = CorrectSlice.apply

    def counted(asked: CorrectSlice, connection: sa.Connection, now_ms: int) -> int:
        sizes.append(len(asked.times_ms))
        return write(asked, connection, now_ms)

    monkeypatch.setattr(CorrectSlice, "apply", counted)
    park = replace(small_park(), devices=(watched,))
    with live_desk(settings, ledger, park=park, clock=FixedClock(T0)) as opened:
        assert review(opened.office.reader, 1).count == 50_000
        told = {"id": 1, "verdict": "reject", "comment": "x"}
        said = ask(settings, "review.decide", told, opened.tokens["reviewer"], limit_s=240)
        curve = opened.office.reader.curve(KEY, 0, 2**60, count)
        hours = opened.office.reader.rollup(KEY, Step.HOUR, 0, 2**60)
    ledger.close()
    assert said["versions"] == 50_000
    assert max(sizes) <= 1_000
    assert curve.version == [0, 0, *[1] * 50_000]
    assert all(checks & Check.REJECTED for checks in curve.checks[2:])
    assert [row.count for row in hours if row.count] == [2]


def test_a_decision_takes_only_the_interval_of_its_review(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path)
    watched = replace(device(1), factors=(HF,))
    ledger = Ledger(settings.ledger, judge=StreamJudge(JudgeBook(), [watched]))
    ledger.register([watched])
    for k in range(4):
        for interval_ms in (0, MINUTE):
            row = value(T0 + k * MINUTE, 1e-6, sensor="B1", quantity="conc:hf", interval_ms=interval_ms)
            sent = arrival(f"q{k}-{interval_ms}", row, received_ms=T0 + k * MINUTE)
            ledger.write(Batch(arrivals=[sent]), now_ms=T0)
    with live_desk(settings, ledger, park=replace(small_park(), devices=(watched,))) as opened:
        reader = opened.office.reader
        found = {row.interval_ms: row for row in reviews(reader, ReviewQuestion(), T0)}
        assert {interval_ms: row.count for interval_ms, row in found.items()} == {0: 2, MINUTE: 2}
        told = {"id": found[MINUTE].id, "verdict": "reject", "comment": "stuck"}
        assert opened.ask("review.decide", told, role="reviewer")["versions"] == 2
        assert {row.version for row in reader.series(KEY, 0, 2**60, interval_ms=0)} == {0}
        assert [row.version for row in reader.series(KEY, 0, 2**60, interval_ms=MINUTE)] == [0, 0, 1, 1]
        (left,) = reviews(reader, ReviewQuestion(), T0)
        assert left.interval_ms == 0
    ledger.close()


def test_a_review_that_has_grown_is_not_closed(desk: LiveDesk) -> None:
    row = review(desk.office.reader, 1)
    late = DecideReview(review=1, actor="li", verdict="reject", comment="x", last_ms=row.last_ms - 1)
    assert desk.do(desk.office.sink.perform(late)) is False
    assert review(desk.office.reader, 1).decided_ms is None
    assert desk.do(desk.office.sink.perform(replace(late, last_ms=row.last_ms))) is True
