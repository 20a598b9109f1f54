"""What a water curtain takes out of a release, with the range that goes with it.

Field tests with HF (Goldfish 1986, Hawk 1988) showed that removal rises with the ratio of water to HF; their
figures could not be confirmed against print, so none is built in: the fraction is the user's, with a range.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from models.air.source.outcome import Outcome
from models.term import SourceTerm
from twin.core.errors import SolverError
from twin.core.geometry import FloatArray
from twin.core.text import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Curtain:
    """Water curtain: removed fraction, its range, and when it runs (seconds from the start)."""

    removed_fraction: float
    low_fraction: float
    high_fraction: float
    from_s: float = 0.0
    until_s: float = float("inf")

    def checked(self) -> Curtain:
        """The curtain itself. Raises SolverError unless 0 <= low <= removed <= high <= 1."""
        if not 0.0 <= self.low_fraction <= self.removed_fraction <= self.high_fraction <= 1.0:
            raise SolverError(
                f"removed_fraction is {self.removed_fraction} with range {self.low_fraction} to "
                f"{self.high_fraction}; expected 0 <= low <= removed <= high <= 1",
                message_zh=f"removed_fraction 为 {self.removed_fraction}，范围 {self.low_fraction} 至 "
                f"{self.high_fraction}；应满足 0 ≤ 下限 ≤ 取值 ≤ 上限 ≤ 1",
                field="removed_fraction",
                value=self.removed_fraction,
            )
        return self


def behind_curtain(outcome: Outcome, curtain: Curtain) -> tuple[Outcome, Outcome, Outcome]:
    """The release with the curtain at its stated fraction, at the low and at the high end of the range.

    Only the jet or cloud is caught, not the pool. Removed mass is booked in the balance. Raises
    SolverError for fractions out of order.
    """
    rows = curtain.checked()
    middle, low, high = rows.removed_fraction, rows.low_fraction, rows.high_fraction
    return _caught(outcome, rows, middle), _caught(outcome, rows, low), _caught(outcome, rows, high)


def _caught(outcome: Outcome, curtain: Curtain, fraction: float) -> Outcome:
    if outcome.jet is None:
        return outcome
    jet = _split(outcome.jet, curtain)
    middles = 0.5 * (jet.times_s[1:] + jet.times_s[:-1])
    wet = (middles >= curtain.from_s) & (middles < curtain.until_s)
    kept = np.where(wet, 1.0 - fraction, 1.0)
    books = outcome.balance
    vapour = _thinned(books.times_s, books.vapour_kg, jet.times_s, kept)
    aerosol = _thinned(books.times_s, books.aerosol_kg, jet.times_s, kept)
    removed = books.removed_kg + (books.vapour_kg - vapour) + (books.aerosol_kg - aerosol)
    note = Text(
        zh=f"水幕去除 {100 * fraction:g} %（{curtain.from_s:g} 秒起），由用户给定",
        en=f"water curtain removes {100 * fraction:g} % from {curtain.from_s:g} s, as stated by the user",
    )
    return replace(
        outcome,
        jet=replace(jet, rate_kg_s=jet.rate_kg_s * kept, notes=(*jet.notes, note)),
        balance=replace(books, vapour_kg=vapour, aerosol_kg=aerosol, removed_kg=removed),
        notes=(*outcome.notes, note),
    )


def _split(term: SourceTerm, curtain: Curtain) -> SourceTerm:
    """The same term with bounds where the curtain starts and ends."""
    inside = [t for t in (curtain.from_s, curtain.until_s) if term.times_s[0] < t < term.times_s[-1]]
    bounds = np.union1d(term.times_s, np.array(inside))
    at = np.searchsorted(term.times_s, 0.5 * (bounds[1:] + bounds[:-1])) - 1
    return replace(
        term,
        times_s=bounds,
        rate_kg_s=term.rate_kg_s[at],
        temperature_k=term.temperature_k[at],
        liquid_fraction=term.liquid_fraction[at],
        air_fraction=term.air_fraction[at],
        radius_m=term.radius_m[at],
        speed_m_s=term.speed_m_s[at],
    )


def _thinned(times_s: FloatArray, mass_kg: FloatArray, bounds_s: FloatArray, kept: FloatArray) -> FloatArray:
    """Cumulative mass when of each step of ``bounds_s`` only the part ``kept`` goes on."""
    grid = np.union1d(times_s, bounds_s)
    whole = np.interp(grid, times_s, mass_kg)
    middles = 0.5 * (grid[1:] + grid[:-1])
    at = np.clip(np.searchsorted(bounds_s, middles) - 1, 0, len(kept) - 1)
    part = np.where(middles <= bounds_s[-1], kept[at], 1.0)
    caught = np.concatenate([[0.0], np.cumsum(np.diff(whole) * part)])
    return np.asarray(np.interp(times_s, grid, caught))
