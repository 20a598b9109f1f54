"""The map of a report as a picture: fronts with their band, flow lines, wells, targets, north and scale.

Drawn with Pillow's own fonts, so labels are ids; names stand in the tables.
"""

from __future__ import annotations

from io import BytesIO
from math import floor, log10
from typing import TYPE_CHECKING

import numpy as np

from twin.core.geometry import FloatArray
from twin.stage.water.report_facts import FrontRow, Rings, RiskReport

if TYPE_CHECKING:
    from PIL.Image import Image as Canvas
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont, ImageFont

_WIDTH = 1500
_MARGIN = 40
_BACK = (250, 250, 247)
_BAND = (246, 205, 150, 150)
_SURE = (214, 92, 60, 150)
_LINE = (150, 40, 30, 255)
_AHEAD = (110, 60, 140, 255)
_FLOW = (120, 160, 200, 255)
_WELL = (30, 70, 140, 255)
_TARGET = (20, 120, 60, 255)
_INK = (40, 40, 40, 255)


class _View:
    """Metres to pixels."""

    def __init__(self, extent_m: tuple[float, float, float, float]) -> None:
        self.west, self.south, self.east, self.north = extent_m
        self.scale = (_WIDTH - 2 * _MARGIN) / (self.east - self.west)
        self.height = int((self.north - self.south) * self.scale) + 2 * _MARGIN

    def holds(self, x_m: float, y_m: float) -> bool:
        """Whether a place is on the map."""
        return self.west <= x_m <= self.east and self.south <= y_m <= self.north

    def __call__(self, points: FloatArray) -> list[tuple[float, float]]:
        at = np.asarray(points, dtype=np.float64).reshape(-1, 2)
        x = _MARGIN + (at[:, 0] - self.west) * self.scale
        y = self.height - _MARGIN - (at[:, 1] - self.south) * self.scale
        return list(zip(x.tolist(), y.tolist(), strict=True))


def map_png(report: RiskReport, extent_m: tuple[float, float, float, float] | None = None) -> bytes | None:
    """PNG of the plume now and ahead; None where there is nothing to draw.

    ``extent_m`` west, south, east, north; None: the report's own, or around everything.
    """
    from PIL import Image, ImageDraw

    extent = extent_m or report.extent_m or _extent(report)
    if extent is None:
        return None
    view = _View(extent)
    picture = Image.new("RGB", (_WIDTH, view.height), _BACK)
    now = [row for row in report.fronts if row.lead_s == min(front.lead_s for front in report.fronts)]
    for row in now:
        picture = _filled(picture, view, row.high, _BAND)
        picture = _filled(picture, view, row.low, _SURE)
    pen = ImageDraw.Draw(picture, "RGBA")
    for line in report.flow_lines:
        _flow_line(pen, view(line))
    last_s = max((row.lead_s for row in report.fronts), default=0.0)
    taken: list[tuple[float, float, float, float]] = []
    for row in report.fronts:
        _outline(pen, view, row, _LINE if row in now else _AHEAD)
    _places(pen, view, report, taken)
    for row in report.fronts:
        if row.lead_s == last_s > 0.0:
            _lead(pen, view, row, taken)
    _furniture(pen, view)
    out = BytesIO()
    picture.save(out, format="PNG", optimize=True)
    return out.getvalue()


def detail_extent(report: RiskReport) -> tuple[float, float, float, float] | None:
    """Around the widest outline ahead; None without one, or where the whole map shows it large enough."""
    all_rings = [ring for row in report.fronts for ring in row.high]
    whole = report.extent_m or _extent(report)
    if not all_rings or whole is None:
        return None
    widest = max(all_rings, key=lambda ring: float(np.ptp(ring, axis=0).max()))
    low, high = widest.min(axis=0), widest.max(axis=0)
    size = float((high - low).max())
    if size > 0.35 * (whole[2] - whole[0]):
        return None
    middle, half = 0.5 * (low + high), 1.1 * size
    return (
        float(middle[0]) - half,
        float(middle[1]) - 0.6 * half,
        float(middle[0]) + half,
        float(middle[1]) + 0.6 * half,
    )


def _extent(report: RiskReport) -> tuple[float, float, float, float] | None:
    parts = [np.array([[row.x_m, row.y_m]]) for row in report.wells]
    parts += [np.array([[row.x_m, row.y_m]]) for row in report.targets]
    parts += [ring for row in report.fronts for rings in (row.high, row.median, row.low) for ring in rings]
    if not parts:
        return None
    points = np.concatenate(parts)
    low, high = points.min(axis=0), points.max(axis=0)
    size = max(float((high - low).max()), 100.0)
    pad = 0.08 * size
    # A strip is given height, so that labels and scale find room.
    lack = max(0.5 * (0.45 * (float(high[0] - low[0]) + 2 * pad) - float(high[1] - low[1])) - pad, 0.0)
    return float(low[0]) - pad, float(low[1]) - pad - lack, float(high[0]) + pad, float(high[1]) + pad + lack


def _filled(picture: Canvas, view: _View, rings: Rings, colour: tuple[int, int, int, int]) -> Canvas:
    """Rings filled by the rule of odd and even, so that holes stay open."""
    from PIL import Image, ImageChops, ImageDraw

    mask = Image.new("1", picture.size, 0)
    for ring in rings:
        own = Image.new("1", picture.size, 0)
        ImageDraw.Draw(own).polygon(view(ring), fill=1)
        mask = ImageChops.logical_xor(mask, own)
    shade = Image.new("RGB", picture.size, colour[:3])
    strength = mask.convert("L").point(lambda value: colour[3] if value else 0)
    return Image.composite(shade, picture, strength)


def _outline(pen: ImageDraw, view: _View, row: FrontRow, colour: tuple[int, int, int, int]) -> None:
    for ring in row.median:
        pen.line(view(ring), fill=colour, width=4 if colour == _LINE else 3)


def _lead(pen: ImageDraw, view: _View, row: FrontRow, taken: list[tuple[float, float, float, float]]) -> None:
    """How far ahead the furthest outline is, below each of its rings."""
    from PIL.ImageFont import load_default

    for ring in row.median:
        x, y = view(ring[[int(np.argmin(ring[:, 1]))]])[0]
        text = f"+{row.lead_s / 86_400.0:.0f} d"
        _label(pen, (x - 20, y + 6), text, _AHEAD, taken, load_default(20))


def _flow_line(pen: ImageDraw, points: list[tuple[float, float]]) -> None:
    if len(points) < 2:
        return
    pen.line(points, fill=_FLOW, width=2)
    middle = len(points) // 2
    (x0, y0), (x1, y1) = points[max(middle - 1, 0)], points[middle]
    along = np.array([x1 - x0, y1 - y0])
    length = float(np.hypot(*along))
    if length > 0.0:
        along = along / length
        side = np.array([-along[1], along[0]])
        tip = np.array([x1, y1])
        back = tip - 12.0 * along
        pen.polygon([tuple(tip), tuple(back + 5 * side), tuple(back - 5 * side)], fill=_FLOW)


def _places(
    pen: ImageDraw, view: _View, report: RiskReport, taken: list[tuple[float, float, float, float]]
) -> None:
    from PIL.ImageFont import load_default

    font = load_default(20)
    for well in (row for row in report.wells if view.holds(row.x_m, row.y_m)):
        (x, y) = view(np.array([[well.x_m, well.y_m]]))[0]
        pen.ellipse((x - 7, y - 7, x + 7, y + 7), fill=(255, 255, 255, 255), outline=_WELL, width=3)
        _label(pen, (x + 10, y - 24), well.id, _WELL, taken, font)
    for target in (row for row in report.targets if view.holds(row.x_m, row.y_m)):
        (x, y) = view(np.array([[target.x_m, target.y_m]]))[0]
        pen.polygon([(x, y - 11), (x + 10, y + 8), (x - 10, y + 8)], fill=_TARGET)
        _label(pen, (x + 12, y - 6), target.id, _TARGET, taken, font)


def _label(
    pen: ImageDraw,
    at: tuple[float, float],
    text: str,
    colour: tuple[int, int, int, int],
    taken: list[tuple[float, float, float, float]],
    font: FreeTypeFont | ImageFont,
) -> None:
    """A label where it meets no other; left out where all is taken (the tables have it)."""
    plain = text.encode("ascii", "replace").decode("ascii")
    for dx, dy in ((0, 0), (0, 34), (-26 - 10 * len(plain), 0), (-26 - 10 * len(plain), 34)):
        box = pen.textbbox((at[0] + dx, at[1] + dy), plain, font=font)
        if all(box[0] > b[2] or box[2] < b[0] or box[1] > b[3] or box[3] < b[1] for b in taken):
            pen.text((at[0] + dx, at[1] + dy), plain, fill=colour, font=font)
            taken.append(box)
            return


def _furniture(pen: ImageDraw, view: _View) -> None:
    """Frame, scale bar and north."""
    from PIL.ImageFont import load_default

    font = load_default(22)
    right, bottom = _WIDTH - _MARGIN, view.height - _MARGIN
    pen.rectangle(
        (_MARGIN // 2, _MARGIN // 2, _WIDTH - _MARGIN // 2, view.height - _MARGIN // 2), outline=_INK
    )
    wish = 0.2 * (view.east - view.west)
    power = 10.0 ** floor(log10(wish))
    size = max(step * power for step in (1, 2, 5) if step * power <= wish)
    x0, x1 = right - size * view.scale, float(right)
    pen.line([(x0, bottom), (x1, bottom)], fill=_INK, width=4)
    for x in (x0, x1):
        pen.line([(x, bottom - 8), (x, bottom)], fill=_INK, width=4)
    pen.text((x0, bottom - 38), f"{size:g} m", fill=_INK, font=font)
    nx, ny = right - 20, _MARGIN + 10
    pen.polygon([(nx, ny), (nx + 12, ny + 40), (nx, ny + 30), (nx - 12, ny + 40)], fill=_INK)
    pen.text((nx - 7, ny + 44), "N", fill=_INK, font=font)
