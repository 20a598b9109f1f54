"""``water.toml``: model, substances, targets, sources and measures of a park's groundwater. May be absent.

The file is written in the units people use (mg/L, mm/a, days, m3/d); the nouns of it are SI.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field
from shapely.geometry import Polygon

from gis.scene.problems import Problems
from gis.scene.schema import Id, Name, NotNegative, Positive, Strict, WellRow, Words
from twin.core import groundwater as core
from twin.core.text import Text

WATER_FILE = "water.toml"
_DAY_S = 86_400.0
_YEAR_S = 365.25 * _DAY_S
_MG_L = 1e-3  # kg/m3 in 1 mg/L
PointRow = Annotated[list[float], Field(min_length=2, max_length=2)]
Line = Annotated[list[PointRow], Field(min_length=1)]
Share = Annotated[float, Field(gt=0, le=1)]
SubstanceId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.+-]{0,31}$")]


class ModelTable(Strict):
    """``[model]``."""

    outline: Annotated[list[PointRow], Field(min_length=3)] | None = None
    cell_m: Annotated[float, Field(ge=5, le=1000)] = 50.0
    recharge_mm_a: NotNegative = 300.0
    recharge_ln_sd: NotNegative = 0.3
    margin_inflow_m2_d: NotNegative = 0.0
    margin_ln_sd: NotNegative = 0.5
    lnk_ln_sd: NotNegative = 0.7
    lnk_range_m: Positive = 250.0
    stratum_ln_sd: NotNegative = 0.5
    anisotropy: Share = 0.1
    bed_1_d: Positive = 0.1
    bed_ln_sd: NotNegative = 0.7
    stage_depth_m: NotNegative = 0.5
    stage_sd_m: NotNegative = 0.2
    specific_yield: Share = 0.15
    specific_storage_1_m: Positive = 1e-5
    longitudinal_m: NotNegative = 10.0
    transverse_m: NotNegative = 1.0
    vertical_m: NotNegative = 0.1
    bulk_density_kg_m3: Positive = 1700.0
    history_d: Annotated[float, Field(ge=1, le=3650)] = 365.0
    strata: list[Id] = []


class SubstanceRow(Strict):
    """``[[substances]]``: what is followed; the limit is class III of GB/T 14848 unless ``source`` says."""

    id: SubstanceId
    name: Name
    limit_mg_l: Positive
    background_mg_l: NotNegative = 0.0
    kd_l_kg: NotNegative = 0.0
    half_life_d: Positive | None = None
    source: Words


class TargetRow(Strict):
    """``[[targets]]``: a place to protect."""

    id: Id
    name: Name
    kind: Literal["well", "intake", "river", "village", "boundary"]
    line: Line
    radius_m: Positive = 30.0
    depth_m: Positive | None = None
    substances: list[SubstanceId] = []


class SourceRow(Strict):
    """``[[sources]]``: a place where something may get into the ground."""

    id: Id
    name: Name
    kind: Literal["leak", "spill", "tank", "basin", "pipe"]
    x_m: float
    y_m: float
    substance: SubstanceId
    rate_kg_d: Positive
    rate_ln_sd: Positive = 1.0
    radius_m: Positive = 10.0
    depth_m: NotNegative = 2.0
    object: Id | None = None


class MeasureRow(Strict):
    """``[[measures]]``: what is compared with doing nothing."""

    id: Id
    name: Name
    kind: Literal["pump", "inject", "barrier", "source_removal", "reactive_zone"]
    line: list[PointRow] = []
    top_m: NotNegative = 0.0
    bottom_m: Positive = 15.0
    rate_m3_d: NotNegative = 0.0
    conc_mg_l: NotNegative = 0.0
    conductivity_m_s: Positive = 1e-9
    thickness_m: Positive = 0.8
    removal_share: Share = 1.0
    half_life_d: Positive | None = None
    agent: Name | None = None
    source: Id | None = None
    start_d: NotNegative = 0.0
    end_d: Positive | None = None
    cost_cny: NotNegative | None = None


class WaterFile(Strict):
    """``water.toml``."""

    model: ModelTable = ModelTable()
    substances: list[SubstanceRow] = []
    targets: list[TargetRow] = []
    sources: list[SourceRow] = []
    measures: list[MeasureRow] = []
    held_out: list[Id] = []


def check_water(file: WaterFile, wells: Iterable[WellRow], strata: Iterable[str], problems: Problems) -> None:
    """Note every broken rule of the file: names that must exist, lines that must make sense."""
    for table, names in _named(file):
        for name, count in Counter(names).items():
            if count > 1:
                problems.add(WATER_FILE, f"{table}, id", name, "every one only once", "不重复的值")
    substances = {row.id for row in file.substances}
    sources = {row.id for row in file.sources}
    for target in file.targets:
        for name in target.substances:
            _known(problems, f"{target.id}, substances", name, substances, "a substance", "物质")
    for source in file.sources:
        _known(problems, f"{source.id}, substance", source.substance, substances, "a substance", "物质")
    for measure in file.measures:
        _check_measure(measure, sources, problems)
    known_wells = {row.id for row in wells}
    for name in file.held_out:
        _known(problems, "held_out", name, known_wells, "a well", "监测井")
    known_strata = set(strata)
    for name in file.model.strata:
        _known(problems, "model, strata", name, known_strata, "a stratum", "地层")
    _check_outline(file.model.outline, problems)


def groundwater(file: WaterFile) -> core.Groundwater:
    """Nouns of the file, SI."""
    return core.Groundwater(
        model=_model(file.model),
        substances=tuple(_substance(row) for row in file.substances),
        targets=tuple(_target(row) for row in file.targets),
        sources=tuple(_source(row) for row in file.sources),
        measures=tuple(_measure(row) for row in file.measures),
        held_out=tuple(file.held_out),
    )


def _named(file: WaterFile) -> tuple[tuple[str, list[str]], ...]:
    return (
        ("substances", [row.id for row in file.substances]),
        ("targets", [row.id for row in file.targets]),
        ("sources", [row.id for row in file.sources]),
        ("measures", [row.id for row in file.measures]),
    )


def _known(problems: Problems, where: str, value: str, known: Iterable[str], what: str, what_zh: str) -> None:
    names = sorted(known)
    if value not in names:
        shown = ", ".join(names[:12]) or "none"
        problems.add(WATER_FILE, where, value, f"the id of {what} ({shown})", f"{what_zh}的编号（{shown}）")


# How many points a measure needs: wells one or more, walls and zones two ends, a source none.
_POINTS = {"pump": 1, "inject": 1, "barrier": 2, "reactive_zone": 2, "source_removal": 0}


def _check_measure(row: MeasureRow, sources: set[str], problems: Problems) -> None:
    needed = _POINTS[row.kind]
    if len(row.line) < needed:
        where = f"{row.id}, line"
        problems.add(WATER_FILE, where, row.line, f"at least {needed} points", f"至少 {needed} 个点")
    if row.bottom_m <= row.top_m:
        expected = f"more than top_m, {row.top_m:g}"
        problems.add(
            WATER_FILE, f"{row.id}, bottom_m", row.bottom_m, expected, f"大于 top_m（{row.top_m:g}）"
        )
    if row.kind in ("pump", "inject") and row.rate_m3_d == 0.0:
        problems.add(WATER_FILE, f"{row.id}, rate_m3_d", row.rate_m3_d, "more than 0", "大于 0")
    if row.kind == "reactive_zone" and row.half_life_d is None:
        problems.add(WATER_FILE, f"{row.id}, half_life_d", None, "a half-life", "半衰期")
    if row.kind == "source_removal":
        _known(problems, f"{row.id}, source", row.source or "", sources, "a source", "污染源")


def _check_outline(outline: list[list[float]] | None, problems: Problems) -> None:
    if outline is not None and not Polygon(outline).is_valid:
        problems.add(
            WATER_FILE, "model, outline", outline, "a polygon that does not cross itself", "不自交的多边形"
        )


def _text(name: Name) -> Text:
    return Text(zh=name.zh, en=name.en)


def _points(rows: list[list[float]]) -> tuple[core.Point, ...]:
    return tuple((row[0], row[1]) for row in rows)


def _model(row: ModelTable) -> core.GroundwaterModel:
    same = row.model_dump(
        exclude={"outline", "recharge_mm_a", "margin_inflow_m2_d", "bed_1_d", "history_d", "strata"}
    )
    return core.GroundwaterModel(
        **same,
        outline=() if row.outline is None else _points(row.outline),
        recharge_m_s=row.recharge_mm_a / 1000.0 / _YEAR_S,
        margin_inflow_m2_s=row.margin_inflow_m2_d / _DAY_S,
        bed_1_s=row.bed_1_d / _DAY_S,
        history_s=row.history_d * _DAY_S,
        strata=tuple(row.strata),
    )


def _substance(row: SubstanceRow) -> core.WaterSubstance:
    return core.WaterSubstance(
        id=row.id,
        name=_text(row.name),
        limit_kg_m3=row.limit_mg_l * _MG_L,
        source=row.source,
        background_kg_m3=row.background_mg_l * _MG_L,
        kd_m3_kg=row.kd_l_kg * 1e-3,
        half_life_s=None if row.half_life_d is None else row.half_life_d * _DAY_S,
    )


def _target(row: TargetRow) -> core.GroundwaterTarget:
    return core.GroundwaterTarget(
        id=row.id,
        name=_text(row.name),
        kind=core.TargetKind(row.kind),
        line=_points(row.line),
        radius_m=row.radius_m,
        depth_m=row.depth_m,
        substance_ids=tuple(row.substances),
    )


def _source(row: SourceRow) -> core.GroundwaterSource:
    return core.GroundwaterSource(
        id=row.id,
        name=_text(row.name),
        kind=core.SourceKind(row.kind),
        x_m=row.x_m,
        y_m=row.y_m,
        substance_id=row.substance,
        rate_kg_s=row.rate_kg_d / _DAY_S,
        rate_ln_sd=row.rate_ln_sd,
        radius_m=row.radius_m,
        depth_m=row.depth_m,
        object_id=row.object or "",
    )


def _measure(row: MeasureRow) -> core.GroundwaterMeasure:
    return core.GroundwaterMeasure(
        id=row.id,
        name=_text(row.name),
        kind=core.MeasureKind(row.kind),
        line=_points(row.line),
        top_m=row.top_m,
        bottom_m=row.bottom_m,
        rate_m3_s=row.rate_m3_d / _DAY_S,
        conc_kg_m3=row.conc_mg_l * _MG_L,
        conductivity_m_s=row.conductivity_m_s,
        thickness_m=row.thickness_m,
        removal_share=row.removal_share,
        half_life_s=None if row.half_life_d is None else row.half_life_d * _DAY_S,
        agent=None if row.agent is None else _text(row.agent),
        source_id=row.source or "",
        start_s=row.start_d * _DAY_S,
        end_s=None if row.end_d is None else row.end_d * _DAY_S,
        cost_cny=row.cost_cny,
    )
