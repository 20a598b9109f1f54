"""From forecast to judgement: risk of a target and of a plume, the response it asks for, and why.

Levels and responses of targets follow the one rule of ``models.water.arrival``; here a reading AT the target
that is above the limit now overrules it, the hazard quotient stands beside it, and the reasons are told in
words. A reading at an observation well speaks by the colour of its warning (``of_warning``): blue low and no
response, yellow medium and III, orange high and II, red high and I, so that a level always means the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType

from models.contaminants.standard import Class, Indicator, class_of
from models.contaminants.warning import Warn
from models.water.arrival import risk_of
from models.water.now import Band, Response, Risk
from models.water.refusal import refused
from twin.core.groundwater import TargetKind
from twin.core.text import Text

DAY_S = 86_400.0
_DRUNK = frozenset({TargetKind.INTAKE, TargetKind.WELL, TargetKind.VILLAGE})


class Level(IntEnum):
    """Level of risk, the least first."""

    NONE = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3


_PLUME_RESPONSE = {Level.NONE: None, Level.LOW: None, Level.MEDIUM: "III", Level.HIGH: "II"}
_OF_WARNING: Mapping[Warn, tuple[Risk, Response | None]] = MappingProxyType(
    {
        Warn.NONE: ("none", None),
        Warn.BLUE: ("low", None),
        Warn.YELLOW: ("medium", "III"),
        Warn.ORANGE: ("high", "II"),
        Warn.RED: ("high", "I"),
    }
)
_NAME = {
    Level.NONE: Text(zh="无", en="none"),
    Level.LOW: Text(zh="低", en="low"),
    Level.MEDIUM: Text(zh="中", en="medium"),
    Level.HIGH: Text(zh="高", en="high"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Threat:
    """What a forecast says of one target and one substance.

    ``probability`` that the limit is exceeded within the horizon; ``arrival_s`` of the time until then from
    now, None: not within the horizon; ``peak_kg_m3`` of the largest concentration. ``now_kg_m3`` of a
    reading at the target, None: none. ``members`` and ``middle_s`` as ``risk_of`` takes them.
    """

    kind: TargetKind
    limit_kg_m3: float
    probability: float
    arrival_s: Band | None
    peak_kg_m3: Band
    now_kg_m3: float | None = None
    members: int | None = None
    middle_s: float | None = None


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
    """Risk of a target by ``models.water.arrival.risk_of``, or high and I where a reading is above the limit.

    Raises BadRequestError for a limit that is not positive or a probability outside 0 to 1.
    """
    if not threat.limit_kg_m3 > 0.0:
        raise refused(
            value=threat.limit_kg_m3, field="limit_kg_m3", expected="more than zero", expected_zh="大于零"
        )
    if not 0.0 <= threat.probability <= 1.0:
        raise refused(value=threat.probability, field="probability", expected="0 to 1", expected_zh="0 至 1")
    hazard = threat.peak_kg_m3.median / threat.limit_kg_m3
    reasons = [_forecast(threat, hazard)]
    risk, asked = risk_of(
        threat.kind,
        threat.probability,
        threat.arrival_s,
        members=threat.members,
        middle_s=threat.middle_s,
    )
    response: str | None = asked
    level = next(row for row, name in _NAME.items() if name.en == risk)
    if threat.now_kg_m3 is not None and threat.now_kg_m3 > threat.limit_kg_m3:
        times = threat.now_kg_m3 / threat.limit_kg_m3
        level, response = Level.HIGH, "I"
        zh, en = f"实测已超限，为限值的 {times:.3g} 倍", f"measured above the limit now, {times:.3g} times"
        reasons.insert(0, Text(zh=zh, en=en))
    if threat.kind in _DRUNK and level > Level.NONE:
        reasons.append(Text(zh="目标关系饮用水安全", en="people drink there"))
    return Judgement(level=level, response=response, hazard_ratio=hazard, reasons=tuple(reasons))


def of_warning(warning: Warn) -> tuple[Risk, Response | None]:
    """Level and response that the warning of a reading at a well asks for."""
    return _OF_WARNING[warning]


def judge_plume(found: Indicator | None, max_kg_m3: float, limit_kg_m3: float) -> Judgement:
    """Risk of a plume by itself, by the class of its largest concentration.

    Class IV is low, class V medium, class V by more than ten times the limit high. Without an indicator of
    GB/T 14848-2017: above ``limit_kg_m3`` low, above ten times it medium, above a hundred times it high.
    """
    if not limit_kg_m3 > 0.0:
        raise refused(value=limit_kg_m3, field="limit_kg_m3", expected="more than zero", expected_zh="大于零")
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
    return Judgement(level=level, response=_PLUME_RESPONSE[level], hazard_ratio=hazard, reasons=(why,))


def worst(judgements: Sequence[Judgement]) -> Judgement | None:
    """The most severe of several; the first among equals; None of none."""
    return max(judgements, key=lambda row: row.level, default=None)


def _forecast(threat: Threat, hazard: float) -> Text:
    when = _when(threat)
    share = 100.0 * threat.probability
    return Text(
        zh=f"预测期内超限概率 {share:.0f} %{when.zh}，峰值中位数为限值的 {hazard:.3g} 倍",
        en=f"{share:.0f} % likely above the limit in the horizon{when.en}, median peak {hazard:.3g} limits",
    )


def _when(threat: Threat) -> Text:
    if threat.arrival_s is None:
        return Text(zh="，未预计到达", en=", no arrival foreseen")
    row = threat.arrival_s
    low, median, high = (value / DAY_S for value in (row.low, row.median, row.high))
    return Text(
        zh=f"，到达时间中位数 {median:.0f} d（95 % 区间 {low:.0f} 至 {high:.0f} d）",
        en=f", arriving after {median:.0f} d in the median (95 %: {low:.0f} to {high:.0f} d)",
    )
