"""Whether production and treatment run, and whether treatment runs while production does.

Source: Wenzhou guide 3.3 and 5.2; thresholds and grace are settings of ours. Unknown is a state of its
own: no current is not the same as no news.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from twin.core.errors import BadRequestError

GRACE_MIN = 5.0


class Linkage(StrEnum):
    """What the states of production and treatment say together."""

    NORMAL = "normal"
    GRACE = "grace"
    TREATMENT_NOT_RUNNING = "treatment not running"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """Above ``on_above`` a unit runs, below ``off_below`` it stands; between them it goes on as before."""

    on_above_value: float
    off_below_value: float

    def __post_init__(self) -> None:
        if not self.off_below_value <= self.on_above_value:
            raise BadRequestError(
                f"off_below is {self.off_below_value:g}, above on_above = {self.on_above_value:g}",
                message_zh=f"off_below 为 {self.off_below_value:g}，大于 on_above = {self.on_above_value:g}",
                field="off_below",
                value=self.off_below_value,
            )

    def next(self, before: bool | None, value: float | None) -> bool | None:
        """State after a value; None is unknown and stays so until a level is passed."""
        if value is None:
            return None
        if value > self.on_above_value:
            return True
        if value < self.off_below_value:
            return False
        return before


def states(values: Sequence[float | None], levels: Levels) -> tuple[bool | None, ...]:
    """State after every value; without one the state is unknown, and what was before is forgotten.

    >>> states([0.2, 1.2, 0.7, 0.4, None, 0.7], Levels(on_above_value=1.0, off_below_value=0.5))
    (False, True, True, False, None, None)
    """
    found: list[bool | None] = []
    state: bool | None = None
    for value in values:
        state = levels.next(state, value)
        found.append(state)
    return tuple(found)


def linkage(
    production_on: bool | None,
    treatment_on: bool | None,
    minutes: float,
    grace_min: float = GRACE_MIN,
    *,
    show_grace: bool = False,
) -> Linkage:
    """Judgement on production and treatment that have been in these states for ``minutes``.

    Treatment may lag by the grace. With ``show_grace`` the time within it has a state of its own.

    >>> linkage(True, False, 3.0).value, linkage(True, False, 5.1).value, linkage(None, False, 60.0).value
    ('normal', 'treatment not running', 'unknown')
    """
    if minutes < 0 or grace_min < 0:
        field, value = ("minutes", minutes) if minutes < 0 else ("grace_min", grace_min)
        raise BadRequestError(
            f"{field} is {value:g}; expected 0 or more",
            message_zh=f"{field} 为 {value:g}；应不小于 0",
            field=field,
            value=value,
        )
    if production_on is False or (production_on and treatment_on):
        return Linkage.NORMAL
    if production_on is None or treatment_on is None:
        return Linkage.UNKNOWN
    if minutes > grace_min:
        return Linkage.TREATMENT_NOT_RUNNING
    return Linkage.GRACE if show_grace else Linkage.NORMAL


def together(states_of_units: Sequence[bool | None], *, need_all: bool = False) -> bool | None:
    """State of several units as one: any that runs (or all, with ``need_all``); None is unknown.

    >>> together([True, None]), together([False, None]), together([True, False], need_all=True)
    (True, None, False)
    """
    decisive = not need_all
    if any(state is decisive for state in states_of_units):
        return decisive
    if not states_of_units or any(state is None for state in states_of_units):
        return None
    return not decisive
