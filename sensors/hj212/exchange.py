"""One exchange with a station, without any input or output: request -> 9011 -> data -> 9012.

HJ 212-2017, 6.6 and table 10, 11: no answer within OverTime means to send the same request (same QN)
again, up to ReCount times. The driver asks ``due_ms`` when to come back and does what ``Effect`` says.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from sensors.hj212.codec import Message
from sensors.hj212.commands import Request
from twin.core.text import Text

READY, RESULT, NOTICE_ANSWER = "9011", "9012", "9013"
_ANSWER_CHARS = 1000
_SECRET_KEYS = frozenset({"pw", "newpw", "newkey", "key"})


class StepKind(StrEnum):
    """What happened in an exchange. Values are stable and machine-readable."""

    QUEUED = "queued"
    SENT = "sent"
    RESENT = "resent"
    READY = "ready"
    REFUSED = "refused"
    DATA = "data"
    RESULT = "result"
    LATE = "late"
    TIMEOUT = "timeout"
    LINK_LOST = "link_lost"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


class Outcome(StrEnum):
    """How an exchange stands or ended."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"
    NO_DATA = "no_data"
    NO_ANSWER = "no_answer"
    NO_RESULT = "no_result"
    LINK_LOST = "link_lost"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come."""
        return self not in (Outcome.QUEUED, Outcome.RUNNING)


def _t(zh: str, en: str) -> Text:
    return Text(zh=zh, en=en)


# HJ 212-2017, tables of request returns and execution returns.
QN_RETURNS = MappingProxyType(
    {
        1: _t("准备执行请求", "ready"),
        2: _t("请求被拒绝", "refused"),
        3: _t("PW 错误", "wrong PW"),
        4: _t("MN 错误", "wrong MN"),
        5: _t("ST 错误", "wrong ST"),
        6: _t("Flag 错误", "wrong Flag"),
        7: _t("QN 错误", "wrong QN"),
        8: _t("CN 错误", "wrong CN"),
        9: _t("CRC 校验错误", "wrong check sum"),
        100: _t("未知错误", "unknown error"),
    }
)
EXE_RETURNS = MappingProxyType(
    {
        1: _t("执行成功", "done"),
        2: _t("执行失败，原因不明", "failed, reason unknown"),
        3: _t("命令请求条件错误", "condition of the command is wrong"),
        4: _t("通讯超时", "time-out on the station's side"),
        5: _t("系统繁忙不能执行", "busy"),
        6: _t("系统故障", "fault"),
        100: _t("没有数据", "no data"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait: ``over_time_ms`` for 9011, ``recount`` times more; then ``result_ms`` of silence."""

    over_time_ms: int = 5_000
    recount: int = 3
    result_ms: int = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of an exchange; ``detail`` never holds a secret."""

    time_ms: int
    kind: StepKind
    detail: str = ""


@dataclass(slots=True)
class Progress:
    """What has become of an exchange so far.

    ``answer``: pairs of the last data frame, without secrets; ``heard_ms``: when it came.
    """

    outcome: Outcome = Outcome.QUEUED
    sends: int = 0
    data_frames: int = 0
    qn_return: int | None = None
    exe_return: int | None = None
    answer: dict[str, str] = field(default_factory=dict)
    heard_ms: int | None = None
    started_ms: int | None = None
    ended_ms: int | None = None


class Exchange:
    """State of one exchange. ``start`` and ``tick`` return True when the request has to be sent (again)."""

    def __init__(self, request: Request, qn: str, patience: Patience) -> None:
        self.request = request
        self.qn = qn
        self.progress = Progress()
        self._patience = patience
        self._heard = False
        self._due_ms = 0
        self._steps: list[Step] = []

    @property
    def due_ms(self) -> int:
        """When ``tick`` has something to do."""
        return self._due_ms

    @property
    def is_over(self) -> bool:
        """Whether the exchange has ended."""
        return self.progress.outcome.is_over

    @property
    def is_running(self) -> bool:
        """Whether the request was sent and the exchange has not ended."""
        return self.progress.outcome is Outcome.RUNNING

    def taken_steps(self) -> tuple[Step, ...]:
        """Steps since the last call, oldest first."""
        steps, self._steps = tuple(self._steps), []
        return steps

    def start(self, now_ms: int) -> bool:
        """The request goes out now."""
        self.progress.outcome = Outcome.RUNNING
        self.progress.started_ms = now_ms
        self._send(now_ms, StepKind.SENT)
        return True

    def tick(self, now_ms: int) -> bool:
        """Time has passed."""
        if self.is_over or now_ms < self._due_ms:
            return False
        if self._heard:
            detail = "station gave no result"
            self._end(Outcome.NO_RESULT, now_ms, StepKind.TIMEOUT, detail)
            return False
        if self.progress.sends > self._patience.recount:
            self._end(
                Outcome.NO_ANSWER, now_ms, StepKind.TIMEOUT, f"{self.progress.sends} requests, no answer"
            )
            return False
        self._send(now_ms, StepKind.RESENT)
        return True

    def hear(self, message: Message, now_ms: int) -> bool:
        """A message of the device; True when it belongs to this exchange."""
        if message.cn in (READY, RESULT, NOTICE_ANSWER):
            if answered_qn(message) != self.qn:
                return False
            self._hear_answer(message, now_ms)
            return True
        if message.cn in self.request.row.data_cns and self._answers(message):
            self._hear_data(message, now_ms)
            return True
        return False

    def lose_link(self, now_ms: int) -> None:
        """The line is gone; what was asked is not known to be done."""
        if not self.is_over:
            self._end(Outcome.LINK_LOST, now_ms, StepKind.LINK_LOST, "the line of the device has ended")

    def cancel(self, now_ms: int, by: str) -> None:
        """Somebody does not want it any more; what was sent cannot be called back."""
        if not self.is_over:
            self._end(Outcome.CANCELLED, now_ms, StepKind.CANCELLED, by)

    def _answers(self, message: Message) -> bool:
        """Whether data belong to this request: same QN, or a time inside the span that was asked for.

        Packages of a split answer may carry numbers of their own (HJ 212-2017, C.46 and on).
        """
        if message.qn == self.qn:
            return True
        begin = dict(self.request.fields).get("BeginTime")
        end = dict(self.request.fields).get("EndTime")
        time = message.data_time or ""
        return begin is not None and end is not None and begin <= time[:14] <= end

    def _hear_answer(self, message: Message, now_ms: int) -> None:
        self._heard = True
        self._due_ms = now_ms + self._patience.result_ms
        if message.cn == RESULT:
            self._hear_result(message, now_ms)
        elif message.cn == NOTICE_ANSWER:
            self._note(now_ms, StepKind.READY, NOTICE_ANSWER)
            if self.request.row.is_notice:
                self._finish(Outcome.DONE, now_ms)
        else:
            self._hear_ready(message, now_ms)

    def _hear_ready(self, message: Message, now_ms: int) -> None:
        code = _code(message.value("QnRtn"))
        self.progress.qn_return = code
        if code != 1:
            self._end(Outcome.REFUSED, now_ms, StepKind.REFUSED, _said("QnRtn", code))
            return
        self._note(now_ms, StepKind.READY, _said("QnRtn", code))
        if not self.request.row.wants_result:
            self._finish(Outcome.DONE, now_ms)

    def _hear_result(self, message: Message, now_ms: int) -> None:
        code = _code(message.value("ExeRtn"))
        self.progress.exe_return = code
        outcome = {1: Outcome.DONE, 100: Outcome.NO_DATA}.get(code, Outcome.FAILED)
        self._end(outcome, now_ms, StepKind.RESULT, _said("ExeRtn", code))

    def _hear_data(self, message: Message, now_ms: int) -> None:
        self._heard = True
        self._due_ms = now_ms + self._patience.result_ms
        self.progress.data_frames += 1
        self.progress.answer = _answer(message, self.request)
        self.progress.heard_ms = now_ms
        if self.progress.data_frames == 1:  # the others are counted; a day has 1440 of them
            self._note(now_ms, StepKind.DATA, f"CN {message.cn}")

    def _send(self, now_ms: int, kind: StepKind) -> None:
        self.progress.sends += 1
        self._due_ms = now_ms + self._patience.over_time_ms
        self._note(now_ms, kind, f"QN {self.qn}")

    def _end(self, outcome: Outcome, now_ms: int, kind: StepKind, detail: str) -> None:
        self._note(now_ms, kind, detail)
        self._finish(outcome, now_ms)

    def _finish(self, outcome: Outcome, now_ms: int) -> None:
        self.progress.outcome = outcome
        self.progress.ended_ms = now_ms

    def _note(self, now_ms: int, kind: StepKind, detail: str) -> None:
        self._steps.append(Step(time_ms=now_ms, kind=kind, detail=detail))


def answered_qn(message: Message) -> str:
    """QN that an answer names: HJ/T 212-2005 writes it inside CP, later editions in the header."""
    return message.value("QN") or message.qn or ""


def _code(text: str | None) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) <= 4 else 100


def _said(name: str, code: int) -> str:
    known = (QN_RETURNS if name == "QnRtn" else EXE_RETURNS).get(code)
    return f"{name} {code}" + (f": {known.en}" if known else "")


def _answer(message: Message, request: Request) -> dict[str, str]:
    """Pairs of a data frame without secrets: neither by their names nor those that were just sent."""
    sent = [str(request.arguments[name]) for name in request.hidden if request.arguments.get(name)]
    pairs: dict[str, str] = {}
    room = _ANSWER_CHARS
    for group in message.groups:
        for key, value in group:
            room -= len(key) + len(value)
            if room < 0:
                return pairs
            if key.lower() not in _SECRET_KEYS and not any(text in key or text in value for text in sent):
                pairs.setdefault(key, value)
    return pairs
