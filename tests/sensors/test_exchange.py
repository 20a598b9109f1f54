"""One exchange without a wire: 9011, data, 9012, time-outs, resends, what comes late or never."""

from __future__ import annotations

import pytest

from sensors.hj212.codec import Message, parse
from sensors.hj212.commands import make_request
from sensors.hj212.exchange import Exchange, Outcome, Patience, StepKind
from tests.support.small_park import device

DEVICE = device(1)
QN = "20261122101500001"
PATIENCE = Patience(over_time_ms=1000, recount=2, result_ms=5000)
T0 = 1_795_000_000_000


def started(cn: str = "2051") -> Exchange:
    args = {"from_ms": T0 - 3_600_000, "to_ms": T0} if cn == "2051" else {}
    exchange = Exchange(make_request(DEVICE, cn, args, 8.0), QN, PATIENCE)
    assert exchange.start(T0)
    return exchange


def said(cn: str, body: str = "", *, qn: str = QN) -> Message:
    return parse(f"QN={qn};ST=91;CN={cn};PW=123456;MN={DEVICE.mn};Flag=4;CP=&&{body}&&".encode())


def kinds(exchange: Exchange) -> list[str]:
    return [row.kind.value for row in exchange.taken_steps()]


def test_the_whole_way():
    exchange = started()
    assert exchange.hear(said("9011", "QnRtn=1"), T0 + 100)
    for minute in range(3):
        assert exchange.hear(said("2051", f"DataTime=2026112210{minute:02d}00;a21018-Avg=1"), T0 + 200)
    assert exchange.hear(said("9012", "ExeRtn=1"), T0 + 300)
    assert exchange.progress.outcome is Outcome.DONE
    assert exchange.progress.data_frames == 3
    assert (exchange.progress.qn_return, exchange.progress.exe_return) == (1, 1)
    assert kinds(exchange) == ["sent", "ready", "data", "result"]


@pytest.mark.parametrize(
    ("code", "outcome"),
    [(1, Outcome.DONE), (100, Outcome.NO_DATA), (5, Outcome.FAILED), (77, Outcome.FAILED)],
)
def test_results(code: int, outcome: Outcome):
    exchange = started()
    exchange.hear(said("9011", "QnRtn=1"), T0)
    exchange.hear(said("9012", f"ExeRtn={code}"), T0)
    assert exchange.progress.outcome is outcome


@pytest.mark.parametrize("code", [2, 3, 4, 5, 6, 7, 8, 9, 100])
def test_a_request_that_is_not_ready_is_refused(code: int):
    exchange = started()
    exchange.hear(said("9011", f"QnRtn={code}"), T0)
    assert exchange.progress.outcome is Outcome.REFUSED
    assert not exchange.tick(T0 + 10_000)


def test_no_answer_is_resent_with_the_same_number_and_then_given_up():
    exchange = started()
    times = [T0 + ms for ms in range(0, 6000, 100) if exchange.tick(T0 + ms)]
    assert times == [T0 + 1000, T0 + 2000], "ReCount more requests"
    assert exchange.progress.outcome is Outcome.NO_ANSWER
    assert exchange.progress.ended_ms == T0 + 3000
    steps = exchange.taken_steps()
    assert [row.kind for row in steps] == [StepKind.SENT, StepKind.RESENT, StepKind.RESENT, StepKind.TIMEOUT]
    assert {row.detail for row in steps[:3]} == {f"QN {QN}"}


def test_after_9011_nothing_is_resent_and_silence_ends_it():
    exchange = started()
    exchange.hear(said("9011", "QnRtn=1"), T0 + 500)
    assert not any(exchange.tick(T0 + 500 + ms) for ms in range(0, 5000, 250))
    exchange.hear(said("2051", "DataTime=20261122100000"), T0 + 5000)
    assert not exchange.tick(T0 + 9999)
    assert not exchange.is_over, "each word of the station begins the wait anew"
    exchange.tick(T0 + 10_000)
    assert exchange.progress.outcome is Outcome.NO_RESULT


def test_a_lost_9011_does_no_harm():
    exchange = started()
    exchange.hear(said("2051", "DataTime=20261122100000"), T0 + 500)
    assert not exchange.tick(T0 + 1500)
    exchange.hear(said("9012", "ExeRtn=1"), T0 + 1600)
    assert exchange.progress.outcome is Outcome.DONE


def test_answers_to_somebody_else_are_not_ours():
    exchange = started()
    assert not exchange.hear(said("9011", "QnRtn=1", qn="20261122101500002"), T0)
    assert not exchange.hear(said("9014"), T0)
    assert not exchange.hear(said("2011", "DataTime=20261122101500"), T0), "live data go on meanwhile"
    assert exchange.is_running


def test_packages_with_numbers_of_their_own_are_known_by_their_time():
    exchange = started()
    inside, outside = T0 - 60_000, T0 + 7_200_000
    from sensors.hj212.commands import stamp

    assert exchange.hear(said("2051", f"DataTime={stamp(inside, 8.0)}", qn="1"), T0)
    assert not exchange.hear(said("2051", f"DataTime={stamp(outside, 8.0)}", qn="2"), T0)


def test_edition_2005_names_the_request_inside_cp():
    exchange = started("1011")
    answer = parse(f"ST=91;CN=9011;PW=1;MN={DEVICE.mn};Flag=0;CP=&&QN={QN};QnRtn=1&&".encode())
    assert exchange.hear(answer, T0)
    assert exchange.progress.qn_return == 1


def test_real_time_data_are_started_by_9011_alone_and_stopped_by_9013():
    exchange = started("2011")
    exchange.hear(said("9011", "QnRtn=1"), T0)
    assert exchange.progress.outcome is Outcome.DONE
    exchange = started("2012")
    exchange.hear(said("9013"), T0)
    assert exchange.progress.outcome is Outcome.DONE


def test_a_lost_link_and_a_cancellation_end_it_once():
    for end in (lambda row: row.lose_link(T0 + 1), lambda row: row.cancel(T0 + 1, "li.wei")):
        exchange = started()
        end(exchange)
        before = exchange.progress.outcome
        exchange.lose_link(T0 + 2)
        exchange.cancel(T0 + 2, "somebody else")
        assert exchange.progress.outcome is before
        assert len(exchange.taken_steps()) == 2


def test_no_secret_stays_in_an_answer():
    exchange = started("1011")
    exchange.hear(said("1011", "SystemTime=20261122101500;PW=hush;NewPW=hush"), T0)
    assert exchange.progress.answer == {"SystemTime": "20261122101500"}
