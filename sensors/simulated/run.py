"""Run the hidden-truth park: one TCP line per station, in step with a clock."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable
from dataclasses import dataclass

from sensors.hj212.client import LinkSettings, LoggerClient
from sensors.hj212.codec import Message
from sensors.simulated.engine import HiddenPark
from sensors.simulated.plan import SimulationPlan
from sensors.simulated.speech import Sentence
from twin.core.clock import Clock, SystemClock

_STEPS_AT_ONCE = 12
_MOST_OPEN = 1500
_LONGEST_NAP_S = 0.25
_LONGEST_STALL_S = 3.0  # time lost to a busy machine that is made up for while catching up
_PATIENCE_S = 5.0
_DRAIN_S = 30.0
_MIN_HANG_UP_S = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationStatus:
    """How a run stands. ``lag_ms``: how far the simulated clock is behind the machine's."""

    time_ms: int
    lag_ms: int
    frames: int
    answered: int
    resent: int
    dropped: int
    open_frames: int
    puffs: int


OnStatus = Callable[[SimulationStatus], None]


async def run_simulation(
    plan: SimulationPlan, *, clock: Clock | None = None, on_status: OnStatus | None = None
) -> SimulationStatus:
    """Live a plan until its end or cancellation; frames go out as HJ 212 clients.

    ``on_status`` is called about four times a second. At the end every frame is given half a
    minute to be answered. Raises SettingsError for a plan that cannot be lived.
    """
    runner = _Runner(plan, clock or SystemClock())
    try:
        await runner.live(on_status)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(runner.drained(), _DRAIN_S)
        return runner.status()
    finally:
        await runner.close()


def simulate(plan: SimulationPlan, on_status: OnStatus | None = None) -> SimulationStatus | None:
    """Run a plan from synchronous code; SIGINT and SIGTERM end it. None when it was ended so."""

    async def work() -> SimulationStatus | None:
        task = asyncio.ensure_future(run_simulation(plan, on_status=on_status))
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, task.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            return await task
        return None

    return asyncio.run(work())


class _Runner:
    """A park, its lines and its clock."""

    def __init__(self, plan: SimulationPlan, clock: Clock) -> None:
        self._plan = plan
        self._clock = clock
        self._park = HiddenPark(plan)
        settings = LinkSettings(window=256)
        self._lines = {
            row: LoggerClient(plan.host, plan.port, settings, self._obey) for row in self._park.station_ids
        }
        self._tasks = [asyncio.create_task(line.run()) for line in self._lines.values()]
        self._down_until_ms = dict.fromkeys(self._lines, 0)
        self._frames = 0
        self._target_ms = float(self._park.time_ms)
        self._live = False

    def status(self) -> SimulationStatus:
        """Counters of all lines."""
        stats = [line.stats for line in self._lines.values()]
        return SimulationStatus(
            time_ms=self._park.time_ms,
            lag_ms=self._clock.now_ms() - self._park.time_ms,
            frames=self._frames,
            answered=sum(row.answered for row in stats),
            resent=sum(row.resent for row in stats),
            dropped=sum(row.dropped for row in stats),
            open_frames=sum(line.open_frames for line in self._lines.values()),
            puffs=self._park.puffs,
        )

    def _obey(self, message: Message) -> list[bytes]:
        """Answer a command; the loggers' clocks are right, whatever is being lived through."""
        return self._park.sites.replies(message, self._clock.now_ms())

    async def live(self, on_status: OnStatus | None) -> None:
        """Step after step until the plan's end."""
        last_s = told_s = asyncio.get_running_loop().time()
        while not self._over():
            now_s = asyncio.get_running_loop().time()
            self._move_target(min(_LONGEST_STALL_S, now_s - last_s))
            last_s = now_s
            stepped = self._step_to_target()
            if on_status is not None and now_s - told_s >= _LONGEST_NAP_S:
                told_s = now_s
                on_status(self.status())
            await self._rest(stepped)

    async def drained(self) -> None:
        """Wait until all frames are answered."""
        for line in self._lines.values():
            await line.drained()

    async def close(self) -> None:
        """Hang up and write the rest of the truth."""
        for line in self._lines.values():
            line.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._park.close()

    def _over(self) -> bool:
        return self._plan.end_ms is not None and self._park.time_ms >= self._plan.end_ms

    def _move_target(self, passed_s: float) -> None:
        """The simulated clock; once it has caught up it is the machine's clock."""
        now_ms = self._clock.now_ms()
        self._target_ms += 1000.0 * passed_s * self._plan.speed
        self._live = self._live or self._target_ms >= now_ms
        if self._live:
            self._target_ms = now_ms

    def _step_to_target(self) -> bool:
        """Some steps towards the target; whether there are more to do at once."""
        for _ in range(_STEPS_AT_ONCE):
            if self._over() or self._park.time_ms + self._park.step_ms > self._target_ms:
                return False
            for sentence in self._park.advance():
                self._send(sentence)
            self._drop_lines()
        return True

    def _send(self, sentence: Sentence) -> None:
        self._frames += 1
        self._lines[sentence.station_id].offer(sentence.frame, key=(sentence.mn, sentence.qn))

    def _drop_lines(self) -> None:
        """Hang up where a drop-out has begun; its length shrinks with the speed."""
        for station_id, line in self._lines.items():
            window = self._park.drop_out(station_id)
            if window is None or window.end_ms <= self._down_until_ms[station_id]:
                continue
            self._down_until_ms[station_id] = window.end_ms
            speed = 1.0 if self._live else self._plan.speed
            line.hang_up(max(_MIN_HANG_UP_S, (window.end_ms - self._park.time_ms) / 1000.0 / speed))

    async def _rest(self, behind: bool) -> None:
        """Let the lines work; while catching up, do not run away from a slow platform."""
        if not self._live:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._room(), _PATIENCE_S)
        if behind:
            await asyncio.sleep(0)
            return
        speed = 1.0 if self._live else self._plan.speed
        missing_s = (self._park.time_ms + self._park.step_ms - self._target_ms) / 1000.0 / speed
        await asyncio.sleep(min(_LONGEST_NAP_S / 2, max(0.005, missing_s)))

    async def _room(self) -> None:
        for line in self._lines.values():
            await line.wait_below(_MOST_OPEN)
