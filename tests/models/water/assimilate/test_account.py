"""Budgets of an ensemble: medians of terms, and mass that a correction neither hides nor forgets."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from models.water.assimilate.account import CORRECTION, Account, median_budget
from models.water.result import BudgetRow


class Member:
    """What the account asks of a model: its step's budget, its mass and what moved it."""

    def __init__(
        self, moved: Mapping[tuple[int, str], tuple[float, float]], mass_kg: float, river: float = 0.0
    ):
        rows = (BudgetRow(name="rain", in_m3_s=river, out_m3_s=0.0),) if river else ()
        self.problem = SimpleNamespace(transport=SimpleNamespace(species=[SimpleNamespace(id="f")]))
        self.carried = SimpleNamespace(moved_kg=dict(moved), mass_kg=np.array([mass_kg]))
        self.flow = SimpleNamespace(budget=rows)

    def state(self) -> Any:
        return SimpleNamespace(transport=self.carried, flow=self.flow)

    def correct(self, mass_kg: float) -> None:
        """As ``put``: the balance counts anew."""
        self.carried = SimpleNamespace(moved_kg={}, mass_kg=np.array([mass_kg]))


def test_rows_outlive_a_correction_which_is_a_term_itself() -> None:
    members: list[Any] = [
        Member({(0, "tank"): (amount, 0.0), (0, "river"): (0.0, 1.0)}, amount - 1.0)
        for amount in (10.0, 12.0, 20.0)
    ]
    account = Account()
    before = {row.name: (row.in_kg, row.out_kg) for row in account.rows(members)}
    assert before == {"tank": (12.0, 0.0), "river": (0.0, 1.0)}
    account.hold(members)
    for member, mass in zip(members, (7.0, 14.0, 16.0), strict=True):
        member.correct(mass)
    account.corrected(members)
    after = {row.name: (row.in_kg, row.out_kg) for row in account.rows(members)}
    assert after == before | {CORRECTION: (0.0, 2.0)}  # -2, +3 and -3 kg
    members[0].carried.moved_kg = {(0, "tank"): (5.0, 0.0)}
    members[1].carried.moved_kg = {(0, "tank"): (5.0, 0.0)}
    assert account.rows(members)[0].in_kg == pytest.approx(17.0)


def test_the_balance_of_each_member_closes_over_corrections() -> None:
    member: Any = Member({(0, "tank"): (10.0, 0.0)}, 10.0)
    account = Account()
    for mass in (4.0, 9.0):
        account.hold([member])
        member.correct(mass)
        account.corrected([member])
    rows = account.rows([member])
    assert sum(row.in_kg - row.out_kg for row in rows) == pytest.approx(9.0)


def test_water_is_the_median_of_the_members_term_by_term() -> None:
    members: Any = [Member({}, 0.0, river) for river in (1.0, 2.0, 9.0, 0.0)]
    assert median_budget(members) == (BudgetRow(name="rain", in_m3_s=1.5, out_m3_s=0.0),)
    assert median_budget([]) == ()
