"""A park as the JSON of ``scene.json`` (docs/wire.md). No files are read or written here."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from shapely.geometry import LineString, Polygon

from gis.sight import SightRow
from gis.strata import StrataModel
from twin.core.aquifer import Borehole
from twin.core.beam import Beam
from twin.core.park import Park
from twin.core.quantity import quantity, substance_of
from twin.core.text import Text

Json = dict[str, Any]
CENTIMETRE = 2


def text(value: Text) -> Json:
    """Both languages."""
    return {"zh": value.zh, "en": value.en}


def describe_park(park: Park, sight: Mapping[str, SightRow]) -> Json:
    """Everything of the park that has a place, in local metres rounded to centimetres."""
    return {
        "areas": [_area(row) for row in park.areas],
        "plots": [
            {"id": row.id, "name": text(row.name), "ring": _ring(row.outline), "area": row.area_id}
            for row in park.plots
        ],
        "buildings": [
            {
                "id": row.id,
                "name": text(row.name),
                "ring": _ring(row.outline),
                "base": _round(row.base_m),
                "height": _round(row.height_m),
                "kind": row.kind,
            }
            for row in park.buildings
        ],
        "tanks": [_tank(row) for row in park.tanks],
        "units": [_unit(row) for row in park.units],
        "roads": [
            {
                "id": row.id,
                "name": text(row.name),
                "line": _line(row.line),
                "width": row.width_m,
                "kind": row.kind,
            }
            for row in park.roads
        ],
        "waters": [
            {"id": row.id, "name": text(row.name), "line": _line(row.line), "width": row.width_m}
            for row in park.waters
        ],
        "settlements": [
            {"id": row.id, "name": text(row.name), **_place(row.place), "people": row.people}
            for row in park.settlements
        ],
        "stations": [_station(row) for row in park.stations],
        "beams": [_beam(row, sight.get(row.id)) for row in park.beams],
        "wells": [_well(row) for row in park.wells],
        "boreholes": [_borehole(row, park) for row in park.boreholes],
        "substances": [
            {
                "id": row.id,
                "name": text(row.name),
                "formula": row.formula,
                "cas": row.cas,
                "molar_mass_kg_mol": row.molar_mass_kg_mol,
            }
            for row in park.substances
        ],
        "thresholds": [
            {
                "substance": row.substance_id,
                "level": row.level,
                "name": text(row.name),
                "conc_kg_m3": row.conc_kg_m3,
                "source": row.source,
            }
            for row in park.thresholds
        ],
        "series": describe_series(park),
    }


def describe_series(park: Park) -> list[Json]:
    """Every series that the registered devices can produce."""
    names = {row.id: row.formula for row in park.substances}
    rows = []
    for device in park.devices:
        for factor in device.factors:
            what = quantity(factor.quantity)
            label = text(what.name)
            formula = names.get(substance_of(factor.quantity) or "")
            if formula:
                label = {"zh": f"{formula} 浓度", "en": f"{formula} concentration"}
            rows.append(
                {
                    "key": f"{device.sensor_id}/{factor.quantity}",
                    "sensor": device.sensor_id,
                    "quantity": factor.quantity,
                    "name": label,
                    "si_unit": what.si_unit,
                    "unit": what.display_unit,
                    "decimals": what.decimals,
                    "origin": device.origin.value,
                    "interval_s": device.interval_s,
                }
            )
    return rows


def default_bookmarks(park: Park, ground_m: float) -> list[Json]:
    """An overview and one view per active area, from the south and above."""
    extent = park.extent
    middle = ((extent.x_min_m + extent.x_max_m) / 2, (extent.y_min_m + extent.y_max_m) / 2)
    rows = [_view("overview", Text(zh="全景", en="Overview"), middle, extent.width_m * 0.42, ground_m)]
    for area in park.areas:
        centre = (area.outline.centroid.x, area.outline.centroid.y)
        size = math.sqrt(area.outline.area)
        rows.append(_view(area.id, area.name, centre, size, ground_m))
    return rows


def _view(key: str, name: Text, centre: tuple[float, float], size_m: float, ground_m: float) -> Json:
    x, y = centre
    position = [x - 0.25 * size_m, y - 1.05 * size_m, ground_m + 0.62 * size_m]
    return {
        "id": key,
        "name": text(name),
        "target": [_round(x), _round(y), _round(ground_m)],
        "position": [_round(value) for value in position],
    }


def _round(value: float) -> float:
    return round(float(value), CENTIMETRE)


def _maybe(value: float | None) -> float | None:
    return None if value is None else _round(value)


def _ring(polygon: Polygon) -> list[list[float]]:
    points = np.asarray(polygon.exterior.coords)[:-1, :2]
    return [[_round(x), _round(y)] for x, y in points]


def _line(line: LineString) -> list[list[float]]:
    return [[_round(x), _round(y)] for x, y in np.asarray(line.coords)[:, :2]]


def _place(place: Any) -> Json:
    return {"x": _round(place.x_m), "y": _round(place.y_m), "z": _round(place.z_m)}


def _area(row: Any) -> Json:
    return {
        "id": row.id,
        "name": text(row.name),
        "ring": _ring(row.outline),
        "stated_ha": row.stated_ha,
        "drawn_ha": round(row.outline.area / 1e4, 4),
        "active": row.active,
    }


def _tank(row: Any) -> Json:
    return {
        "id": row.id,
        "name": text(row.name),
        "x": _round(row.base.x_m),
        "y": _round(row.base.y_m),
        "base": _round(row.base.z_m),
        "radius": row.radius_m,
        "height": row.height_m,
        "substance": row.substance_id,
        "plot": row.plot_id,
    }


def _unit(row: Any) -> Json:
    return {
        "id": row.id,
        "name": text(row.name),
        **_place(row.place),
        "height": row.height_m,
        "kind": row.kind,
        "substances": list(row.substance_ids),
        "plot": row.plot_id,
    }


def _station(row: Any) -> Json:
    return {
        "id": row.id,
        "name": text(row.name),
        "area": row.area_id,
        "x": _round(row.tower.base.x_m),
        "y": _round(row.tower.base.y_m),
        "base": _round(row.tower.base.z_m),
        "platform": row.tower.platform_height_m,
        "parts": list(row.tower.parts),
        "dwell_s": row.dwell_s,
        "camera_url": row.camera_url,
        "weather": {"id": row.weather.id, **_place(row.weather.place), "height": row.weather.height_m},
    }


def _beam(row: Beam, sight: SightRow | None) -> Json:
    return {
        "id": row.id,
        "station": row.station_id,
        "name": text(row.name),
        "a": [_round(value) for value in row.receiver.array()],
        "b": [_round(value) for value in row.emitter.array()],
        "length": _round(row.length_m),
        "azimuth_deg": row.azimuth_deg,
        "elevation_deg": row.elevation_deg,
        "sight": None if sight is None else describe_sight(sight),
    }


def describe_sight(row: SightRow) -> Json:
    """One row of the line-of-sight table."""
    return {
        "clear": row.clear,
        "clearance_m": _round(row.clearance_m),
        "blocker_kind": row.blocker_kind,
        "blocker": row.blocker_id,
        "blocker_at_m": _maybe(row.blocker_at_m),
        "needed_platform_m": _maybe(row.needed_platform_height_m),
    }


def _well(row: Any) -> Json:
    return {
        "id": row.id,
        "name": text(row.name),
        "x": _round(row.collar.x_m),
        "y": _round(row.collar.y_m),
        "ground": _round(row.collar.z_m),
        "depth": row.depth_m,
        "screen": [row.screen_top_m, row.screen_bottom_m],
        "stratum": row.stratum_id,
        "group": row.group_id,
    }


def _borehole(row: Borehole, park: Park) -> Json:
    layers, top = [], row.collar.z_m
    for stratum, thickness in zip(park.strata, row.thickness_m, strict=False):
        if thickness is None:
            break
        layers.append({"stratum": stratum.id, "top_z": _round(top), "bottom_z": _round(top - thickness)})
        top -= thickness
    return {
        "id": row.id,
        "x": _round(row.collar.x_m),
        "y": _round(row.collar.y_m),
        "ground": _round(row.collar.z_m),
        "depth": row.depth_m,
        "layers": layers,
    }


def describe_strata(park: Park, model: StrataModel) -> Json:
    """Layers, and how well their bottoms are known; null where no hole tells.

    ``loo_z_mean`` and ``loo_z_sd`` are those of the leave-one-out errors over their predicted
    standard deviations: 0 and 1 where the uncertainty is told rightly.
    """
    return {
        "layers": [
            {"id": row.id, "name": text(row.name), "colour": row.colour, "aquifer": row.aquifer}
            for row in park.strata
        ],
        "loo_rmse_m": _known(model.loo_rmse_m),
        "loo_z_mean": _known(model.loo_z_mean),
        "loo_z_sd": _known(model.loo_z_sd),
        "sd_mean_m": _known([float(np.mean(sd_m)) for sd_m in model.sd_m]),
        "boreholes": len(park.boreholes),
    }


def _known(values: Iterable[float]) -> list[float | None]:
    return [round(float(value), 3) if math.isfinite(value) else None for value in values]


def sight_by_beam(rows: Sequence[SightRow]) -> dict[str, SightRow]:
    """Rows of the sight table by beam id."""
    return {row.beam_id: row for row in rows}
