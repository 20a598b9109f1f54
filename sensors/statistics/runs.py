"""Runs in a row of values: always the same, or above a limit.

Source: Hubei guide annex 2-3 (固定值查询, over-limit query by count and run length); the lengths are
settings of ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from twin.core.errors import BadRequestError


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """``length`` values; ``start`` and ``end`` are positions of the first and last of them."""

    start: int
    end: int
    length: int
    value: float


def fixed_runs(
    values: Sequence[float | None], min_run: int, detection_limit: float | None = None
) -> tuple[Run, ...]:
    """Runs of at least ``min_run`` equal values.

    A gap (None) neither counts nor ends a run. Below the detection limit an instrument has nothing to
    tell apart, so values there make no run; they end one, because they are another value.

    >>> [(run.start, run.length) for run in fixed_runs([1.0, 1.0, None, 1.0, 2.0], 3)]
    [(0, 3)]
    """
    if min_run < 1:
        raise BadRequestError(
            f"min_run is {min_run}; expected 1 or more",
            message_zh=f"min_run 为 {min_run}；应不小于 1",
            field="min_run",
            value=min_run,
        )
    runs: list[Run] = []
    current: Run | None = None
    for k, value in enumerate(values):
        if value is None:
            continue
        if current is not None and value == current.value:
            current = Run(start=current.start, end=k, length=current.length + 1, value=value)
            continue
        _keep(runs, current, min_run)
        below = detection_limit is not None and value < detection_limit
        current = None if below else Run(start=k, end=k, length=1, value=value)
    _keep(runs, current, min_run)
    return tuple(runs)


def runs_over(values: Sequence[float | None], limit: float, min_run: int = 1) -> tuple[Run, ...]:
    """Runs of values above a limit; equal to it is not above. A gap neither counts nor ends a run.

    ``value`` of a run is its highest.

    >>> [(run.start, run.length, run.value) for run in runs_over([1.0, 6.0, None, 7.0, 5.0], 5.0)]
    [(1, 2, 7.0)]
    """
    runs: list[Run] = []
    current: Run | None = None
    for k, value in enumerate(values):
        if value is None:
            continue
        if value <= limit:
            _keep(runs, current, min_run)
            current = None
        elif current is None:
            current = Run(start=k, end=k, length=1, value=value)
        else:
            highest = max(current.value, value)
            current = Run(start=current.start, end=k, length=current.length + 1, value=highest)
    _keep(runs, current, min_run)
    return tuple(runs)


def _keep(runs: list[Run], run: Run | None, min_run: int) -> None:
    if run is not None and run.length >= min_run:
        runs.append(run)
