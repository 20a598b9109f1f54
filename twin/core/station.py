"""Stations, towers, weather sets."""

from __future__ import annotations

from dataclasses import dataclass

from twin.core.geometry import Place
from twin.core.text import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Tower:
    """A tower: ``base`` on the ground, platform ``platform_height_m`` above it."""

    base: Place
    platform_height_m: float
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WeatherSet:
    """A five-parameter weather set, ``height_m`` above ground."""

    id: str
    place: Place
    height_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """A warning station: one receiver on a tower that looks at several emitters in turn."""

    id: str
    name: Text
    area_id: str
    tower: Tower
    weather: WeatherSet
    dwell_s: float
    camera_url: str = ""
