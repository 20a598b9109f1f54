"""Which option is worth it, and why, in words: doing nothing is an answer, too."""

from __future__ import annotations

from collections.abc import Sequence

from models.water.measures.comparison import Option
from models.water.now import Band
from twin.core.text import Text

ALIKE = 0.10  # plumes that differ by less than this count as equal
WORTH = 0.25  # share of the area that an option must save where it saves no target

_RULE = Text(
    zh="规则：减少受威胁目标，或目标数不变而超限面积至少缩小 25 % 的措施才推荐；先比较目标数，"
    "再比较面积（相差 10 % 以内视为相当），最后比较费用。",
    en="Rule: an option is worth it where it saves a target, or as many are in danger and the area shrinks "
    "by 25 % at least; then fewest targets, then area (within 10 % counts as equal), then cost.",
)


def verdict(options: Sequence[Option], members: int) -> tuple[str, Text]:
    """Id of the best option and why it is; ``options`` begin with doing nothing.

    An option helps where it ends with fewer targets in danger than doing nothing, or with as many and a
    median area smaller by ``WORTH``. None helps: doing nothing is best. Of those that help: fewest targets,
    of these the areas within ``ALIKE`` of the smallest, of these the lowest median cost (unknown last). What
    did not converge is never proposed.
    """
    nothing, *rest = options
    usable = [row for row in rest if row.converged and _helps(row, nothing)]
    if not usable:
        return nothing.id, _why_not(nothing, rest, members)
    fewest = min(_danger(row) for row in usable)
    safe = [row for row in usable if _danger(row) == fewest]
    smallest = min(_area(row) for row in safe)
    alike = [row for row in safe if _area(row) <= smallest * (1.0 + ALIKE)]
    best = min(alike, key=lambda row: float("inf") if row.cost_cny is None else row.cost_cny.median)
    return best.id, _why(best, nothing, members)


def money(price: Band | None) -> Text:
    """Median cost with three digits: in ten thousand yuan, and in yuan or millions of them."""
    if price is None:
        return Text(zh="费用未知", en="cost unknown")
    value = float(f"{price.median:.3g}")
    zh = f"{value / 1e4:,.0f}" if value >= 1e6 else f"{value / 1e4:g}"
    en = f"{value / 1e6:g} million CNY" if value >= 1e6 else f"{value:,.0f} CNY"
    return Text(zh=f"费用约 {zh} 万元", en=f"about {en}")


def targets_en(count: int) -> str:
    """So many targets, in English."""
    return f"{count} target" if count == 1 else f"{count} targets"


def _helps(row: Option, nothing: Option) -> bool:
    fewer = _danger(row) < _danger(nothing)
    smaller = _area(row) <= (1.0 - WORTH) * _area(nothing) and _area(nothing) > 0.0
    return fewer or (_danger(row) == _danger(nothing) and smaller)


def _danger(row: Option) -> int:
    return len(row.leads[-1].risk_targets)


def _area(row: Option) -> float:
    return row.leads[-1].area_m2.median


def _shrinks(row: Option, nothing: Option) -> float:
    """Percent by which the area is smaller; negative: larger."""
    return 0.0 if _area(nothing) <= 0.0 else 100.0 * (1.0 - _area(row) / _area(nothing))


def _area_words(percent: float) -> Text:
    if abs(percent) < 0.5:
        return Text(zh="超限面积不变", en="area above the limit unchanged")
    much = f"{abs(percent):.0f} %"
    if percent > 0.0:
        return Text(zh=f"超限面积减少 {much}", en=f"area above the limit {much} smaller")
    return Text(zh=f"超限面积增加 {much}", en=f"area above the limit {much} larger")


def _why(best: Option, nothing: Option, members: int) -> Text:
    days = best.leads[-1].lead_s / 86_400.0
    left, before = _danger(best), _danger(nothing)
    area, cost = _area_words(_shrinks(best, nothing)), money(best.cost_cny)
    if left < before:
        risk = Text(
            zh=f"受威胁目标由 {before} 个减至 {left} 个",
            en=f"{targets_en(left)} in danger, doing nothing {before}",
        )
    elif before == 0:
        risk = Text(zh="本无目标受威胁", en="no target is in danger in any case")
    else:
        risk = Text(
            zh=f"不能减少受威胁目标（仍为 {before} 个）",
            en=f"saves no target, {targets_en(before)} in danger as with nothing done",
        )
    return Text(
        zh=f"推荐“{best.name.zh}”：{days:.0f} d 时{risk.zh}，{area.zh}，{cost.zh}。"
        f"依据 {members} 个集合成员。{_RULE.zh}",
        en=f"{best.name.en}: after {days:.0f} d {risk.en}; {area.en}; {cost.en}. "
        f"By {_members_en(members)} of the ensemble. {_RULE.en}",
    )


def _why_not(nothing: Option, rest: Sequence[Option], members: int) -> Text:
    days = nothing.leads[-1].lead_s / 86_400.0
    before = _danger(nothing)
    none = Text(
        zh=f"建议暂不采取比选措施：{days:.0f} d 时没有措施能减少受威胁目标（{before} 个）"
        "或使超限面积缩小 25 % 以上",
        en=f"None of the measures is worth it: after {days:.0f} d none saves a target "
        f"({before} in danger) or shrinks the area above the limit by 25 %",
    )
    if rest:
        most = max(rest, key=lambda row: _shrinks(row, nothing))
        area, cost = _area_words(_shrinks(most, nothing)), money(most.cost_cny)
        none = Text(
            zh=f"{none.zh}；效果最大的“{most.name.zh}”：{area.zh}，{cost.zh}",
            en=f"{none.en}; the most of them, {most.name.en}: {area.en}, {cost.en}",
        )
    return Text(
        zh=f"{none.zh}。依据 {members} 个集合成员。{_RULE.zh}",
        en=f"{none.en}. By {_members_en(members)} of the ensemble. {_RULE.en}",
    )


def _members_en(count: int) -> str:
    return f"{count} member" if count == 1 else f"{count} members"
