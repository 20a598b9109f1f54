"""The vertical profile of puffs: every puff as two Gaussians, as ``models.air.shape`` has it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from models.air.cloud import Cloud
from models.air.shape import mixture
from models.air.streak import Cut, IntArray, Puffs
from twin.core.geometry import FloatArray

_FAINT = 0.005  # a narrow part with less of the mass is left in the wide one


def shaped(cloud: Cloud, inverse_obukhov_1_m: FloatArray, roughness_m: float) -> Cloud:
    """The same gas with the profile of its moment's air; mass is kept exactly.

    ``inverse_obukhov_1_m`` (n_moments,) goes with ``cloud.moments``. Puffs that have not come down, and
    those in air so stable that the profile is Gaussian, stay one.
    """
    puffs, moment = cloud.cut.puffs, cloud.cut.moment
    parts = mixture(puffs.sigma_z_m, puffs.height_m, roughness_m, inverse_obukhov_1_m[moment])
    two = np.flatnonzero(parts.narrow_share > _FAINT)
    wide = np.ones(moment.size)
    factor = np.ones(moment.size)
    wide[two], factor[two] = 1.0 - parts.narrow_share[two], parts.wide[two]
    outer = replace(puffs, sigma_z_m=puffs.sigma_z_m * factor, emission_s=puffs.emission_s * wide)
    inner = _taken(puffs, two, parts.narrow[two], parts.narrow_share[two])
    both = Puffs(
        **{name: np.concatenate([getattr(outer, name), getattr(inner, name)]) for name in _COLUMNS},
        cell=np.concatenate([outer.cell, inner.cell]),
        share=np.concatenate([outer.share, inner.share], axis=1),
    )
    return replace(cloud, cut=Cut(puffs=both, moment=np.concatenate([moment, moment[two]])))


_COLUMNS = ("x_m", "y_m", "height_m", "sigma_h_m", "sigma_z_m", "emission_s")


def _taken(puffs: Puffs, rows: IntArray, factor: FloatArray, share: FloatArray) -> Puffs:
    columns = {name: getattr(puffs, name)[rows] for name in _COLUMNS}
    columns["sigma_z_m"] = columns["sigma_z_m"] * factor
    columns["emission_s"] = columns["emission_s"] * share
    lost = puffs.share[:, rows] if puffs.share.size else np.zeros((puffs.share.shape[0], rows.size))
    return Puffs(**columns, cell=puffs.cell[rows], share=lost)
