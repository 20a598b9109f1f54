"""Where gas is at every age: all nodes of all streaklines, marched in age instead of in time.

Nodes leave every source at equal steps of time, and the state of all of them is kept at ages that begin
with a second and grow geometrically, then evenly. At one age the state changes with the time of
emission only as fast as the wind does, so the steps of emission may be long; near the source, where a
puff grows fast, the steps of age are short. Every age is one pass over all nodes, so the wind is asked a
few dozen times for many places, each at its own moment (``models.contract.TimedWind``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from models.air.growth import grow_sideways, grow_upwards, mean_height, transport_height
from models.air.wind import SteadyWind
from models.contract import SurfaceLayer, TimedWind, WindField
from models.timed import timed
from twin.core.clock import Interval
from twin.core.geometry import Extent, FloatArray

_REACH = 5.0
_FIRST_S = 1.0  # first step of age
_OLD = 0.4  # old gas is wide: its steps may grow again, at this share of ``growth``
_LEAST = 5  # ages, so that a cubic has its four nodes


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sources:
    """Places (n,) in the local frame, heights of release above ground (n,), spread of a puff at birth.

    ``roughness_m`` of the ground lets plumes in sheared wind rise as ``models.air.growth`` has it.
    """

    x_m: FloatArray
    y_m: FloatArray
    height_m: FloatArray
    sigma_start_m: float
    roughness_m: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fineness:
    """How finely time, age and streaklines are cut.

    ``step_s`` is the time between emissions, within which the wind changes little; ages grow in steps of at
    most ``growth`` times the age and ``longest_s``; puffs are ``spacing`` standard deviations apart.
    Puffs wider than ``split_m`` go on as seven narrower ones (``models.air.split``), which only counts, and
    only pays, where the wind differs from place to place. Gas is let go when all of one age is more than
    ``far_m`` and five standard deviations beyond the area of interest: a wind that turns may bring it back.
    """

    step_s: float = 30.0
    longest_s: float = 60.0
    growth: float = 0.25
    spacing: float = 1.5
    split_m: float = math.inf
    far_m: float = 1000.0


class Loss(Protocol):
    """What takes mass out of a puff: deposition, wash-out, decay."""

    def __call__(self, sigma_z_m: FloatArray, height_m: FloatArray, layer: SurfaceLayer) -> FloatArray:
        """Share lost per second, 1/s, not negative; all arguments and fields of the layer are arrays."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tracks:
    """State by age, time of emission and source: arrays (n_ages, n_emissions, n_sources).

    ``ages_s`` (n_ages,) rises from 0; emissions are ``step_ms`` apart from ``first_ms`` on (a single one
    where the wind never changes). Nodes that would be read after the end of the window hold the state of
    their last computed neighbour. ``log_share`` (n_losses, n_ages, n_emissions, n_sources) is the log of
    what is left of the mass.
    Where puffs were split (``models.air.split``), ``parent`` (n_sources,) is the source that a part is of and
    ``weight`` (n_sources,) its share of the mass; ages then begin where they were split.
    """

    ages_s: FloatArray
    first_ms: float
    step_ms: float
    x_m: FloatArray
    y_m: FloatArray
    log_sigma_h: FloatArray
    log_sigma_z: FloatArray
    log_share: FloatArray
    parent: npt.NDArray[np.intp] | None = None
    weight: FloatArray | None = None


def march(
    sources: Sources,
    wind: WindField,
    window: Interval,
    keep: Extent,
    *,
    fineness: Fineness,
    losses: Sequence[Loss] = (),
) -> Tracks:
    """Tracks of everything emitted during a window, followed until its end.

    Parameters
    ----------
    sources
        Where gas comes out.
    wind
        Its ``at_times`` is used when it has one.
    window
        Emission and travel; the wind is never asked for moments outside it.
    keep
        Ages at which all gas is far beyond it are not followed (``Fineness.far_m``).
    fineness
        See ``Fineness``.
    losses
        Followed along the way; ``log_share`` has one row for each.
    """
    steady = isinstance(wind, SteadyWind)
    span_s = max(window.length_s, 1e-3)
    count = 1 if steady else max(2, math.ceil(span_s / fineness.step_s) + 1)
    step_ms = 1000.0 * span_s / max(count - 1, 1)
    emitted = window.start_ms + step_ms * np.arange(count)
    ages = ages_of(span_s, fineness)
    state = np.empty((4, ages.size, count, sources.x_m.size))
    share = np.zeros((len(losses), *state.shape[1:]))
    state[0, 0], state[1, 0] = sources.x_m, sources.y_m
    state[2, 0] = state[3, 0] = sources.sigma_start_m
    fields = timed(wind)
    last = ages.size - 1
    for j in range(last):
        # Emissions that are read at the next age, and one more to interpolate with.
        left_ms = window.end_ms - 1000.0 * ages[j + 1] - window.start_ms
        alive = count if steady else min(count, max(1, 2 + int(left_ms // step_ms)))
        start = np.minimum(emitted[:alive, None] + 1000.0 * ages[j], window.end_ms)
        step = (float(ages[j]), float(ages[j + 1] - ages[j]))
        after, lost = _step(state[:, j, :alive], start, step, sources, fields, window.end_ms, losses)
        share[:, j + 1, :alive] = share[:, j, :alive] - lost
        state[:, j + 1, :alive] = after
        for array in (state, share):
            array[:, j + 1, alive:] = array[:, j + 1, alive - 1 : alive]
        if j + 1 >= _LEAST and _gone(after, keep, fineness.far_m):
            last = j + 1
            break
    kept = state[:, : last + 1]
    return Tracks(
        ages_s=ages[: last + 1],
        first_ms=float(window.start_ms),
        step_ms=step_ms,
        x_m=kept[0],
        y_m=kept[1],
        log_sigma_h=np.log(kept[2]),
        log_sigma_z=np.log(kept[3]),
        log_share=share[:, : last + 1],
    )


def ages_of(span_s: float, fineness: Fineness) -> FloatArray:
    """From 0 to the span: a second, then in proportion to the age, then even, then slowly growing again."""
    ages = [0.0]
    offset = _FIRST_S / 0.25  # the first step scales with ``growth``, as all others do
    while ages[-1] < span_s:
        most = max(fineness.longest_s, _OLD * fineness.growth * ages[-1])
        ages.append(ages[-1] + min(fineness.growth * (ages[-1] + offset), most))
    ages[-1] = span_s
    if len(ages) < _LEAST:
        return np.linspace(0.0, span_s, _LEAST)
    return np.array(ages)


def _step(
    state: FloatArray,
    start_ms: FloatArray,
    step: tuple[float, float],
    sources: Sources,
    wind: TimedWind,
    end_ms: float,
    losses: Sequence[Loss],
) -> tuple[FloatArray, FloatArray]:
    """State (4, n, n_sources) after a step (age, length) by the midpoint rule; log of what was lost."""
    age_s, seconds = step
    x, y, sigma_h, sigma_z = state
    middle_ms = np.minimum(start_ms + 500.0 * seconds, end_ms)
    layer = wind.air_at(middle_ms)
    wider, after, level, lost = grown(sigma_h, sigma_z, (age_s, seconds), sources, layer, losses)
    x, y = moved((x, y), level, (start_ms, middle_ms), seconds, wind)
    return np.stack([x, y, wider, after]), lost


def moved(
    place: tuple[FloatArray, FloatArray],
    level_m: FloatArray,
    times_ms: tuple[FloatArray, FloatArray],
    seconds: float,
    wind: TimedWind,
) -> tuple[FloatArray, FloatArray]:
    """Places after a step by the midpoint rule; ``times_ms``: its start, its middle. Negative is backward."""
    x, y = place
    u, v = wind.at_times(x, y, times_ms[0], level_m)
    half = 0.5 * seconds
    u, v = wind.at_times(x + half * u, y + half * v, times_ms[1], level_m)
    return x + seconds * u, y + seconds * v


def grown(
    sigma_h: FloatArray,
    sigma_z: FloatArray,
    step: tuple[float, float],
    sources: Sources,
    layer: SurfaceLayer,
    losses: Sequence[Loss],
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Spreads after a step (age, length), sideways and upwards; height that carries; log of what was lost."""
    age_s, seconds = step
    age = np.full((sigma_z.shape[0], 1), age_s)
    after = grow_upwards(sigma_z, age, seconds, sources.height_m, layer, sources.roughness_m)
    mean = 0.5 * (sigma_z + after)
    wider = grow_sideways(sigma_h, age, seconds, mean_height(mean, sources.height_m), layer)
    lost = np.empty((len(losses), *after.shape))
    for k, loss in enumerate(losses):
        ends = loss(sigma_z, sources.height_m, layer) + loss(after, sources.height_m, layer)
        lost[k] = seconds / 6.0 * (ends + 4.0 * loss(mean, sources.height_m, layer))
    return wider, after, transport_height(mean, sources.height_m), lost


def _gone(state: FloatArray, keep: Extent, far_m: float) -> bool:
    x, y, sigma, _ = state
    reach = far_m + _REACH * sigma
    out = (x < keep.x_min_m - reach) | (x > keep.x_max_m + reach)
    out |= (y < keep.y_min_m - reach) | (y > keep.y_max_m + reach)
    return bool(out.all())
