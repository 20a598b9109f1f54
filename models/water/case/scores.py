"""How far a run is from what was published or measured: bias, mean and largest error, within tolerance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """An observed value and the computed one, both SI; ``tolerance_value`` None: none was stated."""

    receptor: str
    quantity: str
    units: str
    observed_value: float
    modelled_value: float
    tolerance_value: float | None = None

    @property
    def kept(self) -> bool | None:
        """Whether the computed value lies within its tolerance; None where none was stated."""
        if self.tolerance_value is None:
            return None
        return bool(abs(self.modelled_value - self.observed_value) <= self.tolerance_value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Errors of one quantity over ``number`` pairs, in its unit: modelled minus observed.

    ``l1_value`` is the mean of the absolute errors, ``max_value`` the largest. ``judged`` pairs have a
    tolerance, ``kept`` of them keep it.
    """

    quantity: str
    units: str
    number: int
    bias_value: float
    rmse_value: float
    l1_value: float
    max_value: float
    judged: int
    kept: int


def scores_of(pairs: Sequence[Pair]) -> tuple[Scores, ...]:
    """Scores per quantity. A computed value that is not finite (dry) counts as infinitely wrong."""
    grouped: dict[tuple[str, str], list[Pair]] = {}
    for pair in pairs:
        grouped.setdefault((pair.quantity, pair.units), []).append(pair)
    return tuple(_score(quantity, units, rows) for (quantity, units), rows in grouped.items())


def _score(quantity: str, units: str, rows: Sequence[Pair]) -> Scores:
    error = np.array([row.modelled_value - row.observed_value for row in rows])
    size = np.where(np.isfinite(error), np.abs(error), np.inf)
    judged = [row for row in rows if row.tolerance_value is not None]
    return Scores(
        quantity=quantity,
        units=units,
        number=len(rows),
        bias_value=float(np.mean(error)),
        rmse_value=float(np.sqrt(np.mean(size * size))),
        l1_value=float(np.mean(size)),
        max_value=float(np.max(size)),
        judged=len(judged),
        kept=sum(1 for row in judged if row.kept),
    )
