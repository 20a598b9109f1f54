"""What a report says, in order: headings, paragraphs, tables and a map, the same for Word and PDF."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from models.contaminants.classes import Classified, Reading, classify
from models.contaminants.library import library
from models.contaminants.standard import Class, Indicator, indicator
from models.contaminants.warning import Warn, warn
from twin.core.errors import NotFoundError
from twin.core.origin import Origin
from twin.core.text import Text
from twin.stage.water.report_facts import RiskReport, Sample, WellRow
from twin.stage.water.report_map import detail_extent, map_png
from twin.stage.water.report_words import (
    CLASSES,
    KINDS,
    ORIGINS,
    RISKS,
    age,
    band,
    both,
    days,
    mg_l,
    moment,
    number,
    package,
    yuan,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A numbered heading."""

    text: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """A paragraph; ``small`` for what qualifies."""

    text: str
    small: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table; ``widths`` shares of the page, ``marked`` rows stand out."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[int, ...]
    marked: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A PNG with its caption."""

    png: bytes
    caption: str


Block = Heading | Paragraph | Table | Picture


def blocks_of(report: RiskReport) -> tuple[Block, ...]:
    """All parts of a report in order. Raises BadRequestError for a sample that cannot be judged."""
    judged = [(row, classify(_readings(row))) for row in report.wells]
    parts: list[Block] = []
    parts += _situation(report, judged)
    parts += _wells(report, judged)
    parts += _plume(report)
    parts += _targets(report)
    parts += _budget(report)
    parts += _measures(report)
    parts += _plans(report)
    parts += _method(report)
    parts += _validity(report, judged)
    return tuple(parts)


def stamp(report: RiskReport) -> str:
    """What stands on every page."""
    origin = ORIGINS[report.origin]
    return f"数据来源 Origin：{origin.zh} {origin.en}　{moment(report.time_ms)}　{report.solver}"


def title(report: RiskReport) -> Text:
    """Title of the document."""
    return Text(
        zh=f"{report.park.zh}地下水污染风险评估报告",
        en=f"Groundwater risk assessment report, {report.park.en}",
    )


def _readings(row: WellRow) -> dict[str, Reading]:
    return {one.indicator: Reading(value=one.value, detected=one.detected) for one in row.samples}


def _situation(report: RiskReport, judged: Sequence[tuple[WellRow, Classified]]) -> list[Block]:
    parts: list[Block] = [Heading(text=Text(zh="情况概述", en="Situation"))]
    parts += [Paragraph(text=f"{row.zh}\n{row.en}") for row in report.situation]
    known = [found for _, found in judged if found.klass is not None]
    beyond = [found for found in known if found.klass is not None and found.klass > Class.III]
    threatened = [row for row in report.targets if row.risk != "none"]
    highest = max((row.risk for row in report.targets), key=list(RISKS).index, default="none")
    parts.append(
        Paragraph(
            text=f"截至 {moment(report.time_ms)}，监测井 {len(report.wells)} 口，"
            f"其中 {len(known)} 口可判定类别，{len(beyond)} 口劣于Ⅲ类；"
            f"敏感目标 {len(report.targets)} 项，受威胁 {len(threatened)} 项，"
            f"最高风险等级：{RISKS[highest].zh}。\n"
            f"{len(report.wells)} wells, {len(known)} classed, {len(beyond)} worse than class III; "
            f"{len(report.targets)} targets, {len(threatened)} at risk, highest level {RISKS[highest].en}."
        )
    )
    return parts


def _wells(report: RiskReport, judged: Sequence[tuple[WellRow, Classified]]) -> list[Block]:
    parts: list[Block] = [
        Heading(text=Text(zh="监测井与水质类别（GB/T 14848-2017）", en="Wells and classes of water quality"))
    ]
    if not judged:
        return [*parts, Paragraph(text="无监测井数据。 No wells.")]
    rows: list[tuple[str, ...]] = []
    marked: list[int] = []
    for well, found in judged:
        if found.klass is not None and found.klass > Class.III:
            marked.append(len(rows))
        rows.append(
            (
                well.id,
                _level(well),
                _level_model(well),
                "—" if found.klass is None else CLASSES[found.klass],
                "、".join(_named(found)) or "—",
                _worst_value(well, found),
                _read_when(well, report.time_ms),
                _warning(found).colour.zh if found.rows else "—",
            )
        )
    parts.append(
        Table(
            head=(
                "监测井\nWell",
                "实测水位\nLevel (m)",
                "模型水位\nModelled (m)",
                "类别\nClass",
                "定类指标\nDecided by",
                "数值与Ⅲ类限值之比\nValue, ratio to III",
                "时效、来源\nAge, origin",
                "预警\nWarning",
            ),
            rows=tuple(rows),
            widths=(9, 11, 19, 8, 13, 17, 13, 10),
            marked=tuple(marked),
        )
    )
    parts.append(
        Paragraph(
            text="类别取单项最差；两类限值相同时取优；未检出按检出限一半计。"
            "预警阈值除标准限值外为本系统默认值。 "
            "The worst indicator decides; equal limits count as the better class; what was not detected "
            "counts half its limit. Thresholds of warnings other than limits of the standard are defaults.",
            small=True,
        )
    )
    old = [(well, one) for well, _ in judged for one in well.stale]
    if old:
        names = "；".join(
            f"{well.id} {_indicator_name(one)} {age(one.time_ms, report.time_ms)}" for well, one in old
        )
        parts.append(
            Paragraph(
                text=f"陈旧或质量不佳、未参与判定的读数：{names}。 Readings too old or not good, not judged.",
                small=True,
            )
        )
    return parts


def _level(well: WellRow) -> str:
    return "—" if well.level_m is None else f"{well.level_m:.2f}"


def _level_model(well: WellRow) -> str:
    row = well.modelled_m
    return "—" if row is None else f"{row.median:.2f} ({row.low:.2f} – {row.high:.2f})"


def _read_when(well: WellRow, at_ms: int) -> str:
    """Age of the oldest reading that was judged, and their origins."""
    if not well.samples:
        return "—"
    times = [one.time_ms for one in well.samples if one.time_ms is not None]
    origins = dict.fromkeys(ORIGINS[one.origin].zh for one in well.samples)
    return f"{age(min(times, default=None), at_ms)} {'、'.join(origins)}"


def _indicator_name(one: Sample) -> str:
    try:
        return indicator(one.indicator).name.zh
    except NotFoundError:
        return one.indicator


def _named(found: Classified) -> list[str]:
    names = {row.indicator.id: row.indicator.name.zh for row in found.rows}
    return [names[name] for name in found.decided_by[:3]]


def _worst_value(well: WellRow, found: Classified) -> str:
    worst = [row for row in found.rows if row.indicator.id in found.decided_by]
    if not worst:
        return "—"
    row = max(worst, key=lambda one: one.ratio or 0.0)
    shown = _shown(row.indicator, row.reading.value)
    text = shown if row.reading.detected else f"<{shown}"
    origins = {one.origin for one in well.samples}
    mark = "" if origins <= {Origin.MEASURED} else f"（{ORIGINS[max(origins, key=list(ORIGINS).index)].zh}）"
    return f"{text}{mark}" if row.ratio is None else f"{text}{mark}，{row.ratio:.3g} 倍"


def _shown(row: Indicator, value: float) -> str:
    return f"{mg_l(value)} mg/L" if row.is_mass else f"{number(value)} {row.unit}".strip()


def _warning(found: Classified) -> Warn:
    levels = [warn(row.indicator.number, row.reading).level for row in found.rows]
    return max(levels, default=Warn.NONE)


def _plume(report: RiskReport) -> list[Block]:
    parts: list[Block] = [Heading(text=Text(zh="污染羽与前缘", en="Plume and its front"))]
    png = map_png(report)
    if png is not None:
        parts.append(
            Picture(
                png=png,
                caption="图 1　污染羽平面图：深色为确定在内（97.5 %），浅色为可能在内（2.5 %），"
                "红线为当前前缘中位，紫线为预测前缘；圆为监测井，三角为敏感目标，蓝线为流线。 "
                "Plume in plan: dark surely inside, light possibly inside, red the front now, purple ahead; "
                "circles wells, triangles targets, blue flow lines.",
            )
        )
    if not report.fronts:
        return [*parts, Paragraph(text="未圈出超限范围。 No area above a limit.")]
    near = detail_extent(report)
    close = None if near is None else map_png(report, near)
    if close is not None:
        parts.append(
            Picture(png=close, caption="图 2　最大污染羽局部，图例同图 1。 The widest plume, drawn as above.")
        )
    parts.append(
        Table(
            head=(
                "物质\nSubstance",
                "时刻\nLead (d)",
                "限值\nLimit (mg/L)",
                "面积（95 % 区间）\nArea (m²)",
                "最远距离（95 % 区间）\nReach (m)",
            ),
            rows=tuple(
                (
                    row.substance.zh,
                    days(row.lead_s),
                    f"{mg_l(row.limit_kg_m3)} ({row.limit_name})",
                    band(row.area_m2),
                    band(row.reach_m),
                )
                for row in report.fronts
            ),
            widths=(16, 11, 21, 28, 24),
        )
    )
    return parts


def _targets(report: RiskReport) -> list[Block]:
    parts: list[Block] = [Heading(text=Text(zh="敏感目标与到达时间", en="Targets and times of arrival"))]
    if not report.targets:
        return [*parts, Paragraph(text="未登记敏感目标。 No targets.")]
    order = list(RISKS)
    rows = sorted(report.targets, key=lambda row: (-order.index(row.risk), row.id))
    parts.append(
        Table(
            head=(
                "目标\nTarget",
                "物质\nSubstance",
                "一年内超限\nP (%)",
                "到达（95 % 区间）\nArrival (d)",
                "峰值（95 % 区间）\nPeak (mg/L)",
                "风险\nRisk",
                "响应\nGrade",
            ),
            rows=tuple(
                (
                    f"{row.name.zh}（{row.id}，{KINDS[row.kind].zh if row.kind in KINDS else row.kind}）",
                    row.substance.zh,
                    f"{100 * row.probability_365d:.0f}",
                    "—"
                    if row.arrival_s is None
                    else _arrival(row.arrival_s.low, row.arrival_s.median, row.arrival_s.high),
                    band(row.peak_kg_m3, 1e3),
                    both(RISKS[row.risk]),
                    row.response or "—",
                )
                for row in rows
            ),
            widths=(20, 12, 11, 18, 20, 10, 9),
            marked=tuple(at for at, row in enumerate(rows) if row.risk == "high"),
        )
    )
    told = [(row, reason) for row in rows for reason in row.reasons if row.risk != "none"]
    parts += [
        Paragraph(text=f"{row.name.zh}：{why.zh}。 {row.id}: {why.en}.", small=True) for row, why in told
    ]
    return parts


def _arrival(low_s: float, median_s: float, high_s: float) -> str:
    return f"{days(median_s)} ({days(low_s)} – {days(high_s)})"


def _budget(report: RiskReport) -> list[Block]:
    parts: list[Block] = [Heading(text=Text(zh="水量与质量平衡", en="Budget of water and mass"))]
    if report.water:
        parts.append(
            Table(
                head=("项 Term", "流入 In (m³/d)", "流出 Out (m³/d)"),
                rows=tuple(
                    (package(row.name), number(86_400.0 * row.in_value), number(86_400.0 * row.out_value))
                    for row in report.water
                ),
                widths=(40, 30, 30),
            )
        )
    rows = [
        (name, package(row.name), number(row.in_value), number(row.out_value))
        for name, lines in report.mass.items()
        for row in lines
    ]
    if rows:
        parts.append(
            Table(
                head=("物质\nSubstance", "项 Term", "进入 In (kg)", "离开 Out (kg)"),
                rows=tuple(rows),
                widths=(28, 28, 22, 22),
            )
        )
    for name, row in report.mass_now_kg.items():
        parts.append(Paragraph(text=f"{name}：含水层中现存 {band(row)} kg。 In the ground now, kg."))
    if len(parts) == 1:
        parts.append(Paragraph(text="未提供。 Not given."))
    return parts


def _measures(report: RiskReport) -> list[Block]:
    parts: list[Block] = [Heading(text=Text(zh="措施比较", en="Measures compared"))]
    if not report.compared:
        return [*parts, Paragraph(text="未比较措施。 No measures were compared.")]
    lead = days(report.compared[0].lead_s)
    parts.append(
        Table(
            head=(
                "措施\nMeasure",
                f"{lead} d 后面积\nArea (m²)",
                f"{lead} d 后质量\nMass (kg)",
                "最大浓度\nMax (mg/L)",
                "受威胁目标\nTargets",
                "费用（万元）\nCost",
                "药剂与用量\nAgent",
            ),
            rows=tuple(
                (
                    row.name.zh,
                    band(row.area_m2),
                    band(row.mass_kg),
                    band(row.max_kg_m3, 1e3),
                    str(row.risk_target_count),
                    yuan(row.cost_cny),
                    "—" if row.agent is None else f"{row.agent.zh} {row.amount}".strip(),
                )
                for row in report.compared
            ),
            widths=(16, 15, 15, 14, 9, 15, 16),
            marked=tuple(at for at, row in enumerate(report.compared) if row.id == report.best),
        )
    )
    if report.why is not None:
        parts.append(Paragraph(text=f"{report.why.zh}\n{report.why.en}"))
    parts.append(
        Paragraph(
            text="费用按规划单价区间估算，非报价。 Costs are ranges for planning, not offers.", small=True
        )
    )
    return parts


def _plans(report: RiskReport) -> list[Block]:
    if not report.plans:
        return []
    parts: list[Block] = [Heading(text=Text(zh="处置方案建议", en="Handling plans proposed"))]
    for at, row in enumerate(report.plans, start=1):
        agent = "" if row.agent is None else f"药剂：{row.agent.zh}（{row.agent.en}）"
        amount = "" if row.dose is None else f"；用量：{row.dose.zh}（{row.dose.en}）"
        parts.append(
            Paragraph(text=f"方案 {at}　{row.name.zh}（{row.name.en}）：{row.why.zh}（{row.why.en}）。")
        )
        if agent:
            parts.append(Paragraph(text=f"{agent}{amount}。反应 Reaction：{row.reaction}"))
        steps = "　".join(f"{n}. {step.zh}；" for n, step in enumerate(row.steps, start=1))
        parts.append(Paragraph(text=steps))
        parts.append(Paragraph(text="依据 Sources：" + "；".join(row.sources), small=True))
    return parts


def _method(report: RiskReport) -> list[Block]:
    parts: list[Block] = [Heading(text=Text(zh="方法", en="Method"))]
    parts.append(
        Paragraph(
            text=f"求解器 {report.solver}，集合成员 {report.members} 个。前缘为各成员合成概率的 "
            "2.5 %、50 %、97.5 % 等值线；到达时间与峰值为各成员分布；"
            "风险等级与响应由概率与到达时间按规则判定。 "
            f"Solver {report.solver}, {report.members} members. Fronts are contours of the probability over "
            "all members; arrivals and peaks are distributions over members; levels follow the rule of the "
            "handbook."
        )
    )
    parts += [Paragraph(text=f"{row.zh}\n{row.en}") for row in report.method]
    return parts


def _validity(report: RiskReport, judged: Sequence[tuple[WellRow, Classified]]) -> list[Block]:
    parts: list[Block] = [Heading(text=Text(zh="有效范围与不足", en="Validity and shortfalls"))]
    origin = ORIGINS[report.origin]
    parts.append(Paragraph(text=f"本报告数据来源为{origin.zh}。 All figures here are {origin.en}."))
    if report.origin in (Origin.SIMULATED, Origin.EXERCISE):
        parts.append(
            Paragraph(
                text="不得作为真实事件的依据。 Not to be used as evidence of a real event.", small=False
            )
        )
    left = sorted({name for _, found in judged for name in found.not_judged})
    if left:
        parts.append(
            Paragraph(text=f"标准未列、未判定：{'、'.join(left)}。 Not in the standard, not judged.")
        )
    notes = {note.zh: note.en for _, found in judged for note in found.notes}
    parts += [Paragraph(text=f"{zh}。 {en}.") for zh, en in notes.items()]
    if report.plans:
        numbers = [one for row in library() for one in row.all_numbers]
        loose = sum(not one.verified for one in numbers)
        parts.append(
            Paragraph(
                text=f"污染物库 {len(numbers)} 个数值中 {loose} 个未经两处独立来源核实，方案用量据此估算。 "
                f"{loose} of the library's {len(numbers)} numbers are not verified by two independent "
                "sources; amounts of plans rest on them."
            )
        )
    parts += [Paragraph(text=f"· {note}", small=True) for note in report.notes]
    if not report.notes:
        parts.append(
            Paragraph(text="求解器未报告越界。 The solver reported nothing beyond its limits.", small=True)
        )
    return parts
