"""Where the sensors of a scene stand, in longitude and latitude."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

from web.bundle import Bundles


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A sensor of the scene: its names and its place as GeoJSON (WGS 84)."""

    id: str
    kind: str
    name: Mapping[str, str]
    place: Mapping[str, Any] | None


def shapes_of(scene: Mapping[str, Any]) -> dict[str, Shape]:
    """Sensors of a scene by id, with their place in longitude and latitude."""
    crs = scene.get("crs")
    if crs is None:
        return {}
    # Loaded here: the projection library takes longer than all the rest of the web server.
    from gis.crs import ParkCrs
    from twin.core.geometry import FrameOrigin

    east, north, height_m = crs["origin"]
    to_lonlat = ParkCrs(
        crs["epsg"], FrameOrigin(easting_m=east, northing_m=north, height_m=height_m)
    ).to_lonlat

    def point(place: Iterable[float]) -> list[float]:
        x, y, *height = place
        lon, lat = to_lonlat(x, y)
        return [round(float(lon), 7), round(float(lat), 7), *(round(float(z), 2) for z in height)]

    found: dict[str, Shape] = {}
    for beam in scene.get("beams", ()):
        if "a" in beam and "b" in beam:
            line = {"type": "LineString", "coordinates": [point(beam["a"]), point(beam["b"])]}
            found[beam["id"]] = Shape(id=beam["id"], kind="open-path beam", name=beam["name"], place=line)
    for well in scene.get("wells", ()):
        at = {"type": "Point", "coordinates": point((well["x"], well["y"], well["ground"]))}
        found[well["id"]] = Shape(id=well["id"], kind="groundwater well", name=well["name"], place=at)
    for station in scene.get("stations", ()):
        weather = station.get("weather")
        if isinstance(weather, Mapping):
            at = {"type": "Point", "coordinates": point((station["x"], station["y"], station["base"]))}
            found[weather["id"]] = Shape(id=weather["id"], kind="weather set", name=station["name"], place=at)
    return found


class ShapeBook:
    """Shapes of the current scene bundle, worked out once per bundle."""

    def __init__(self, bundles: Bundles) -> None:
        self._bundles = bundles
        self._lock = Lock()
        self._known: tuple[str, dict[str, Shape]] = ("", {})

    def shapes(self) -> Mapping[str, Shape]:
        """Sensors by id. Raises ServiceUnavailableError as long as there is no bundle."""
        name = self._bundles.current()
        with self._lock:
            if self._known[0] != name:
                self._known = (name, shapes_of(self._bundles.scene()))
            return self._known[1]
