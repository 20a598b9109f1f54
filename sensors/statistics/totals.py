"""Emission totals: concentration times flow, hour by hour; what is missing stands apart.

Source: HJ 212-2017 appendix D.2 (hourly emission = mean concentration x volume of the hour); missing
hours after HJ 75-2017 12.2.2 (``substitution``), which replaces mass only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sensors.statistics.substitution import Before, Method, Reason, capture_pct, method, substitute_kg


@dataclass(frozen=True, slots=True, kw_only=True)
class HourOfEmission:
    """One hour: mean concentration (kg/m3) and volume (m3), None where not valid.

    A stopped source emits nothing, whatever its instruments say.
    """

    conc_kg_m3: float | None
    volume_m3: float | None
    stopped: bool = False

    @property
    def mass_kg(self) -> float | None:
        """Mass of the hour; None where it is not known."""
        if self.stopped:
            return 0.0
        if self.conc_kg_m3 is None or self.volume_m3 is None:
            return None
        return max(0.0, self.conc_kg_m3) * max(0.0, self.volume_m3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """What was measured and what stands in for what was not; hours without either are ``missing``."""

    hours: int
    valid: int
    stopped: int
    substituted: int
    missing: int
    measured_kg: float
    substitute_kg: float
    capture_pct: float | None


def emission_total(hours: Sequence[HourOfEmission], before: Sequence[float] = ()) -> Total:
    """Total of consecutive hours (a quarter, a day); ``before``: hourly mass of earlier valid hours.

    Gaps are taken as faults. The capture rate is that of the given hours.
    """
    valid = [row for row in hours if not row.stopped and row.mass_kg is not None]
    stopped = sum(row.stopped for row in hours)
    capture = capture_pct(len(hours), stopped, len(hours) - stopped - len(valid))
    measured = sum(row.mass_kg or 0.0 for row in valid)
    mass, count, missing = 0.0, 0, 0
    for length, known in _gaps(hours, before):
        row = None if capture is None else method(Reason.FAULT, capture, length)
        stand_in = None if row is None else substitute_kg(known, row, length)
        if stand_in is None:
            missing += length
        else:
            mass, count = mass + stand_in, count + length
    return Total(
        hours=len(hours),
        valid=len(valid),
        stopped=stopped,
        substituted=count,
        missing=missing,
        measured_kg=measured,
        substitute_kg=mass,
        capture_pct=capture,
    )


def substitute_rates(
    hours: Sequence[HourOfEmission], before: Sequence[float] = ()
) -> tuple[float | None, ...]:
    """For every hour the mass (kg) that stands in for it; None where it was measured or nothing may."""
    valid = sum(not row.stopped and row.mass_kg is not None for row in hours)
    stopped = sum(row.stopped for row in hours)
    capture = capture_pct(len(hours), stopped, len(hours) - stopped - valid)
    masses: list[float | None] = [None] * len(hours)
    gaps = _gaps(hours, before)
    at = 0
    for length, known in gaps:
        while hours[at].mass_kg is not None:
            at += 1
        row: Method | None = None if capture is None else method(Reason.FAULT, capture, length)
        one = None if row is None else substitute_kg(known, row, 1.0)
        for k in range(at, at + length):
            masses[k] = one
        at += length
    return tuple(masses)


def _gaps(hours: Sequence[HourOfEmission], before: Sequence[float]) -> Iterator[tuple[int, list[float]]]:
    """Length of every gap, with the hourly masses known before it."""
    known, length = list(before), 0
    for row in hours:
        mass = row.mass_kg
        if mass is None:
            length += 1
            continue
        if length:
            yield length, known
            length = 0
        if not row.stopped:
            known = [*known, mass] if len(known) < _LONGEST else [*known[1 - _LONGEST :], mass]
    if length:
        yield length, known


_LONGEST = 2160  # valid hours that the longest window of HJ 75 asks for
__all__ = ["Before", "HourOfEmission", "Total", "emission_total", "substitute_rates"]
