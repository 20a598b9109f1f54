"""What lies below ground: strata, boreholes, wells."""

from __future__ import annotations

from dataclasses import dataclass

from twin.core.geometry import Place
from twin.core.text import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Stratum:
    """A layer, listed from the ground down. ``colour`` is #rrggbb."""

    id: str
    name: Text
    colour: str
    aquifer: bool
    conductivity_m_s: float
    porosity: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Borehole:
    """A log: ``thickness_m[k]`` of stratum k (0 where absent), None below the end of the hole.

    ``collar.z_m`` is the ground level of the hole.
    """

    id: str
    collar: Place
    depth_m: float
    thickness_m: tuple[float | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Well:
    """A monitoring well; the screen is given in metres below ground."""

    id: str
    name: Text
    collar: Place
    depth_m: float
    screen_top_m: float
    screen_bottom_m: float
    stratum_id: str
    group_id: str = ""
