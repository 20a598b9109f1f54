"""From forecast to judgement: risk of a target and of a plume, the response it asks for, and why.

The rule is the product's own, in the order of the table below; people may overrule it. It asks three things:
how likely class III (or another limit) is exceeded within the horizon, how soon, and by how much.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from models.contaminants.standard import Class, Indicator, class_of
from models.water.refusal import refused
from twin.core.groundwater import TargetKind
from twin.core.text import Text

DAY_S = 86_400.0
LIKELY = 0.5
POSSIBLE = 0.25
HARDLY = 0.05
SOON_S = 30.0 * DAY_S
WITHIN_SEASON_S = 90.0 * DAY_S
# Water that people drink is judged one level more severely.
_DRUNK = frozenset({TargetKind.INTAKE, TargetKind.WELL, TargetKind.VILLAGE})


class Level(IntEnum):
    """Level of risk, the least first."""

    NONE = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3


_RESPONSE = {Level.NONE: None, Level.LOW: "III", Level.MEDIUM: "II", Level.HIGH: "I"}
_NAME = {
    Level.NONE: Text(zh="无", en="none"),
    Level.LOW: Text(zh="低", en="low"),
    Level.MEDIUM: Text(zh="中", en="medium"),
    Level.HIGH: Text(zh="高", en="high"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Threat:
    """What a forecast says of one target and one substance.

    ``probability`` that the limit is exceeded within the horizon; ``arrival_s`` 2.5 %, median and 97.5 % of
    the time until then from now, None: not within the horizon; ``peak_kg_m3`` likewise of the largest
    concentration. ``now_kg_m3`` of a reading, None: none.
    """

    kind: TargetKind
    limit_kg_m3: float
    probability: float
    arrival_s: tuple[float, float, float] | None
    peak_kg_m3: tuple[float, float, float]
    now_kg_m3: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """Level, response (I the most severe; None: none) and the reasons, each a sentence.

    ``hazard_ratio``: median of the peak over the limit (hazard quotient).
    """

    level: Level
    response: str | None
    hazard_ratio: float
    reasons: tuple[Text, ...]

    @property
    def name(self) -> Text:
        """The level in words."""
        return _NAME[self.level]

    @property
    def wire(self) -> str:
        """The level as the stream says it: none, low, medium, high."""
        return _NAME[self.level].en


def judge_target(threat: Threat) -> Judgement:
    """Risk of a target.

    ============================================================================== ======
    the limit is exceeded now, or probably (>= 50 %) and within 30 days             high
    probably, with a median peak above ten times the limit                          high
    probably, later; or possibly (>= 25 %) and within 90 days                       medium
    possibly, later; or with at least 5 %                                           low
    else                                                                            none
    ============================================================================== ======

    Water that people drink (wells, intakes, villages) is judged one level higher from low on.
    Raises BadRequestError for a limit that is not positive or a probability outside 0 to 1.
    """
    if not threat.limit_kg_m3 > 0.0:
        raise refused(threat.limit_kg_m3, "limit_kg_m3", "more than zero", "大于零")
    if not 0.0 <= threat.probability <= 1.0:
        raise refused(threat.probability, "probability", "0 to 1", "0 至 1")
    hazard = threat.peak_kg_m3[1] / threat.limit_kg_m3
    level, why = _base(threat, hazard)
    reasons = [why]
    if threat.kind in _DRUNK and Level.NONE < level < Level.HIGH:
        level = Level(level + 1)
        reasons.append(Text(zh="目标为饮用水，风险上调一级", en="people drink it: judged one level higher"))
    return Judgement(level=level, response=_RESPONSE[level], hazard_ratio=hazard, reasons=tuple(reasons))


def judge_plume(found: Indicator | None, max_kg_m3: float, limit_kg_m3: float) -> Judgement:
    """Risk of a plume by itself, by the class of its largest concentration.

    Class IV is low, class V medium, class V by more than ten times the limit high. Without an indicator of
    GB/T 14848-2017: above ``limit_kg_m3`` low, above ten times it medium, above a hundred times it high.
    """
    if not limit_kg_m3 > 0.0:
        raise refused(limit_kg_m3, "limit_kg_m3", "more than zero", "大于零")
    hazard = max_kg_m3 / limit_kg_m3
    if found is not None:
        klass = class_of(found, max_kg_m3)
        level = {Class.IV: Level.LOW, Class.V: Level.MEDIUM}.get(klass, Level.NONE)
        if klass is Class.V and hazard > 10.0:
            level = Level.HIGH
        why = Text(
            zh=f"最大浓度为Ⅲ类限值的 {hazard:.3g} 倍，属 {klass.name} 类",
            en=f"largest concentration {hazard:.3g} times the limit of class III: class {klass.name}",
        )
    else:
        level = Level(sum(hazard > bound for bound in (1.0, 10.0, 100.0)))
        why = Text(zh=f"最大浓度为限值的 {hazard:.3g} 倍", en=f"largest concentration {hazard:.3g} limits")
    return Judgement(level=level, response=_RESPONSE[level], hazard_ratio=hazard, reasons=(why,))


def worst(judgements: Sequence[Judgement]) -> Judgement | None:
    """The most severe of several; the first among equals; None of none."""
    return max(judgements, key=lambda row: row.level, default=None)


def _base(threat: Threat, hazard: float) -> tuple[Level, Text]:
    if threat.now_kg_m3 is not None and threat.now_kg_m3 > threat.limit_kg_m3:
        times = threat.now_kg_m3 / threat.limit_kg_m3
        return Level.HIGH, Text(
            zh=f"实测已超限，为限值的 {times:.3g} 倍", en=f"measured above the limit now, {times:.3g} times"
        )
    soon_s = float("inf") if threat.arrival_s is None else threat.arrival_s[1]
    when = _when(threat)
    share = 100.0 * threat.probability
    likely, possible = threat.probability >= LIKELY, threat.probability >= POSSIBLE
    if likely and (soon_s <= SOON_S or hazard > 10.0):
        level = Level.HIGH
    elif likely or (possible and soon_s <= WITHIN_SEASON_S):
        level = Level.MEDIUM
    elif threat.probability >= HARDLY:
        level = Level.LOW
    else:
        level = Level.NONE
    return level, Text(
        zh=f"预测期内超限概率 {share:.0f} %{when.zh}，峰值中位数为限值的 {hazard:.3g} 倍",
        en=f"{share:.0f} % likely above the limit in the horizon{when.en}, median peak {hazard:.3g} limits",
    )


def _when(threat: Threat) -> Text:
    if threat.arrival_s is None:
        return Text(zh="，未预计到达", en=", no arrival foreseen")
    low, median, high = (value / DAY_S for value in threat.arrival_s)
    return Text(
        zh=f"，到达时间中位数 {median:.0f} d（95 % 区间 {low:.0f} 至 {high:.0f} d）",
        en=f", arriving after {median:.0f} d in the median (95 %: {low:.0f} to {high:.0f} d)",
    )
