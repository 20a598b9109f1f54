"""Rows of a scene's CSV files and of the layers of ``park.gpkg``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from gis.scene.schema import Id, NotNegative, Positive, Strict, Words


class ChemicalRow(Strict):
    """Row of ``chemicals.csv``."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,15}$")]
    name_zh: Words
    name_en: Words
    formula: Words
    cas: Annotated[str, Field(pattern=r"^[0-9]{2,7}-[0-9]{2}-[0-9]$")]
    molar_mass_kg_mol: Annotated[float, Field(gt=0.001, lt=2)]


class ThresholdRow(Strict):
    """Row of ``thresholds.csv``. ppm is at 25 degC and 101325 Pa."""

    substance_id: Id
    level: Annotated[int, Field(ge=1, le=9)]
    name_zh: Words
    name_en: Words
    value: Positive
    unit: Literal["ppm", "mg/m3", "kg/m3"]
    source: Words


class BoreholeRow(Strict):
    """Fixed columns of ``boreholes.csv``; one more column per stratum holds its thickness."""

    id: Id
    x_m: float
    y_m: float
    collar_m: float | None = None
    depth_m: Positive


class NamedRow(Strict):
    """What every feature of ``park.gpkg`` has."""

    id: Id
    name_zh: Words
    name_en: Words


class AreaRow(NamedRow):
    """Layer ``areas`` (polygon). ``stated_ha`` as the documents say."""

    stated_ha: Positive
    active: bool = True


class PlotRow(NamedRow):
    """Layer ``plots`` (polygon). ``pad_m``: level that the demonstration terrain is graded to."""

    area_id: str = ""
    pad_m: float | None = None


class BuildingRow(NamedRow):
    """Layer ``buildings`` (polygon). ``base_m`` absent: taken from the terrain."""

    height_m: Annotated[float, Field(gt=0, le=400)]
    kind: Words
    plot_id: str = ""
    base_m: float | None = None


class TankRow(NamedRow):
    """Layer ``tanks`` (point)."""

    radius_m: Annotated[float, Field(gt=0, le=100)]
    height_m: Annotated[float, Field(gt=0, le=100)]
    substance_id: Id
    plot_id: Id
    base_m: float | None = None


class UnitRow(NamedRow):
    """Layer ``units`` (point). ``height_m``: the opening above ground; substances by commas."""

    kind: Words
    height_m: NotNegative
    substance_ids: Words
    plot_id: Id


class RoadRow(NamedRow):
    """Layer ``roads`` (line)."""

    width_m: Annotated[float, Field(gt=0, le=100)]
    kind: Words


class WaterRow(NamedRow):
    """Layer ``waters`` (line)."""

    width_m: Annotated[float, Field(gt=0, le=2000)]


class SettlementRow(NamedRow):
    """Layer ``settlements`` (point). ``people`` is an assumption of the scene."""

    people: Annotated[int, Field(ge=0)]
