"""Wide puffs split, so that their parts may go where the wind goes.

A Gaussian of variance s^2 is, to its fifth moments, seven Gaussians of 0.6 of that variance: half of the mass
in the middle and a twelfth at each corner of a regular hexagon of radius ``2 sqrt(1 - 0.6) s`` (matched:
mass, centroid, variance in all directions, isotropic fourth moment). Their sum is within 5 % of the peak
everywhere, and within 2 % across a plume. Puffs are split once, at the age at which they have become wider
than the terrain that turns the wind. Growth adds to the variance whatever it was, so the parts go on
as the whole would.
"""

from __future__ import annotations

import math

import numpy as np

from models.air.growth import transport_height
from models.air.tracks import Sources, Tracks, moved
from models.contract import WindField
from models.timed import timed
from twin.core.clock import Interval
from twin.core.geometry import FloatArray

PARTS = 7
KEPT = 0.6  # of the variance
_LEAST = 4  # ages on either side, for the cubic


def split_tracks(
    tracks: Tracks, sources: Sources, wind: WindField, window: Interval, split_m: float
) -> tuple[Tracks, ...]:
    """Tracks until most puffs are wider than ``split_m``, and those of their parts from then on.

    One element, the tracks as they are, when no age is as wide as that or none is left after it.
    """
    wide = np.median(tracks.log_sigma_h, axis=(1, 2)) > math.log(split_m)
    last = tracks.ages_s.size - 1
    first = max(int(np.argmax(wide)), _LEAST) if wide.any() else last
    if last - first < _LEAST:
        return (tracks,)
    head, tail = _ages(tracks, slice(0, first + 1)), _ages(tracks, slice(first, last + 1))
    return head, _parts(tail, sources, wind, window)


def offsets() -> tuple[FloatArray, FloatArray, FloatArray]:
    """Places of the parts (x, y) in standard deviations of the whole, and their shares of the mass."""
    angle = np.arange(PARTS - 1) * (2.0 * math.pi / (PARTS - 1))
    radius = 2.0 * math.sqrt(1.0 - KEPT)
    x = np.concatenate([[0.0], radius * np.cos(angle)])
    y = np.concatenate([[0.0], radius * np.sin(angle)])
    return x, y, np.concatenate([[0.5], np.full(PARTS - 1, 1.0 / 12.0)])


def _ages(tracks: Tracks, rows: slice) -> Tracks:
    return Tracks(
        ages_s=tracks.ages_s[rows],
        first_ms=tracks.first_ms,
        step_ms=tracks.step_ms,
        x_m=tracks.x_m[rows],
        y_m=tracks.y_m[rows],
        log_sigma_h=tracks.log_sigma_h[rows],
        log_sigma_z=tracks.log_sigma_z[rows],
        log_share=tracks.log_share[:, rows],
    )


def _parts(tracks: Tracks, sources: Sources, wind: WindField, window: Interval) -> Tracks:
    """The parts' own ways from the first age on; their spreads and shares follow from those of the whole."""
    east, north, mass = offsets()
    width = sources.x_m.size
    parent = np.tile(np.arange(width), PARTS)
    variance = np.exp(2.0 * tracks.log_sigma_h)
    sigma_h = np.sqrt(variance - (1.0 - KEPT) * variance[:1])
    spread = np.sqrt(variance[0])
    x, y = (np.empty((*tracks.x_m.shape[:2], width * PARTS)) for _ in range(2))
    x[0] = np.concatenate([tracks.x_m[0] + shift * spread for shift in east], axis=1)
    y[0] = np.concatenate([tracks.y_m[0] + shift * spread for shift in north], axis=1)
    sigma_z = np.exp(tracks.log_sigma_z)
    emitted = tracks.first_ms + tracks.step_ms * np.arange(x.shape[1])[:, None]
    field, ages = timed(wind), tracks.ages_s
    for j in range(ages.size - 1):
        seconds = float(ages[j + 1] - ages[j])
        start_ms = np.minimum(emitted + 1000.0 * ages[j], window.end_ms)
        middle_ms = np.minimum(start_ms + 500.0 * seconds, window.end_ms)
        level = transport_height(0.5 * (sigma_z[j] + sigma_z[j + 1]), sources.height_m)[:, parent]
        x[j + 1], y[j + 1] = moved((x[j], y[j]), level, (start_ms, middle_ms), seconds, field)
    return Tracks(
        ages_s=ages,
        first_ms=tracks.first_ms,
        step_ms=tracks.step_ms,
        x_m=x,
        y_m=y,
        log_sigma_h=np.log(sigma_h)[:, :, parent],
        log_sigma_z=tracks.log_sigma_z[:, :, parent],
        log_share=tracks.log_share[:, :, :, parent],
        parent=parent,
        weight=np.repeat(mass, width),
    )
