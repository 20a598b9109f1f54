"""How far plumes reach: every connected body from where it comes from.

A body comes from the sources that lie in it or within a few cells of it; a body that none lies in comes from
its own largest concentration. Its reach is the way from there to its furthest point, and the reach of a
substance is that of its longest body: never the way from one plume to another.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from twin.core.geometry import FloatArray


def reaches(
    x_m: FloatArray,
    y_m: FloatArray,
    signed_m: FloatArray,
    conc_kg_m3: FloatArray,
    *,
    sources_m: Sequence[tuple[float, float]] = (),
    near_m: float = 0.0,
) -> list[tuple[float, int, int]]:
    """Reach of each connected body with its furthest node.

    Parameters
    ----------
    x_m, y_m
        Nodes (nx,), (ny,), equally spaced.
    signed_m, conc_kg_m3
        (ny, nx) signed distance to the outline, positive inside, and concentration.
    sources_m
        Places (x, y) that lose the substance.
    near_m
        How far outside a body a source may lie and still be its own.

    Returns
    -------
    list
        (metres, row, column) of each body, eight neighbours connect; empty without one.
    """
    from scipy.ndimage import find_objects, label

    bodies, _ = label(signed_m > 0.0, structure=np.ones((3, 3)))
    places = np.asarray(sources_m, dtype=np.float64).reshape(-1, 2)
    found = []
    for number, window in enumerate(find_objects(bodies), start=1):
        rows, columns = np.nonzero(bodies[window] == number)
        rows, columns = rows + window[0].start, columns + window[1].start
        x, y = x_m[columns], y_m[rows]
        own = _own(x, y, places, near_m)
        if not len(own):
            peak = int(np.argmax(conc_kg_m3[rows, columns]))
            own = np.array([[x[peak], y[peak]]])
        away = np.min([np.hypot(x - px, y - py) for px, py in own], axis=0)
        far = int(np.argmax(away))
        found.append((float(away[far]), int(rows[far]), int(columns[far])))
    return found


def _own(x_m: FloatArray, y_m: FloatArray, places: FloatArray, near_m: float) -> npt.NDArray[np.float64]:
    """Those of the places that lie no further than ``near_m`` from a node of a body."""
    close = [row for row in places if float(np.hypot(x_m - row[0], y_m - row[1]).min()) <= near_m]
    return np.asarray(close, dtype=np.float64).reshape(-1, 2)


def longest(
    found: Sequence[tuple[float, int, int]], sd_m: FloatArray | float, shares: Sequence[float]
) -> list[float]:
    """Reach of the longest body, were its front ``shares`` standard deviations (ny, nx) further in."""
    sd = np.asarray(sd_m)
    rows = [(reach, float(sd[i, j] if sd.ndim else sd)) for reach, i, j in found]
    return [max((max(reach - share * error, 0.0) for reach, error in rows), default=0.0) for share in shares]
