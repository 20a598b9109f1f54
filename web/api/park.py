"""The park: where its scene lies, the line-of-sight table, what is known of the ground below."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint

from web.reply import Operation, serve
from web.schemas.base import TextOut
from web.schemas.park import LayerOut, ParkOut, SightOut, SightRowOut, StrataOut
from web.services import services

park = APIBlueprint("park", __name__, url_prefix="/api/v1", tag="Park")
_OF_A_BOTTOM = ("loo_rmse_m", "sd_mean_m", "loo_z_mean", "loo_z_sd")


def get_park() -> ParkOut:
    """Where the scene lies and how the park is called."""
    own = services()
    scene = own.bundles.scene()
    return ParkOut(
        park_id=scene["park_id"],
        hash=scene["hash"],
        scene_url=f"/scene/{own.bundles.current()}/scene.json",
        name=_text(scene["name"]),
        notice=_text(scene["notice"]),
        version=own.version,
        language=own.settings.language,
        utc_offset_h=float(scene["utc_offset_h"]),
        has_simulated=any(row["origin"] == "simulated" for row in scene["series"]),
    )


def get_sight() -> SightOut:
    """Line-of-sight table of the beams."""
    rows = [
        SightRowOut(
            beam=beam["id"],
            clear=row["clear"],
            clearance_m=row["clearance_m"],
            blocker_kind=row["blocker_kind"],
            blocker_id=row["blocker"],
            blocker_at_m=row["blocker_at_m"],
            needed_platform_height_m=row["needed_platform_m"],
        )
        for beam in services().bundles.scene()["beams"]
        if (row := beam.get("sight")) is not None
    ]
    return SightOut(rows=rows)


def get_strata() -> StrataOut:
    """Leave-one-out error and uncertainty of the strata."""
    strata: dict[str, Any] = services().bundles.scene().get("strata") or {}
    layers = [
        LayerOut(
            id=row["id"],
            name=_text(row["name"]),
            colour=row["colour"],
            aquifer=row["aquifer"],
            **{key: _item(strata.get(key) or [], i) for key in _OF_A_BOTTOM},
        )
        for i, row in enumerate(strata.get("layers", ()))
    ]
    return StrataOut(boreholes=strata.get("boreholes", 0), layers=layers)


def _text(value: dict[str, str]) -> TextOut:
    return TextOut(zh=value["zh"], en=value["en"])


def _item(values: list[float | None], index: int) -> float | None:
    return values[index] if index < len(values) else None


serve(park, "/park", get_park, Operation(gives=ParkOut, errors=(503,), cache="no-cache"))
serve(park, "/sight", get_sight, Operation(gives=SightOut, errors=(503,), cache="no-cache"))
serve(park, "/strata", get_strata, Operation(gives=StrataOut, errors=(503,), cache="no-cache"))
