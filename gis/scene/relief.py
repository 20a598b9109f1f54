"""Demonstration terrain: a valley between eroded hills, with graded pads, roads and a river bed.

Made from the drawn layers of a scene and a seed; the same scene gives the same raster. It is
not a survey, and the scene that uses it must say so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from scipy.ndimage import distance_transform_edt, gaussian_filter, map_coordinates, zoom
from shapely.geometry import LineString
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

from gis.scene.erosion import evolve
from gis.scene.geopackage import Drawn
from twin.core.geometry import Extent, FloatArray

COARSE_M = (40.0, 20.0, 10.0)
STEPS = (60, 18, 6)
MARGIN_M = 800.0
PAD_BATTER = 0.9  # rise per metre of a cut's or fill's side
ROAD_BATTER = 0.8
PAD_REACH_M = 130.0
LINE_REACH_M = 48.0
EMBANKMENT_M = 0.4
BANK_M = 3.2
HILLSIDE_SLOPE = 0.47
DETAIL_M = 0.36
USUAL_RISE = 0.02
SLOPE_SD = 0.005
VALLEY_CLOSING_M = 150.0
WARP_M = 34.0
ROUNDING_M = 22.0  # hills as soft as soil and wood make them; also what a mesh within 1 m can follow

Progress = Callable[[str, float], None]
Float32Array = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliefRequest:
    """What a demonstration terrain is made from."""

    drawn: Drawn
    extent: Extent
    step_m: float
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frame:
    """Nodes of a grid: ``x = x0_m + i * step_m``, ``y = y0_m + j * step_m``."""

    x0_m: float
    y0_m: float
    step_m: float
    nx: int
    ny: int

    def nodes(self) -> tuple[FloatArray, FloatArray]:
        """Coordinates of all nodes, (ny, nx) each."""
        x = self.x0_m + self.step_m * np.arange(self.nx)
        y = self.y0_m + self.step_m * np.arange(self.ny)
        return np.broadcast_to(x[None, :], (self.ny, self.nx)), np.broadcast_to(
            y[:, None], (self.ny, self.nx)
        )

    def inside(self, shape: BaseGeometry) -> npt.NDArray[np.bool_]:
        """Nodes inside a shape."""
        shapely.prepare(shape)
        x, y = self.nodes()
        return np.asarray(shapely.contains_xy(shape, x, y))

    def window(self, shape: BaseGeometry, reach_m: float) -> tuple[slice, slice]:
        """Rows and columns within ``reach_m`` of a shape's bounds."""
        west, south, east, north = shape.bounds
        first = max(0, int((west - reach_m - self.x0_m) / self.step_m))
        last = min(self.nx, int((east + reach_m - self.x0_m) / self.step_m) + 2)
        low = max(0, int((south - reach_m - self.y0_m) / self.step_m))
        high = min(self.ny, int((north + reach_m - self.y0_m) / self.step_m) + 2)
        return slice(low, max(low, high)), slice(first, max(first, last))

    def part(self, rows: slice, cols: slice) -> _Frame:
        """Frame of a window."""
        return _Frame(
            x0_m=self.x0_m + cols.start * self.step_m,
            y0_m=self.y0_m + rows.start * self.step_m,
            step_m=self.step_m,
            nx=cols.stop - cols.start,
            ny=rows.stop - rows.start,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Floor:
    """Level of the valley floor: a plane along x that rises away from the river."""

    level_m: float
    fall_m_m: float
    rise_m_m: float

    def level(self, x_m: npt.ArrayLike, from_river_m: npt.ArrayLike) -> FloatArray:
        """Level in metres."""
        return np.asarray(
            self.level_m + self.fall_m_m * np.asarray(x_m) + self.rise_m_m * np.asarray(from_river_m)
        )


def make_relief(request: ReliefRequest, progress: Progress) -> Float32Array:
    """Levels (ny, nx) above the vertical datum at the nodes of the extent; row 0 = SOUTH."""
    rng = np.random.default_rng(request.seed)
    floor = _floor(request.drawn)
    progress("hills", 0.05)
    coarse, frame = _hills(request, floor, rng, progress)
    progress("detail", 0.6)
    fine = _frame(request.extent, request.step_m, 0.0)
    coarse = _warped(coarse, frame, request, rng)
    surface = _refined(coarse, frame, fine) + _detail(coarse, frame, fine, rng)
    progress("river", 0.7)
    _carve_waters(surface, fine, request.drawn, floor)
    progress("pads", 0.8)
    _grade_pads(surface, fine, request.drawn)
    progress("roads", 0.9)
    _grade_roads(surface, fine, request.drawn)
    progress("done", 1.0)
    # Steps of 1/64 m: the raster packs to half its size.
    return (np.round(surface * 64.0) / 64.0).astype(np.float32)


def _frame(extent: Extent, step_m: float, margin_m: float) -> _Frame:
    return _Frame(
        x0_m=extent.x_min_m - margin_m,
        y0_m=extent.y_min_m - margin_m,
        step_m=step_m,
        nx=round((extent.width_m + 2 * margin_m) / step_m) + 1,
        ny=round((extent.height_m + 2 * margin_m) / step_m) + 1,
    )


def _main_water(drawn: Drawn) -> LineString:
    return max(drawn.waters, key=lambda feature: feature.row.width_m).shape


def _floor(drawn: Drawn) -> _Floor:
    """Plane through the pads' levels, over x and the distance to the river."""
    river = _main_water(drawn)
    pads = [(f.shape.centroid, f.row.pad_m) for f in drawn.plots if f.row.pad_m is not None]
    rows = np.array([[1.0, at.x, river.distance(at)] for at, _ in pads])
    levels = np.array([level for _, level in pads])
    # A few pads close together say little about slopes: hold those near a usual valley floor.
    held = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]) / SLOPE_SD
    rows = np.vstack([rows, held])
    levels = np.append(levels, np.array([0.0, USUAL_RISE]) / SLOPE_SD)
    fitted = np.linalg.lstsq(rows, levels, rcond=None)[0]
    return _Floor(level_m=float(fitted[0]), fall_m_m=float(fitted[1]), rise_m_m=float(fitted[2]))


def _hills(
    request: ReliefRequest, floor: _Floor, rng: np.random.Generator, progress: Progress
) -> tuple[FloatArray, _Frame]:
    """Eroded hills on a coarse grid that reaches ``MARGIN_M`` beyond the extent."""
    low = _valley_shape(request.drawn, request.extent)
    river = _longer(_main_water(request.drawn), MARGIN_M * 2)
    shapely.prepare(river)
    soft: FloatArray = np.zeros((1, 1))
    surface: FloatArray | None = None
    before: _Frame | None = None
    for k, (step_m, steps) in enumerate(zip(COARSE_M, STEPS, strict=True)):
        frame = _frame(request.extent, step_m, MARGIN_M)
        x, y = frame.nodes()
        level = floor.level(x, shapely.distance(river, shapely.points(x, y)))
        fixed = frame.inside(low)
        noise = rng.standard_normal((frame.ny, frame.nx))
        start = level + 3.0 * noise if surface is None or before is None else _refined(surface, before, frame)
        if before is None:
            soft = 0.4 * _smooth_noise(rng, frame, 240.0) + 0.3 * _smooth_noise(rng, frame, 80.0)
        else:
            soft = _refined(soft, before, frame)
        surface = evolve(
            np.where(fixed, level, start),
            fixed,
            np.exp(soft),
            cell_m=step_m,
            steps=steps,
            uplift_m=14.0,
            slope=HILLSIDE_SLOPE,
            creep=0.55,
        )
        before = frame
        progress("hills", 0.05 + 0.5 * (k + 1) / len(STEPS))
    if surface is None or before is None:
        msg = "COARSE_M is empty"
        raise ValueError(msg)
    return surface, before


def _valley_shape(drawn: Drawn, extent: Extent) -> BaseGeometry:
    """What stays at the level of the valley floor: areas, plots, river, through roads."""
    flat = [feature.shape.buffer(25.0) for feature in drawn.areas + drawn.plots]
    river = _longer(_main_water(drawn), MARGIN_M * 2)
    flat.append(river.buffer(55.0))
    for feature in drawn.roads:
        if feature.row.kind != "inner":
            flat.append(feature.shape.buffer(35.0))
    for place in drawn.settlements:
        flat.append(place.shape.buffer(90.0))
    between = [shapely.shortest_line(river, shape).buffer(40.0) for shape in flat[: len(drawn.areas)]]
    whole = unary_union(flat + between)
    # Close the strips between road, river and areas, which would stay as ridges a few metres wide.
    return whole.buffer(VALLEY_CLOSING_M).buffer(-VALLEY_CLOSING_M)


def _longer(line: LineString, by_m: float) -> LineString:
    """The line, extended straight at both ends, so that the valley goes on beyond the extent."""
    points = np.asarray(line.coords)[:, :2]
    start, end = points[0] - points[1], points[-1] - points[-2]
    start, end = start / np.linalg.norm(start), end / np.linalg.norm(end)
    return LineString(np.vstack([points[0] + by_m * start, points, points[-1] + by_m * end]))


def _smooth_noise(rng: np.random.Generator, frame: _Frame, length_m: float) -> FloatArray:
    noise = gaussian_filter(rng.standard_normal((frame.ny, frame.nx)), length_m / frame.step_m)
    return np.asarray(noise / noise.std())


def _refined(coarse: FloatArray, source: _Frame, target: _Frame) -> FloatArray:
    """Coarse surface at the nodes of a finer frame inside it (cubic spline)."""
    rows = slice(
        round((target.y0_m - source.y0_m) / source.step_m),
        round((target.y0_m + (target.ny - 1) * target.step_m - source.y0_m) / source.step_m) + 1,
    )
    cols = slice(
        round((target.x0_m - source.x0_m) / source.step_m),
        round((target.x0_m + (target.nx - 1) * target.step_m - source.x0_m) / source.step_m) + 1,
    )
    part = coarse[rows, cols]
    factors = (target.ny / part.shape[0], target.nx / part.shape[1])
    return np.asarray(zoom(part, factors, order=3, mode="nearest"))


def _warped(
    coarse: FloatArray, frame: _Frame, request: ReliefRequest, rng: np.random.Generator
) -> FloatArray:
    """Hills bent sideways, which hides the eight directions of the drainage grid; the valley stays."""
    free = distance_transform_edt(~frame.inside(_valley_shape(request.drawn, request.extent)))
    weight = np.clip(free * frame.step_m / 150.0, 0.0, 1.0) * WARP_M / frame.step_m
    shift = [
        weight * (0.8 * _smooth_noise(rng, frame, 110.0) + 0.25 * _smooth_noise(rng, frame, 40.0))
        for _ in range(2)
    ]
    rows, cols = np.indices(coarse.shape, dtype=np.float64)
    bent = map_coordinates(coarse, [rows + shift[0], cols + shift[1]], order=3, mode="nearest")
    return np.asarray(gaussian_filter(bent, ROUNDING_M / frame.step_m))


def _detail(coarse: FloatArray, source: _Frame, fine: _Frame, rng: np.random.Generator) -> FloatArray:
    """Roughness of wooded slopes, more where it is steep; none on the valley floor."""
    north, east = np.gradient(coarse, source.step_m)
    steep = np.clip(np.hypot(north, east) / 0.6, 0.0, 1.0)
    weight = _refined(np.asarray(gaussian_filter(steep, 1.5)), source, fine)
    size = (fine.ny, fine.nx)
    spectrum = np.fft.rfft2(rng.standard_normal(size))
    wave_y = np.fft.fftfreq(size[0], fine.step_m)[:, None]
    wave_x = np.fft.rfftfreq(size[1], fine.step_m)[None, :]
    wave = np.hypot(wave_y, wave_x)
    # From 120 m down to 50 m, with power falling as the wave number's 3.2th power (self-affine ground).
    band = (wave > 1 / 120.0) & (wave < 1 / 50.0)
    spectrum *= np.where(band, np.maximum(wave, 1 / 120.0) ** -1.6, 0.0)
    noise = np.fft.irfft2(spectrum, s=size)
    return np.asarray(DETAIL_M * weight * noise / noise.std())


def _batter(
    surface: FloatArray,
    rows: slice,
    cols: slice,
    level: FloatArray,
    away_m: FloatArray,
    batter: float,
    reach_m: float,
) -> None:
    """Cut or fill towards ``level`` with side slopes; beyond their toe the ground stays."""
    part = surface[rows, cols]
    reach = away_m < reach_m
    graded = np.clip(part, level - batter * away_m, level + batter * away_m)
    surface[rows, cols] = np.where(reach, graded, part)


def _grade_pads(surface: FloatArray, fine: _Frame, drawn: Drawn) -> None:
    for feature in drawn.plots:
        if feature.row.pad_m is None:
            continue
        rows, cols = fine.window(feature.shape, PAD_REACH_M)
        inside = fine.part(rows, cols).inside(feature.shape)
        away = distance_transform_edt(~inside, sampling=fine.step_m)
        _batter(surface, rows, cols, np.asarray(feature.row.pad_m), away, PAD_BATTER, PAD_REACH_M)


def _grade_roads(surface: FloatArray, fine: _Frame, drawn: Drawn) -> None:
    order = {"provincial": 2, "county": 1}
    for feature in sorted(drawn.roads, key=lambda f: order.get(f.row.kind, 0)):
        for piece, levels in _pieces(surface, fine, feature.shape):
            rows, cols = fine.window(piece, LINE_REACH_M)
            away, level = _along(fine.part(rows, cols), piece, levels)
            half_m = feature.row.width_m / 2 + 1.0
            _batter(
                surface,
                rows,
                cols,
                level + EMBANKMENT_M,
                np.maximum(away - half_m, 0.0),
                ROAD_BATTER,
                LINE_REACH_M,
            )


def _pieces(
    surface: FloatArray, fine: _Frame, line: LineString, piece_m: float = 400.0
) -> Iterator[tuple[LineString, FloatArray]]:
    """Pieces of a line with a smoothed level at each of their vertices."""
    count = max(2, round(line.length / 10.0) + 1)
    along = np.linspace(0.0, line.length, count)
    points = shapely.line_interpolate_point(line, along)
    x, y = shapely.get_x(points), shapely.get_y(points)
    col = np.clip(np.round((x - fine.x0_m) / fine.step_m).astype(int), 0, fine.nx - 1)
    row = np.clip(np.round((y - fine.y0_m) / fine.step_m).astype(int), 0, fine.ny - 1)
    level = gaussian_filter(surface[row, col], 6.0, mode="nearest")
    stride = max(1, round(piece_m / 10.0))
    for start in range(0, count - 1, stride):
        stop = min(count, start + stride + 1)
        yield LineString(np.column_stack([x, y])[start:stop]), level[start:stop]


def _along(frame: _Frame, piece: LineString, levels: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Distance to a piece and the piece's level at the nearest place, at every node (ny, nx)."""
    x, y = frame.nodes()
    shapely.prepare(piece)
    points = np.asarray(shapely.points(x, y))
    away = np.asarray(shapely.distance(piece, points), dtype=np.float64)
    near = away < LINE_REACH_M
    level = np.full(away.shape, float(levels.mean()))
    at = shapely.line_locate_point(piece, points[near])
    level[near] = np.interp(at, np.linspace(0.0, piece.length, levels.size), levels)
    return away, level


def _carve_waters(surface: FloatArray, fine: _Frame, drawn: Drawn, floor: _Floor) -> None:
    main = _main_water(drawn)
    for feature in drawn.waters:
        depth_m = BANK_M if feature.shape is main else 1.2
        for piece, levels in _pieces(surface, fine, feature.shape):
            rows, cols = fine.window(piece, LINE_REACH_M)
            away, level = _along(fine.part(rows, cols), piece, levels)
            half_m = feature.row.width_m / 2
            bed = np.minimum(level, floor.level(piece.centroid.x, 40.0)) if feature.shape is main else level
            bank = bed - depth_m + 0.9 * np.maximum(away - half_m, 0.0)
            part = surface[rows, cols]
            surface[rows, cols] = np.where(away < LINE_REACH_M, np.minimum(part, bank), part)
