"""Which option is proposed: one that helps, the cheapest of like ones, or none."""

from __future__ import annotations

import pytest

from models.water.measures.comparison import Lead, Option
from models.water.measures.verdict import money, targets_en, verdict
from models.water.now import Band
from twin.core.groundwater import MeasureKind
from twin.core.text import Text

YEAR_S = 365 * 86_400.0


def option(
    name: str, area_m2: float, danger: int, cost_cny: float | None = 0.0, *, converged: bool = True
) -> Option:
    flat = Band(low=area_m2, median=area_m2, high=area_m2)
    last = Lead(
        lead_s=YEAR_S,
        mass_kg=flat,
        area_m2=flat,
        max_kg_m3=flat,
        removed_kg=flat,
        risk_targets=tuple(f"T{k}" for k in range(danger)),
    )
    return Option(
        id=name,
        name=Text(zh=f"方案{name}", en=f"option {name}"),
        kind=MeasureKind.PUMP,
        cost_cny=None if cost_cny is None else Band(low=cost_cny, median=cost_cny, high=cost_cny),
        agent=None,
        amount=None,
        area=(),
        leads=(last,),
        converged=converged,
    )


NOTHING = option("nothing", 188_800.0, 2)


def test_what_saves_no_target_and_little_area_is_not_proposed() -> None:
    """A reactive wall for ten million with as many targets in danger and a fifth of the area: no."""
    best, why = verdict([NOTHING, option("wall", 152_500.0, 2, 10_080_000.0)], 12)
    assert best == "nothing"
    assert "没有措施能减少受威胁目标（2 个）" in why.zh
    assert "方案wall" in why.zh
    assert "减少 19 %" in why.zh
    assert "1,010 万元" in why.zh
    assert "none saves a target (2 in danger)" in why.en
    assert "12 members" in why.en
    assert "10.1 million CNY" in why.en


def test_what_makes_it_worse_is_said_to() -> None:
    best, why = verdict([NOTHING, option("wall", 195_000.0, 2, 3e6)], 4)
    assert best == "nothing"
    assert "增加 3 %" in why.zh
    assert "3 % larger" in why.en


def test_a_saved_target_counts_before_area_and_money() -> None:
    dear = option("dear", 180_000.0, 1, 2e7)
    wide = option("cheap", 20_000.0, 2, 1e5)
    best, why = verdict([NOTHING, wide, dear], 12)
    assert best == "dear"
    assert "由 2 个减至 1 个" in why.zh
    assert "1 target in danger, doing nothing 2" in why.en


def test_area_alone_may_be_worth_it_and_saves_no_target() -> None:
    near = option("near", 100_000.0, 2, 9e6)
    like = option("like", 108_000.0, 2, 6.03e5)
    best, why = verdict([NOTHING, near, like, option("unknown", 99_000.0, 2, None)], 12)
    assert best == "like"
    assert "不能减少受威胁目标（仍为 2 个）" in why.zh
    assert "60.3 万元" in why.zh
    assert "saves no target" in why.en
    assert "603,000 CNY" in why.en


def test_more_danger_or_no_convergence_is_never_proposed() -> None:
    worse = option("worse", 1_000.0, 3)
    broken = option("broken", 1_000.0, 0, converged=False)
    assert verdict([NOTHING, worse, broken], 3)[0] == "nothing"
    assert verdict([NOTHING], 1)[0] == "nothing"
    assert "1 member of" in verdict([NOTHING], 1)[1].en


def test_without_targets_nothing_is_claimed_to_be_saved() -> None:
    best, why = verdict([option("n", 1e5, 0), option("dig", 5e4, 0, 1e5)], 8)
    assert best == "dig"
    assert "本无目标受威胁" in why.zh


@pytest.mark.parametrize(
    ("cny", "zh"), [(10_083_000.0, "1,010 万元"), (603_210.0, "60.3 万元"), (1_000_000.0, "100 万元")]
)
def test_money_has_three_digits_and_no_powers_of_ten(cny: float, zh: str) -> None:
    assert money(Band(low=cny, median=cny, high=cny)).zh == f"费用约 {zh}"
    assert (targets_en(1), targets_en(2), targets_en(0)) == ("1 target", "2 targets", "0 targets")
