"""A release that is too dense for a passive model says so."""

from __future__ import annotations

import pytest

from models.air.puff import GaussianPuff
from tests.support.air_park import air_park, air_site
from tests.support.leaking_park import memory_of, state_of
from twin.live.deduce import deduce
from twin.live.dense import ADVICE, LIMIT, dense_notes, release_richardson

HF, NH3, CL2 = 0.020006, 0.017031, 0.0709


def test_hydrogen_fluoride_counts_as_what_it_is_when_it_evaporates() -> None:
    # By its formula it would be lighter than air and never dense.
    assert release_richardson("hf", HF, 1.0, 2.0) > 0.15
    assert release_richardson("nh3", NH3, 1.0, 2.0) == 0.0


def test_the_criterion_by_hand() -> None:
    excess = 9.81 * (70.9 / 28.96 - 1.0)
    flux = 0.5 / (1.2 * 70.9 / 28.96)
    assert release_richardson("cl2", CL2, 0.5, 3.0) == pytest.approx(
        (excess * flux / (27.0 * 2.0)) ** (1 / 3)
    )


def test_more_gas_and_less_wind_are_denser() -> None:
    calm, windy = (release_richardson("hf", HF, 0.03, wind) for wind in (1.0, 6.0))
    assert calm > windy
    assert release_richardson("hf", HF, 0.03, 0.0) == release_richardson("hf", HF, 0.03, 0.5)
    assert release_richardson("hf", HF, 0.0, 1.0) == 0.0


def test_the_note_names_limit_and_advice() -> None:
    assert dense_notes(0.1) == ()
    broken, advice = dense_notes(0.3)
    assert broken == "outside validity: release_richardson 0.3, expected any to 0.15"
    assert advice == ADVICE
    assert LIMIT.why.zh


@pytest.mark.parametrize(("rate", "dense"), [(2e-3, False), (0.5, True)])
def test_a_large_release_of_hf_is_noted_on_its_frame(rate: float, dense: bool) -> None:
    plume = deduce(air_park(), air_site(), state_of(memory_of({"U1": rate})), "hf", GaussianPuff()).plume
    assert (ADVICE in plume.notes) == dense
