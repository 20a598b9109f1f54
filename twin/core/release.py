"""Releases into the air."""

from __future__ import annotations

from dataclasses import dataclass

from twin.core.clock import Interval
from twin.core.geometry import Place
from twin.core.origin import Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A release at a constant rate over an interval.

    ``place.z_m`` is the height of the opening in the local frame; ``height_m`` the same above
    ground. ``unit_id`` names the process unit, if known.
    """

    id: str
    substance_id: str
    place: Place
    height_m: float
    rate_kg_s: float
    interval: Interval
    origin: Origin
    unit_id: str = ""
