"""The station's side of commands, without input or output: what a logger answers to a platform.

Used by the simulated park and by tests. What the station knows (history, identity) and does
(calibration, cleaning, sampling) comes from a ``Station``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sensors.hj212.codec import Message
from sensors.hj212.commands import HISTORY_CNS, stamp
from sensors.hj212.decode import stamp_ms
from sensors.hj212.edition import PROFILES
from sensors.hj212.frame import frame
from twin.core.device import Device, Edition

DONE, FAILED, CONDITION, NO_DATA = 1, 2, 3, 100
_READY, _REFUSED, _WRONG_PW, _WRONG_CN = 1, 2, 3, 8
_PLATFORM_COMMANDS = frozenset({"9011", "9012", "9013", "9014"})
_ACTIONS = frozenset({"3011", "3012", "3013", "3014", "3022", "3024"})
_NOTICES = frozenset({"2012", "2022"})
_MOST_HISTORY = 2000


class Station(Protocol):
    """What stands behind a logger."""

    def history(self, device: Device, cn: str, from_ms: int, to_ms: int) -> Iterable[str]:
        """Insides of CP (without the fences) of the stored data of a span, oldest first."""
        ...

    def act(self, device: Device, cn: str, factor: str) -> int:
        """Do something (calibrate, clean, sample); the return code of 9012."""
        ...

    def set_interval(self, device: Device, interval_s: float) -> bool:
        """Send real-time data so often from now on; False when that cannot be done."""
        ...

    def stream(self, device: Device, on: bool) -> None:
        """Start or stop real-time data."""
        ...


@dataclass(slots=True)
class SiteState:
    """What a platform has set. ``clock_ms``: the station's clock minus the true time."""

    clock_ms: int = 0
    over_time_s: int = 5
    recount: int = 3
    interval_s: int = 60
    interval_min: int = 1
    streams: bool = True
    parameters: dict[str, str] = field(default_factory=dict)
    periods: dict[str, tuple[str, str]] = field(default_factory=dict)


class Site:
    """One device's answers. ``password`` changes when the platform sets another one."""

    def __init__(self, device: Device, password: str, station: Station, utc_offset_h: float) -> None:
        self.device = device
        self.password = password
        self.state = SiteState(interval_s=round(device.interval_s))
        self._station = station
        self._utc_offset_h = utc_offset_h

    def replies(self, message: Message, now_ms: int) -> list[bytes]:
        """Frames that a request earns, in order; none for what is no request."""
        cn = message.cn or ""
        if message.mn != self.device.mn or cn in _PLATFORM_COMMANDS:
            return []
        if message.pw != self.password:
            return [self._answer(message, "9011", f"QnRtn={_WRONG_PW}")]
        if cn in _NOTICES:
            self.state.streams = False
            self._station.stream(self.device, on=False)
            return [self._answer(message, "9013", "")]
        done = self._done(message, cn, now_ms)
        if done is None:
            return [self._answer(message, "9011", f"QnRtn={_WRONG_CN}")]
        code, bodies = done
        ready = self._answer(message, "9011", f"QnRtn={_READY}")
        data = [self._data(message, cn, body) for body in bodies]
        if cn in ("2011", "2021"):
            return [ready, *data]
        return [ready, *data, self._answer(message, "9012", f"ExeRtn={code}")]

    def _done(self, message: Message, cn: str, now_ms: int) -> tuple[int, Sequence[str]] | None:
        """Return code and data of a command; None for one that this station does not know."""
        if cn in HISTORY_CNS:
            return self._history(message, cn)
        if cn in _ACTIONS:
            return self._station.act(self.device, cn, message.value("PolId") or ""), ()
        if cn in ("2011", "2021"):
            self.state.streams = True
            self._station.stream(self.device, on=True)
            return DONE, ()
        asked = self._asked(message, cn, now_ms)
        return (DONE, (asked,)) if asked is not None else self._set(message, cn, now_ms)

    def _asked(self, message: Message, cn: str, now_ms: int) -> str | None:
        """Answer to a question."""
        state, factor = self.state, message.value("PolId") or ""
        clock = stamp(now_ms + state.clock_ms, self._utc_offset_h)
        period = state.periods.get(factor, ("000000", "1"))
        about = f"PolId={factor};" if factor else ""
        info = message.value("InfoId") or ""
        answers = {
            "1011": f"{about}SystemTime={clock}",
            "1061": f"RtdInterval={state.interval_s}",
            "1063": f"MinInterval={state.interval_min}",
            "3015": f"DataTime={clock};VaseNo=1",
            "3017": f"{about}CstartTime={period[0]};Ctime={period[1]}",
            "3018": f"{about}Stime=5",
            "3019": f"{about}{factor}-SN={self.device.mn}",
            "3020": f"DataTime={clock};{about}{info}-Info={state.parameters.get(info, '0')}",
        }
        return answers.get(cn)

    def _set(self, message: Message, cn: str, now_ms: int) -> tuple[int, Sequence[str]] | None:
        """Do what a setting says."""
        state = self.state
        if cn == "1000":
            state.over_time_s, state.recount = (
                self._number(message, "OverTime"),
                self._number(message, "ReCount"),
            )
        elif cn == "1012":
            time_ms = stamp_ms(message.value("SystemTime") or "", self._utc_offset_h)
            if time_ms is None:
                return CONDITION, ()
            state.clock_ms = time_ms - now_ms
        elif cn == "1062":
            return self._set_interval(self._number(message, "RtdInterval")), ()
        elif cn == "1064":
            state.interval_min = self._number(message, "MinInterval")
        elif cn == "1072":
            self.password = message.value("NewPW") or self.password
        elif cn == "3016":
            period = message.value("CstartTime") or "000000", message.value("Ctime") or "1"
            state.periods[message.value("PolId") or ""] = period
        elif cn == "3021":
            info = message.value("InfoId") or ""
            state.parameters[info] = message.value(f"{info}-Info") or ""
        else:
            return None
        return DONE, ()

    def _set_interval(self, interval_s: int) -> int:
        if interval_s < 1 or not self._station.set_interval(self.device, float(interval_s)):
            return CONDITION
        self.state.interval_s = interval_s
        return DONE

    def _history(self, message: Message, cn: str) -> tuple[int, Sequence[str]]:
        begin = stamp_ms(message.value("BeginTime") or "", self._utc_offset_h)
        end = stamp_ms(message.value("EndTime") or "", self._utc_offset_h)
        if begin is None or end is None or begin > end:
            return CONDITION, ()
        rows = list(self._station.history(self.device, cn, begin, end))[:_MOST_HISTORY]
        return (DONE if rows else NO_DATA), rows

    @staticmethod
    def _number(message: Message, key: str) -> int:
        text = message.value(key) or ""
        return int(text) if text.isascii() and text.isdigit() else 0

    def _data(self, message: Message, cn: str, body: str) -> bytes:
        flag = PROFILES[self.device.edition].version_bits << 2
        head = (
            f"QN={message.qn};ST={self.device.st};CN={cn};PW={self.password};MN={self.device.mn};Flag={flag}"
        )
        return frame(f"{head};CP=&&{body}&&".encode(), self.device.crc_mode)

    def _answer(self, message: Message, cn: str, body: str) -> bytes:
        """9011, 9012 or 9013; HJ/T 212-2005 writes the QN of the request into CP."""
        flag = PROFILES[self.device.edition].version_bits << 2
        named = f"QN={message.qn};{body}" if self.device.edition is Edition.HJ2005 else body
        # A changed password counts from the next exchange on: this one is answered as it was asked.
        head = f"QN={message.qn};ST=91;CN={cn};PW={message.pw};MN={self.device.mn};Flag={flag}"
        return frame(f"{head};CP=&&{named}&&".encode(), self.device.crc_mode)
