"""Tables of a plume case: receptors, arcs, courses over time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.air.case.ground import Ground
from models.air.case.met import Air
from models.air.case.places import Arc
from models.air.case.plume_times import arrival_s, dose, highest_mean, last_mean
from models.air.case.result import ResultTable, make_table
from models.air.case.schema import PlumeCase
from models.air.case.schema_release import PlumeReleaseRow
from models.contract import WindField
from twin.core.beam import Receptor
from twin.core.clock import Interval
from twin.core.geometry import FloatArray
from twin.core.release import Release
from twin.core.text import Text

_AVERAGING_S = 600.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scene:
    """Everything that is prepared before a solver runs.

    Receptors are read at ``times_ms``, of which ``course_ms`` go into the table of courses. ``unread``: too
    far for the longest run, so that there is no number. ``late``: the mean wind comes there after the end.
    """

    case: PlumeCase
    ground: Ground
    air: Air
    wind: WindField
    window: Interval
    releases: tuple[Release, ...]
    rows: tuple[PlumeReleaseRow, ...]
    receptors: tuple[Receptor, ...]
    heights_m: tuple[float, ...]
    arcs: tuple[Arc, ...]
    times_ms: tuple[int, ...]
    course_ms: tuple[int, ...]
    unread: tuple[bool, ...]
    late: tuple[bool, ...]
    finite: bool
    texts: tuple[Text, ...] = ()


def averaging_s(case: PlumeCase) -> float:
    """Averaging time of receptors."""
    return case.run.averaging_s or _AVERAGING_S


def averaged(conc: FloatArray, scene: Scene) -> FloatArray:
    """Mean over the last averaging time of a steady release; highest running mean of one that ends."""
    if conc.shape[0] == 1:
        return np.asarray(conc[0])
    mean = highest_mean if scene.finite else last_mean
    return mean(seconds_of(scene), conc, averaging_s(scene.case))


def seconds_of(scene: Scene) -> FloatArray:
    """Moments of a scene from the start of its run on, s."""
    return (np.array(scene.times_ms, dtype=np.float64) - scene.window.start_ms) / 1000.0


def receptor_table(scene: Scene, conc: FloatArray, mean: FloatArray, mark: str) -> ResultTable:
    """Table of all receptors; peak, dose and arrival where there is a course over time."""
    middle = np.array([row.weights @ row.points_m for row in scene.receptors], dtype=np.float64)
    columns: list[tuple[str, str, Sequence[object]]] = [
        ("receptor", "", [f"{mark}{row.sensor_id}" for row in scene.receptors]),
        ("x", "m", middle[:, 0].tolist()),
        ("y", "m", middle[:, 1].tolist()),
        ("height", "m", list(scene.heights_m)),
        ("conc", "kg/m3", mean.tolist()),
    ]
    if len(scene.times_ms) > 1:
        times = seconds_of(scene)
        columns += [
            ("peak", "kg/m3", conc.max(axis=0).tolist()),
            ("dose", "kg s/m3", dose(times, conc).tolist()),
            ("arrival", "s", arrival_s(times, conc).tolist()),
        ]
    return make_table("receptors", columns)


def arc_table(arcs: Sequence[Arc], mean: FloatArray, mark: str) -> ResultTable:
    """Maximum, crosswind integral and moments of every arc, from the means of its receptors."""
    rows: list[tuple[object, ...]] = []
    first = 0
    for arc in arcs:
        conc = mean[first : first + len(arc.spots)]
        first += len(arc.spots)
        along = np.radians(arc.bearings_deg) * arc.radius_m
        best = int(conc.argmax())
        cic = float(np.trapezoid(conc, along))
        middle = float(np.trapezoid(conc * along, along)) / cic if cic > 0.0 else math.nan
        spread = float(np.trapezoid(conc * (along - middle) ** 2, along)) / cic if cic > 0.0 else math.nan
        rows.append(
            (
                f"{mark}{arc.id}",
                arc.radius_m,
                arc.height_m,
                float(conc[best]),
                arc.bearings_deg[best] % 360.0 if conc[best] > 0.0 else math.nan,
                cic,
                math.sqrt(spread) if spread >= 0.0 else math.nan,  # an arc without gas has none
                math.degrees(middle / arc.radius_m) % 360.0,
            )
        )
    names = [
        ("receptor", ""),
        ("radius", "m"),
        ("height", "m"),
        ("arc_max", "kg/m3"),
        ("bearing_of_max", "deg"),
        ("cic", "kg/m2"),
        ("sigma_y", "m"),
        ("bearing_of_mean", "deg"),
    ]
    columns = list(zip(*rows, strict=True))
    return make_table("arcs", [(name, units, columns[k]) for k, (name, units) in enumerate(names)])


def series_table(scene: Scene, conc: FloatArray, mark: str) -> ResultTable:
    """Courses over time of all receptors but those of arcs, one column each."""
    first = sum(len(arc.spots) for arc in scene.arcs)
    shown = np.searchsorted(scene.times_ms, scene.course_ms)
    times = seconds_of(scene)[shown].tolist()
    columns: list[tuple[str, str, Sequence[object]]] = [("time", "s", times)]
    for k in range(first, len(scene.receptors)):
        columns.append((f"{mark}{scene.receptors[k].sensor_id}", "kg/m3", conc[shown, k].tolist()))
    return make_table("series", columns)


def joined(one: ResultTable, other: ResultTable) -> ResultTable:
    """Rows below rows; series beside series."""
    if one.name == "series":
        return ResultTable(name=one.name, columns=(*one.columns, *other.columns[1:]))
    columns = tuple(
        replace(a, values=(*a.values, *b.values)) for a, b in zip(one.columns, other.columns, strict=True)
    )
    return ResultTable(name=one.name, columns=columns)
