"""Beliefs: members are problems, measured values are honoured, what does not exist is refused."""

from __future__ import annotations

import numpy as np
import pytest

from models.water.assimilate.prior import (
    HeadOffset,
    LnKDatum,
    LnKField,
    PorosityFactor,
    Prior,
    SourceFactor,
    StressFactor,
)
from tests.support.valley_twin import guess
from twin.core.errors import BadRequestError

FIELD = LnKField(name="upper", layers=(0,), sd=0.8, range_m=300.0, mean_sd=0.4)


def _prior(*beliefs) -> Prior:
    return Prior(guess(), beliefs)


def test_a_member_of_nothing_is_the_best_guess() -> None:
    prior = _prior(
        FIELD,
        StressFactor(name="r", package="rch", ln_sd=0.3),
        HeadOffset(name="w", package="west", sd_m=0.2),
    )
    got, want = prior.problem_of(np.zeros(prior.size)), guess()
    assert np.array_equal(got.flow.medium.k_m_s, want.flow.medium.k_m_s)
    assert np.array_equal(got.flow.periods[0].stresses[0].head_m, want.flow.periods[0].stresses[0].head_m)


def test_fields_have_the_spread_and_the_range_that_were_asked_for() -> None:
    prior = _prior(FIELD)
    drawn = prior.draw(400, np.random.default_rng(1))
    fields = np.stack([prior.ln_factor("upper", row) for row in drawn.T])
    assert fields.mean() == pytest.approx(0.0, abs=0.08)
    assert fields.std() == pytest.approx(np.hypot(0.8, 0.4), rel=0.12)
    apart = [np.corrcoef(fields[:, 20, 10], fields[:, 20, 10 + n])[0, 1] for n in (15,)]
    own = 0.8**2 / (0.8**2 + 0.4**2)
    wanted = [1 - own + own * np.exp(-3 * 20 * n / 300.0) for n in (15,)]
    assert np.allclose(apart, wanted, atol=0.15)


def test_measured_conductivity_is_honoured_and_fades_with_distance() -> None:
    base = float(np.log(guess().flow.medium.k_m_s[0, 20, 30]))
    datum = LnKDatum(x_m=610.0, y_m=410.0, ln_k=base + 1.5, sd=0.1)
    prior = _prior(LnKField(name="u", layers=(0,), sd=0.8, range_m=300.0, data=(datum,)))
    drawn = prior.draw(300, np.random.default_rng(2))
    fields = np.stack([prior.ln_factor("u", row) for row in drawn.T])
    assert fields[:, 20, 30].mean() == pytest.approx(1.5, abs=0.1)
    assert fields[:, 20, 30].std() < 0.2
    assert abs(fields[:, 0, 0].mean()) < 0.2


def test_every_belief_changes_what_it_names_and_nothing_else() -> None:
    prior = _prior(
        StressFactor(name="rain", package="rch", ln_sd=0.3),
        StressFactor(name="pump", package="wel", ln_sd=0.3),
        HeadOffset(name="stage", package="west", sd_m=0.2, tilt_sd_m=0.1),
        SourceFactor(name="leak", source="leak", ln_sd=0.5, place_sd_m=40.0),
        PorosityFactor(name="pores", layers=(1,), ln_sd=0.2),
    )
    assert prior.size == 1 + 1 + 3 + 3 + 1
    member = np.array([np.log(2.0), np.log(3.0), 0.5, 0.0, 1.0, np.log(4.0), 45.0, 0.0, np.log(1.2)])
    got, want = prior.problem_of(member), guess()
    west, east, rain, pump = got.flow.periods[0].stresses
    old = want.flow.periods[0].stresses
    assert np.allclose(rain.rate_m_s, 2.0 * old[2].rate_m_s)
    assert np.allclose(pump.rate_m3_s, 3.0 * old[3].rate_m3_s)
    assert np.ptp(west.head_m) == pytest.approx(1.0)
    assert west.head_m.mean() == pytest.approx(old[0].head_m.mean() + 0.5)
    assert east is prior.problem.flow.periods[0].stresses[1]
    (leak,) = got.transport.sources
    assert leak.rate_kg_s[0, 0] == pytest.approx(4.0 * want.transport.sources[0].rate_kg_s[0, 0])
    assert leak.cells[0, 2] == want.transport.sources[0].cells[0, 2] + 2
    assert np.allclose(got.flow.medium.porosity[1], 1.2 * want.flow.medium.porosity[1])
    assert np.array_equal(got.flow.medium.porosity[0], want.flow.medium.porosity[0])
    assert np.array_equal(got.flow.medium.k_m_s, want.flow.medium.k_m_s)


@pytest.mark.parametrize(
    ("belief", "said"),
    [
        (StressFactor(name="x", package="riv", ln_sd=0.1), "package of x"),
        (SourceFactor(name="x", source="tank", ln_sd=0.1), "source of x"),
        (LnKField(name="x", layers=(7,), sd=0.1, range_m=100.0), "layers of x"),
    ],
)
def test_what_the_problem_does_not_have_is_refused(belief, said) -> None:
    with pytest.raises(BadRequestError, match=said):
        _prior(belief)


def test_names_must_differ_and_kinds_must_fit() -> None:
    one = StressFactor(name="x", package="rch", ln_sd=0.1)
    with pytest.raises(BadRequestError, match="belief x"):
        _prior(one, one)
    prior = _prior(HeadOffset(name="x", package="rch", sd_m=0.1))
    with pytest.raises(BadRequestError, match="offset on rch"):
        prior.problem_of(np.ones(1))
    prior = _prior(StressFactor(name="x", package="west", ln_sd=0.1))
    with pytest.raises(BadRequestError, match="factor on west"):
        prior.problem_of(np.ones(1))


def test_a_leak_nobody_noticed_begins_at_any_time_until_the_last() -> None:
    prior = _prior(SourceFactor(name="leak", source="leak", ln_sd=0.5, onset_s=1e7))
    drawn = prior.draw(400, np.random.default_rng(5))
    starts = [prior.problem_of(row).transport.sources[0].start_s for row in drawn.T]
    assert 0.0 <= min(starts) < 0.02e7
    assert 0.98e7 < max(starts) <= 1e7
    assert np.mean(starts) == pytest.approx(0.5e7, rel=0.1)
