"""The ground texture: what covers the ground, lit once here so that the browser need not.

One image covers the park's extent exactly, row 0 = NORTH. Colours are mixed in linear light.
The noise is seeded: the same park gives the same picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image as PilImage
from PIL import ImageDraw
from scipy.ndimage import gaussian_filter, map_coordinates
from shapely.geometry import LineString, Polygon

from gis.terrain import Terrain
from twin.core.geometry import Extent
from twin.core.park import Park
from twin.stage import light

Image = npt.NDArray[np.float32]

MAX_WIDTH_PX = 2800
SEED = 3
MOUNTAINS_M = 900.0
FOREST, BAMBOO, ROCK, FIELD = "#33553a", "#56713f", "#8d7a5f", "#7d8a5c"
PAD, ASPHALT, LAWN, WATER, BARE = "#808582", "#43484f", "#587548", "#1f5068", "#857b60"


@dataclass(frozen=True, slots=True, kw_only=True)
class Canvas:
    """Pixel grid over the extent; ``step_m`` metres per pixel; arrays are row 0 = south."""

    extent: Extent
    width: int
    height: int
    step_m: float

    def pixels(self, xy_m: npt.NDArray[np.float64], scale: int) -> list[tuple[float, float]]:
        """Image coordinates (column, row from the SOUTH) at ``scale`` times the size."""
        columns = (xy_m[:, 0] - self.extent.x_min_m) / self.step_m * scale
        rows = (xy_m[:, 1] - self.extent.y_min_m) / self.step_m * scale
        return list(zip(columns.tolist(), rows.tolist(), strict=True))


def canvas_for(extent: Extent, terrain_step_m: float) -> Canvas:
    """Canvas at the terrain's step, or coarser so that it is at most MAX_WIDTH_PX wide."""
    longest = max(extent.width_m, extent.height_m)
    step = max(longest / MAX_WIDTH_PX, min(terrain_step_m, 2.0))
    return Canvas(
        extent=extent,
        width=round(extent.width_m / step),
        height=round(extent.height_m / step),
        step_m=step,
    )


def bake_ground(park: Park, terrain: Terrain) -> npt.NDArray[np.uint8]:
    """Image in sRGB (height, width, 3), row 0 = north."""
    canvas = canvas_for(park.extent, terrain.step_m)
    heights = _heights(terrain, canvas)
    noise = _noise(canvas)
    masks = _masks(park, canvas)
    normal = light.normals(heights + _canopy(noise["fine"], heights, masks), canvas.step_m)
    colour = _cover(heights, normal[2], noise, masks)
    shaded = _shade(colour, heights, normal, _roofs(park, canvas), canvas.step_m)
    lined = _contours(shaded, heights, normal[2], canvas.step_m, masks["pads"])
    toned = lined / (1.0 + 0.35 * lined) * 1.25
    rgb = np.clip(toned, 0.0, 1.0) ** (1 / 2.2) * 255.0
    return np.ascontiguousarray(rgb.astype(np.uint8)[::-1])


def _heights(terrain: Terrain, canvas: Canvas) -> Image:
    """Terrain at pixel centres, cubic where the terrain is coarser than the canvas."""
    x = canvas.extent.x_min_m + (np.arange(canvas.width) + 0.5) * canvas.step_m
    y = canvas.extent.y_min_m + (np.arange(canvas.height) + 0.5) * canvas.step_m
    columns = (x - terrain.x0_m) / terrain.step_m
    rows = (y - terrain.y0_m) / terrain.step_m
    order = 3 if terrain.step_m > 1.5 * canvas.step_m else 1
    grid = np.meshgrid(rows, columns, indexing="ij")
    return light.as_image(map_coordinates(terrain.heights_m, grid, order=order, mode="nearest"))


def _noise(canvas: Canvas) -> dict[str, Image]:
    rng = np.random.default_rng(SEED)

    def field(sigma_m: float) -> Image:
        white = rng.standard_normal((canvas.height, canvas.width), dtype=np.float32)
        soft = gaussian_filter(white, max(sigma_m / canvas.step_m, 0.6))
        return light.as_image(soft / soft.std())

    return {
        "fine": 0.5 * field(2.2) + 0.8 * field(6.0) + field(17.0),
        "stands": field(60.0),
        "patches": field(26.0),
    }


def _canopy(noise: Image, heights: Image, masks: dict[str, Image]) -> Image:
    """Roughness in metres that only the light sees: tree tops where nothing is built."""
    built = np.clip(masks["areas"] + masks["banks"] + masks["kerbs"], 0.0, 1.0)
    hills = np.clip((heights - _floor_level(heights) - 12.0) / 40.0, 0.0, 1.0)
    return light.as_image(noise * (0.1 + 0.55 * (1.0 - built) * hills))


def _floor_level(heights: Image) -> float:
    """Level of the valley floor: what 8 % of the ground lies below."""
    return float(np.quantile(heights[::4, ::4], 0.08))


def _masks(park: Park, canvas: Canvas) -> dict[str, Image]:
    """Coverage 0..1 of what is drawn on the ground."""
    areas = [area.outline for area in park.areas]
    plots = [plot.outline for plot in park.plots]
    roads = [(road.line, road.width_m) for road in park.roads]
    waters = [(water.line, water.width_m) for water in park.waters]
    return {
        "areas": _draw(canvas, polygons=areas),
        "pads": _draw(canvas, polygons=plots),
        "kerbs": _draw(canvas, lines=[(line, width + 3.0) for line, width in roads]),
        "roads": _draw(canvas, lines=roads),
        "banks": _draw(canvas, lines=[(line, width + 14.0) for line, width in waters]),
        "waters": _draw(canvas, lines=waters),
    }


def _draw(
    canvas: Canvas,
    *,
    polygons: list[Polygon] | None = None,
    lines: list[tuple[LineString, float]] | None = None,
) -> Image:
    """Antialiased coverage: drawn at twice the size, then averaged."""
    scale = 2
    image = PilImage.new("L", (canvas.width * scale, canvas.height * scale))
    pen = ImageDraw.Draw(image)
    for polygon in polygons or []:
        pen.polygon(canvas.pixels(np.asarray(polygon.exterior.coords)[:, :2], scale), fill=255)
    for line, width_m in lines or []:
        outline = line.buffer(width_m / 2.0, cap_style="flat", join_style="round")
        for part in getattr(outline, "geoms", [outline]):
            pen.polygon(canvas.pixels(np.asarray(part.exterior.coords)[:, :2], scale), fill=255)
            for hole in part.interiors:
                pen.polygon(canvas.pixels(np.asarray(hole.coords)[:, :2], scale), fill=0)
    small = image.resize((canvas.width, canvas.height), PilImage.Resampling.BOX)
    return np.asarray(small, dtype=np.float32) / 255.0


def _roofs(park: Park, canvas: Canvas) -> Image:
    """Height in metres of buildings and tanks above the ground at every pixel."""
    image = PilImage.new("F", (canvas.width, canvas.height))
    pen = ImageDraw.Draw(image)
    for building in park.buildings:
        ring = np.asarray(building.outline.exterior.coords)[:, :2]
        pen.polygon(canvas.pixels(ring, 1), fill=building.height_m)
    for tank in park.tanks:
        ((column, row),) = canvas.pixels(np.array([[tank.base.x_m, tank.base.y_m]]), 1)
        reach = tank.radius_m / canvas.step_m
        pen.ellipse((column - reach, row - reach, column + reach, row + reach), fill=tank.height_m)
    return np.asarray(image, dtype=np.float32)


def _linear(colour: str) -> Image:
    parts = [int(colour[k : k + 2], 16) / 255.0 for k in (1, 3, 5)]
    return light.as_image(np.power(parts, 2.2))


def _mix(base: Image, colour: str, share: Image) -> Image:
    weight = np.clip(share, 0.0, 1.0)[..., None]
    return light.as_image(base * (1.0 - weight) + _linear(colour) * weight)


def _cover(heights: Image, up: Image, noise: dict[str, Image], masks: dict[str, Image]) -> Image:
    """Albedo in linear light: forest and fields, then what people built."""
    colour = np.broadcast_to(_linear(FOREST), (*heights.shape, 3)).copy()
    colour = _mix(colour, BAMBOO, 0.4 + 0.45 * noise["stands"])
    colour *= np.clip(1.0 + 0.13 * noise["fine"], 0.6, 1.5)[..., None]
    colour = _mix(colour, ROCK, np.clip((0.78 - up) * 4.0, 0.0, 0.7))
    low = np.clip(1.0 - (heights - _floor_level(heights)) / 45.0, 0.0, 1.0) * np.clip(
        (up - 0.95) * 25.0, 0.0, 1.0
    )
    colour = _mix(colour, FIELD, low * (0.75 + 0.2 * noise["patches"]))
    colour = _mix(colour, BARE, masks["areas"] * (0.55 + 0.25 * noise["patches"]))
    colour = _mix(colour, PAD, 0.9 * masks["pads"])
    lawn = np.clip((noise["patches"] - 1.1) * 3.0, 0.0, 1.0) * masks["pads"]
    colour = _mix(colour, LAWN, lawn)
    colour = _mix(colour, FIELD, 0.5 * masks["banks"])
    colour = _mix(colour, WATER, masks["waters"])
    colour = _mix(colour, PAD, 0.55 * masks["kerbs"])
    return _mix(colour, ASPHALT, masks["roads"])


def _shade(
    colour: Image, heights: Image, normal: tuple[Image, Image, Image], roofs: Image, step_m: float
) -> Image:
    sky = np.array([0.26, 0.34, 0.465], dtype=np.float32)
    sun = np.array([1.75, 1.63, 1.40], dtype=np.float32)
    lit = light.lambert(normal) * light.far_shadow(heights, step_m)
    under_roof = roofs > 0
    lit *= np.where(under_roof, 0.4, light.near_shadow(heights + roofs, step_m))
    ambient = light.occlusion(heights, step_m) * (0.6 + 0.4 * normal[2])
    return (colour * (sky * ambient[..., None] + sun * lit[..., None] + 0.10)).astype(np.float32)


def _contours(image: Image, heights: Image, up: Image, step_m: float, pads: Image) -> Image:
    """Thin lines every 20 m (50 m in mountains), stronger ones every fifth, none on built land."""
    thin_m = 20.0 if float(np.ptp(heights)) < MOUNTAINS_M else 50.0
    slope = np.sqrt(np.maximum(1e-4, 1.0 - up**2)) / up
    out = image
    for spacing_m, width_px, strength in ((thin_m, 0.6, 0.10), (5.0 * thin_m, 1.0, 0.24)):
        off = np.abs((heights / spacing_m + 0.5) % 1.0 - 0.5) * spacing_m / slope
        line = np.clip(width_px * step_m + 0.5 * step_m - off, 0.0, 1.0) * strength * (1.0 - pads)
        tint = np.array([0.7, 0.95, 1.0], dtype=np.float32)
        out = out * (1.0 - line[..., None]) + line[..., None] * tint
    return out
