"""Backward puffs: from where, and how much, a receptor would see gas.

For gas of every age that arrives at a receptor now, the path is followed back to where it must have been
released, carried at the heights and spread as the forward puffs of that release would be. The density of a
puff depends on the distance between its centre and the receptor alone, so around those places of
release the sensitivity is the same Gaussian. Where the wind is the same all over the site (it may
change with time and height) this is the exact transpose of the forward model in the same steps; where it
differs from place to place, the paths of neighbours are taken as parallel, which errs by the spread times the
gradient of the wind (``docs/air.md``).

One backward run costs as much as one forward source and gives all places at once: maps of what a beam
sees, and couplings to any number of candidate sources of one height.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.air.cloud import Cloud
from models.air.ground import Float32Array, MapGrid, level_maps
from models.air.kernel import path_means
from models.air.paths import Pieces
from models.air.streak import Puffs, Runs, cut
from models.air.tracks import Fineness, Loss, Sources, Tracks, ages_of, grown, moved
from models.air.upright import shaped
from models.contract import Site, TimedWind, WindField
from models.timed import timed
from twin.core.beam import Receptor
from twin.core.clock import Interval
from twin.core.geometry import FloatArray

_NODE_M = 5.0  # between the nodes of a beam


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Footprint:
    """What one receptor sees of releases at one height during an interval, kg/m3 for every kg/s.

    ``puffs`` are centred on places of release, their ``height_m`` is the receptor's; ``weight`` (n,) holds
    seconds of emission times the share of the receptor.
    """

    puffs: Puffs
    weight: FloatArray
    lid_m: float
    source_height_m: float

    def at(self, x_m: FloatArray, y_m: FloatArray) -> FloatArray:
        """Sensitivity to releases at places (n,), s/m3."""
        places = np.stack([x_m, y_m, np.full(np.shape(x_m), self.source_height_m)], axis=-1)
        pieces = Pieces(
            start_m=places,
            along_m=np.zeros_like(places),
            share=np.ones(places.shape[0]),
            receptor=np.arange(places.shape[0]),
        )
        seen = path_means(self.puffs, pieces, self.lid_m)
        value = seen.mean_1_m3 * self.weight[seen.puff]
        return np.asarray(np.bincount(seen.piece, weights=value, minlength=places.shape[0]), dtype=np.float64)

    def map(self, grid: MapGrid) -> Float32Array:
        """Sensitivity as a map, means over cells, (ny, nx), s/m3."""
        return level_maps(self.puffs, self.weight, grid, self.lid_m, height_m=self.source_height_m)


def footprint(
    receptor: Receptor,
    site: Site,
    wind: WindField,
    window: Interval,
    emitting: Interval,
    *,
    source_height_m: float,
    sigma_start_m: float = 1.0,
    fineness: Fineness | None = None,
    loss: Loss | None = None,
) -> Footprint:
    """Sensitivity of a receptor at ``window.end_ms`` to releases during ``emitting``.

    Parameters
    ----------
    receptor
        A point or a beam; a beam is read at nodes five metres apart.
    site
        Ground and roughness.
    wind
        As for the forward solver.
    window
        Gas older than its start is not followed.
    emitting
        When the releases are on; what lies outside the window does not count.
    source_height_m, sigma_start_m
        Height of release above ground, spread at birth.
    fineness
        As for the forward solver.
    loss
        What is lost on the way; nothing when left out.
    """
    fineness = fineness or Fineness()
    points, share = _nodes(receptor, site)
    release = Sources(
        x_m=np.zeros(1),
        y_m=np.zeros(1),
        height_m=np.array([max(source_height_m, 0.0)]),
        sigma_start_m=sigma_start_m,
        roughness_m=site.roughness_m,
    )
    tracks = _back(points, release, timed(wind), window, fineness, () if loss is None else (loss,))
    count = points.shape[0]
    here = replace(release, x_m=points[:, 0], y_m=points[:, 1], height_m=np.repeat(release.height_m, count))
    runs = Runs(
        source=np.arange(count),
        cell=np.arange(count),
        start_ms=np.full(count, float(max(emitting.start_ms, window.start_ms))),
        end_ms=np.full(count, float(min(emitting.end_ms, window.end_ms))),
    )
    moment = np.array([float(window.end_ms)])
    layer = wind.air(window.end_ms)
    lid = layer.mixing_height_m
    cloud = Cloud(
        moments=np.zeros(1, dtype=np.intp),
        cut=cut(tracks, runs, here, moment, fineness.spacing),
        lids_m=np.array([lid]),
        spans=np.ones((count, 1)),
    )
    puffs = shaped(cloud, np.array([layer.inverse_obukhov_1_m]), site.roughness_m).cut.puffs
    left = puffs.share[0] if puffs.share.shape[0] else np.ones(puffs.x_m.size)
    return Footprint(
        puffs=replace(puffs, height_m=points[puffs.cell, 2]),
        weight=puffs.emission_s * share[puffs.cell] * left,
        lid_m=lid,
        source_height_m=float(release.height_m[0]),
    )


def _nodes(receptor: Receptor, site: Site) -> tuple[FloatArray, FloatArray]:
    """Points (n, 3) with heights above ground, and their shares."""
    points, share = receptor.points_m.copy(), receptor.weights
    if receptor.segment_m is not None:
        start, end = receptor.segment_m
        count = max(1, round(float(np.linalg.norm(end - start)) / _NODE_M))
        points = start + (np.arange(count) + 0.5)[:, None] / count * (end - start)
        share = np.full(count, 1.0 / count)
    points[:, 2] = np.maximum(points[:, 2] - site.ground_m(points[:, 0], points[:, 1]), 0.0)
    return points, share


def _back(
    points_m: FloatArray,
    release: Sources,
    wind: TimedWind,
    window: Interval,
    fineness: Fineness,
    losses: Sequence[Loss],
) -> Tracks:
    """Places of release of gas that arrives at the points now, by its age: tracks with one emission.

    Row j of the work is the gas of age ``ages[j]``: first it is spread forward from its birth, which gives
    the height that carries it in every step, then its path is followed back from the point.
    """
    ages = ages_of(max(window.length_s, 1e-3), fineness)
    count = ages.size
    born_ms = np.maximum(window.end_ms - 1000.0 * ages, window.start_ms)[:, None]
    sigma_h, sigma_z = (np.full((count, 1), release.sigma_start_m) for _ in range(2))
    log_share = np.zeros((len(losses), count, 1))
    levels = []
    for m in range(count - 1):
        step = (float(ages[m]), float(ages[m + 1] - ages[m]))
        rows = slice(m + 1, count)
        middle_ms = np.minimum(born_ms[rows] + 1000.0 * step[0] + 500.0 * step[1], window.end_ms)
        wider, after, level, lost = grown(
            sigma_h[rows], sigma_z[rows], step, release, wind.air_at(middle_ms), losses
        )
        sigma_h[rows], sigma_z[rows] = wider, after
        log_share[:, rows] -= lost
        levels.append(level)
    x, y = (np.repeat(points_m[None, :, k], count, axis=0) for k in (0, 1))
    for m in range(count - 2, -1, -1):
        seconds = float(ages[m + 1] - ages[m])
        rows = slice(m + 1, count)
        start_ms = np.minimum(born_ms[rows] + 1000.0 * ages[m + 1], window.end_ms)
        middle_ms = np.minimum(born_ms[rows] + 1000.0 * ages[m] + 500.0 * seconds, window.end_ms)
        x[rows], y[rows] = moved((x[rows], y[rows]), levels[m], (start_ms, middle_ms), -seconds, wind)
    shape = (count, 1, points_m.shape[0])
    return Tracks(
        ages_s=ages,
        first_ms=float(window.start_ms),
        step_ms=1.0,
        x_m=x.reshape(shape),
        y_m=y.reshape(shape),
        log_sigma_h=np.broadcast_to(np.log(sigma_h)[:, None], shape),
        log_sigma_z=np.broadcast_to(np.log(sigma_z)[:, None], shape),
        log_share=np.broadcast_to(log_share[:, :, None], (len(losses), *shape)),
    )
