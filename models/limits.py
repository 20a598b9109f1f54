"""Limits of validity of a model, declared by its row and checked against what it is asked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from twin.core.text import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """Range of an input in which a model was shown to hold.

    ``quantity`` names the input with its unit as in code (``wind_speed_m_s``); ``low`` and ``high``
    None where there is no bound; ``units`` a name of ``twin.core.units``; ``why`` what is known beyond it.
    """

    quantity: str
    units: str
    low: float | None = None
    high: float | None = None
    why: Text

    def holds(self, value: float) -> bool:
        """Whether a value lies within the limit, bounds included; NaN does not."""
        above = self.low is None or value >= self.low
        below = self.high is None or value <= self.high
        return above and below and not math.isnan(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """An input that lies outside a limit; a result to show, not an error."""

    limit: Limit
    value: float

    @property
    def note(self) -> str:
        """What a plume's notes say of it.

        >>> row = Limit(quantity="wind_speed_m_s", units="m/s", low=0.5, why=Text(zh="静风", en="calm"))
        >>> Outside(limit=row, value=0.2).note
        'outside validity: wind_speed_m_s 0.2, expected 0.5 to any'
        """
        low = "any" if self.limit.low is None else f"{self.limit.low:g}"
        high = "any" if self.limit.high is None else f"{self.limit.high:g}"
        return f"outside validity: {self.limit.quantity} {self.value:.3g}, expected {low} to {high}"


def outside(limits: Sequence[Limit], values: Mapping[str, float]) -> tuple[Outside, ...]:
    """Limits that the values break; a limit without a value is not checked."""
    return tuple(
        Outside(limit=row, value=values[row.quantity])
        for row in limits
        if row.quantity in values and not row.holds(values[row.quantity])
    )
