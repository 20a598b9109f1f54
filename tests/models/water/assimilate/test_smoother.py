"""Ensemble updates against Kalman's posterior, which they must reach as 1/sqrt(members)."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.water.assimilate.smoother import alphas, relaxed, revived, smooth, spread_error, taper, update
from twin.core.errors import BadRequestError

PARAMETERS, DATA = 10, 6


class Linear:
    """A linear problem with Gaussian errors, and its exact posterior."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.operator = rng.standard_normal((DATA, PARAMETERS))
        root = rng.standard_normal((PARAMETERS, PARAMETERS)) / np.sqrt(PARAMETERS)
        self.prior = root @ root.T + 0.1 * np.eye(PARAMETERS)
        self.mean = rng.standard_normal(PARAMETERS)
        self.sd = rng.uniform(0.3, 1.0, DATA)
        truth = rng.multivariate_normal(self.mean, self.prior)
        self.observed = self.operator @ truth + self.sd * rng.standard_normal(DATA)
        inner = self.operator @ self.prior @ self.operator.T + np.diag(self.sd**2)
        gain = self.prior @ self.operator.T @ np.linalg.inv(inner)
        self.posterior_mean = self.mean + gain @ (self.observed - self.operator @ self.mean)
        self.posterior = self.prior - gain @ self.operator @ self.prior

    def errors(self, members: int, steps: int, seed: int) -> tuple[float, float]:
        rng = np.random.default_rng(seed)
        start = rng.multivariate_normal(self.mean, self.prior, size=members).T
        got, _ = smooth(
            start, lambda x: self.operator @ x, self.observed, self.sd, rng, inflations=alphas(steps)
        )
        mean = np.linalg.norm(got.mean(axis=1) - self.posterior_mean) / np.sqrt(np.trace(self.posterior))
        spread = np.linalg.norm(np.cov(got) - self.posterior) / np.linalg.norm(self.posterior)
        return float(mean), float(spread)


@pytest.mark.parametrize("steps", [1, 4])
def test_reaches_kalmans_posterior_at_the_root_of_the_members(steps: int) -> None:
    problem = Linear(3)
    sizes = (100, 1_000, 10_000)
    found = np.array([np.mean([problem.errors(n, steps, s) for s in range(6)], axis=0) for n in sizes])
    slope = np.polyfit(np.log(sizes), np.log(found), 1)[0]
    assert np.all(np.abs(slope + 0.5) < 0.15)
    assert np.all(found[-1] < 3.0 / np.sqrt(sizes[-1]) * np.array([1.0, 1.5]))


@given(steps=st.integers(1, 8), ratio=st.floats(0.5, 4.0))
@settings(deadline=None, max_examples=30)
def test_inverses_of_inflations_sum_to_one(steps: int, ratio: float) -> None:
    assert np.sum(1.0 / alphas(steps, ratio=ratio)) == pytest.approx(1.0, rel=1e-12)


def test_what_lies_beyond_the_radius_is_not_touched() -> None:
    rng = np.random.default_rng(1)
    members = rng.standard_normal((3, 50))
    distance = np.array([[0.0], [500.0], [1_000.0]])
    got = update(
        members, members[:1], np.array([4.0]), np.array([0.1]), rng, localisation=taper(distance, 900.0)
    )
    assert got[0].mean() == pytest.approx(4.0, abs=0.1)
    assert np.array_equal(got[2], members[2])


def test_the_taper_is_smooth_and_falls() -> None:
    z = np.linspace(0.0, 1_200.0, 400)
    got = taper(z, 1_000.0)
    assert got[0] == 1.0
    assert np.all(np.diff(got) <= 1e-12)
    assert np.all(got[z >= 1_000.0] == 0.0)
    # Gaspari and Cohn 1999: at half the radius c(1) = 5/24
    assert taper(np.array([500.0]), 1_000.0)[0] == pytest.approx(5 / 24)
    assert taper(np.array([np.nan]), 1_000.0)[0] == 1.0


def test_a_member_that_cannot_be_run_is_replaced() -> None:
    rng = np.random.default_rng(2)
    members, predicted = rng.standard_normal((2, 6)), rng.standard_normal((3, 6))
    predicted[1, 4] = np.nan
    got, said = revived(members, predicted, rng)
    assert np.isfinite(said).all()
    assert any(np.array_equal(got[:, 4], members[:, k]) for k in range(6) if k != 4)
    with pytest.raises(BadRequestError, match="1 of 6"):
        revived(members, np.where(np.arange(6) == 2, predicted, np.nan), rng)


def test_relaxation_brings_spread_back() -> None:
    rng = np.random.default_rng(4)
    before = rng.standard_normal((5, 400))
    after = 0.2 * before + 1.0
    got = relaxed(before, after, 0.5)
    assert np.allclose(got.mean(axis=1), after.mean(axis=1))
    assert np.allclose(got.std(axis=1), 0.6 * before.std(axis=1), rtol=1e-9)


def test_spread_over_error_of_an_honest_ensemble_is_one() -> None:
    rng = np.random.default_rng(5)
    centre = rng.standard_normal((4_000, 1))
    predicted = centre + rng.standard_normal((4_000, 30))
    truth = centre[:, 0] + rng.standard_normal(4_000)
    sd = np.full(4_000, 0.5)
    assert spread_error(predicted, truth + 0.5 * rng.standard_normal(4_000), sd) == pytest.approx(
        1.0, abs=0.05
    )


@pytest.mark.parametrize(
    ("sd", "said"), [(np.array([1.0, 0.0]), "sd of datum 1"), (np.array([1.0]), "observed and sd")]
)
def test_bad_data_are_named(sd: np.ndarray, said: str) -> None:
    rng = np.random.default_rng(6)
    with pytest.raises(BadRequestError, match=said):
        update(np.zeros((3, 5)), np.zeros((2, 5)), np.zeros(2), sd, rng)


def test_inflations_that_do_not_close_are_refused() -> None:
    with pytest.raises(BadRequestError, match="sum of inverses"):
        smooth(
            np.zeros((2, 4)),
            lambda x: x,
            np.zeros(2),
            np.ones(2),
            np.random.default_rng(0),
            inflations=np.array([4.0, 4.0]),
        )
