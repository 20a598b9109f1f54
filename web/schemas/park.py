"""The park: where its scene lies and how it is called."""

from __future__ import annotations

from typing import Literal

from web.schemas.base import Out, TextOut


class ParkOut(Out):
    """What a viewer asks first."""

    park_id: str
    hash: str
    scene_url: str
    name: TextOut
    notice: TextOut
    version: str
    language: Literal["zh", "en"]
    utc_offset_h: float
    has_simulated: bool


class SightRowOut(Out):
    """Line of sight of one beam. ``clearance_m`` is negative where something stands in the way."""

    beam: str
    clear: bool
    clearance_m: float
    blocker_kind: str
    blocker_id: str
    blocker_at_m: float | None
    needed_platform_height_m: float | None


class SightOut(Out):
    """Line-of-sight table of the beams."""

    rows: list[SightRowOut]


class LayerOut(Out):
    """One layer below ground and how well its bottom is known; null where no hole tells.

    ``loo_z_mean``, ``loo_z_sd``: of the leave-one-out errors over their predicted standard deviations.
    """

    id: str
    name: TextOut
    colour: str
    aquifer: bool
    loo_rmse_m: float | None
    sd_mean_m: float | None
    loo_z_mean: float | None
    loo_z_sd: float | None


class StrataOut(Out):
    """Leave-one-out error and uncertainty of the strata."""

    boreholes: int
    layers: list[LayerOut]
