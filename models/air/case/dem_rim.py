"""Cells without a height in an elevation file: a rim is cut off, small holes are filled, more is refused."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gis.voids import fill_holes, hole_radius_cells
from twin.core.geometry import FloatArray

_WIDEST_CELLS = 3.0  # from a cell of a hole to the nearest height
_MOST_HOLES = 0.01  # of all cells
_LEAST_KEPT = 0.5  # of all cells that the file has heights for


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Whole:
    """Heights without gaps: ``rows`` and ``columns`` of the file that were kept, cells ``filled``.

    ``why_not`` says (English, Chinese) why the file cannot be used; then the heights still have gaps.
    """

    heights_m: FloatArray
    rows: slice
    columns: slice
    filled: int = 0
    why_not: tuple[str, str] | None = None


def whole(heights_m: FloatArray) -> Whole:
    """Heights (ny, nx), NaN where there are none, without their rim and small holes."""
    from scipy.ndimage import label

    gaps = ~np.isfinite(heights_m)
    found, _ = label(gaps, np.ones((3, 3)))
    border = np.concatenate([found[0], found[-1], found[:, 0], found[:, -1]])
    rows, columns = _stripped(np.isin(found, np.unique(border[border > 0])))
    kept = np.array(heights_m[rows, columns], dtype=np.float64)
    holes = ~np.isfinite(kept)
    count, known = int(holes.sum()), int((~gaps).sum())
    if min(kept.shape) < 2 or int((~holes).sum()) < _LEAST_KEPT * known:
        why = (
            f"heights in a rectangle ({int(gaps.sum())} cells have none)",
            f"矩形内有高程（{int(gaps.sum())} 格无值）",
        )
        return Whole(heights_m=kept, rows=rows, columns=columns, why_not=why)
    if count > _MOST_HOLES * kept.size or hole_radius_cells(holes) > _WIDEST_CELLS:
        why = (f"no large holes ({count} cells inside have none)", f"无大空洞（内部 {count} 格无值）")
        return Whole(heights_m=kept, rows=rows, columns=columns, why_not=why)
    if count:
        kept = fill_holes(kept.astype(np.float32), holes).astype(np.float64)
    return Whole(heights_m=kept, rows=rows, columns=columns, filled=count)


def _stripped(rim: np.ndarray) -> tuple[slice, slice]:
    """Rectangle without any cell of the rim: of the four edges the emptiest goes first."""
    south, north, west, east = 0, rim.shape[0], 0, rim.shape[1]
    while north - south > 1 and east - west > 1 and rim[south:north, west:east].any():
        box = rim[south:north, west:east]
        empty = [float(edge.mean()) for edge in (box[0], box[-1], box[:, 0], box[:, -1])]
        most = int(np.argmax(empty))
        south, north = south + (most == 0), north - (most == 1)
        west, east = west + (most == 2), east - (most == 3)
    return slice(south, north), slice(west, east)
