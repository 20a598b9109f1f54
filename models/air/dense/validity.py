"""In what the shallow layer was shown to hold, and what a result says of itself."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.air.dense.shallow import ShallowLayer
from models.contract import WindField
from models.limits import Limit, outside
from models.term import Ambient, Shape, SourceTerm
from twin.core.clock import Interval
from twin.core.text import Text

LIMITS = (
    Limit(
        quantity="wind_speed_m_s",
        units="m/s",
        low=0.0,
        high=10.0,
        why=Text(zh="更大的风很快使云团变为被动扩散", en="stronger wind makes the cloud passive at once"),
    ),
    Limit(
        quantity="slope",
        units="1",
        low=0.0,
        high=0.5,
        why=Text(zh="浅层方程假定坡度小", en="shallow-layer balances hold for gentle slopes"),
    ),
    Limit(
        quantity="cells_across_source",
        units="1",
        low=1.0,
        high=None,
        why=Text(
            zh="源小于网格时，近场被抹平", en="a source smaller than a cell is smeared in the near field"
        ),
    ),
    Limit(
        quantity="jet_speed_m_s",
        units="m/s",
        low=0.0,
        high=30.0,
        why=Text(zh="浅层不解析射流段", en="the layer does not resolve the jet, only what comes of it"),
    ),
    Limit(
        quantity="release_height_m",
        units="m",
        low=0.0,
        high=3.0,
        why=Text(
            zh="浅层只在地面上", en="the layer is on the ground; what falls from a height is not followed"
        ),
    ),
)


def notes_of(
    term: SourceTerm,
    ambient: Ambient,
    wind: WindField,
    layer: ShallowLayer,
    window: Interval,
    flowed: npt.NDArray[np.bool_],
) -> tuple[str, ...]:
    """Notes of a result: of the wind, of what lies outside the limits, of what was done with the cloud.

    ``flowed`` (ny, nx): where the layer has been; the slope is that of 95 % of these cells.
    """
    ground, step = layer.cells.ground_m, layer.cells.step_m
    rises = [np.abs(np.diff(ground, axis=axis))[1:-2, 1:-2] for axis in (0, 1)]
    under = np.maximum(rises[0][:, : flowed.shape[1]], rises[1][: flowed.shape[0]])[flowed]
    rise = float(np.quantile(under, 0.95)) if under.size else 0.0
    values = {
        "wind_speed_m_s": ambient.wind_speed_m_s,
        "slope": rise / step,
        "cells_across_source": 2.0 * float(term.radius_m.max()) / step,
        "jet_speed_m_s": float(term.speed_m_s.max()) if term.shape is Shape.JET else 0.0,
        "release_height_m": term.height_m,
    }
    notes = [*wind.notes, *(row.note for row in outside(LIMITS, values))]
    book = layer.book
    if book.left_kg > 1e-3 * book.entered_kg:
        notes.append(f"{100.0 * book.left_kg / book.entered_kg:.1f} % left the grid while dense, as puffs")
    if layer.lightest_kg_m3 < -1e-3:
        notes.append("some mixtures are lighter than air; the layer does not lift off")
    if window.length_s < float(term.times_s[-1]):
        notes.append("the window ends before the release")
    notes.append("shallow layer, handed over to puffs; no buildings")
    return tuple(dict.fromkeys(notes))
