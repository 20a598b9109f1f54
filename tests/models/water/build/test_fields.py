"""Random fields: their statistics, and what conditioning leaves of them."""

from __future__ import annotations

import numpy as np
import pytest

from models.water.build.fields import Covariance, PointData, gaussian_fields
from twin.core.errors import BadRequestError

X = np.arange(40) * 20.0
Y = np.arange(30) * 20.0
MEMBERS = 1500


@pytest.mark.parametrize("kind", ["exponential", "gaussian", "matern"])
def test_fields_have_the_covariance_that_was_asked_for(kind: str) -> None:
    asked = Covariance(kind=kind, sd_value=0.8, along_m=120.0, across_m=50.0, azimuth_deg=60.0)
    fields = gaussian_fields(X, Y, asked, seed=11, count=MEMBERS)
    assert fields.mean() == pytest.approx(0.0, abs=0.02)
    assert fields.var(axis=0).mean() == pytest.approx(0.64, rel=0.02)
    for east, north in ((3, 0), (0, 3), (3, 2), (3, -2)):
        found = np.mean(fields[:, 5:20, 5:30] * fields[:, 5 + north : 20 + north, 5 + east : 30 + east])
        wanted = float(asked.at(np.array(20.0 * east), np.array(20.0 * north)))
        assert found == pytest.approx(wanted, abs=0.02)


def test_the_azimuth_turns_the_long_axis_clockwise_from_north() -> None:
    east = Covariance(along_m=200.0, across_m=50.0, azimuth_deg=90.0)
    assert east.at(np.array(100.0), np.array(0.0)) > east.at(np.array(0.0), np.array(100.0))
    north_east = Covariance(along_m=200.0, across_m=50.0, azimuth_deg=45.0)
    assert north_east.at(np.array(50.0), np.array(50.0)) > north_east.at(np.array(50.0), np.array(-50.0))


def test_a_matern_of_one_half_is_exponential() -> None:
    r = np.linspace(0.0, 500.0, 20)
    matern = Covariance(kind="matern", smoothness_factor=0.5, along_m=100.0)
    np.testing.assert_allclose(
        matern.at(r, 0 * r), Covariance(along_m=100.0).at(r, 0 * r), rtol=1e-9, atol=1e-12
    )


def data() -> PointData:
    return PointData(
        x_m=np.array([200.0, 420.0, 600.0]), y_m=np.array([100.0, 400.0, 300.0]),
        values=np.array([1.5, -2.0, 0.5]),
    )  # fmt: skip


def test_conditioned_fields_go_through_the_data() -> None:
    fields = gaussian_fields(X, Y, Covariance(sd_value=0.8, along_m=150.0), seed=3, count=20, data=data())
    for x, y, value in zip(data().x_m, data().y_m, data().values, strict=True):
        at = fields[:, int(y / 20.0), int(x / 20.0)]
        np.testing.assert_allclose(at, value, atol=1e-6)


def test_between_the_data_mean_and_spread_are_those_of_kriging() -> None:
    asked, mean = Covariance(sd_value=0.8, along_m=150.0), 0.3
    fields = gaussian_fields(X, Y, asked, seed=5, count=MEMBERS, mean=mean, data=data())
    rows = data()
    matrix = asked.at(rows.x_m[:, None] - rows.x_m, rows.y_m[:, None] - rows.y_m)
    for row, column in ((7, 12), (12, 25), (18, 20), (27, 2)):
        near = asked.at(rows.x_m - X[column], rows.y_m - Y[row])
        weights = np.linalg.solve(matrix, near)
        kriged = mean + weights @ (rows.values - mean)
        variance = 0.64 - weights @ near
        found = fields[:, row, column]
        assert found.mean() == pytest.approx(kriged, abs=4.0 * np.sqrt(variance / MEMBERS))
        assert found.var() == pytest.approx(variance, rel=4.0 * np.sqrt(2.0 / MEMBERS))


def test_errors_of_measurement_leave_their_spread() -> None:
    noisy = PointData(x_m=np.array([400.0]), y_m=np.array([300.0]), values=np.array([2.0]), error_value=0.4)
    fields = gaussian_fields(X, Y, Covariance(sd_value=0.8, along_m=150.0), seed=5, count=MEMBERS, data=noisy)
    found = fields[:, 15, 20]
    share = 0.64 / (0.64 + 0.16)
    assert found.mean() == pytest.approx(2.0 * share, abs=0.04)
    assert found.var() == pytest.approx(0.64 * (1.0 - share), rel=0.15)


def test_the_seed_decides() -> None:
    asked = Covariance(along_m=150.0)
    one = gaussian_fields(X, Y, asked, seed=1)
    np.testing.assert_array_equal(one, gaussian_fields(X, Y, asked, seed=1))
    assert np.abs(one - gaussian_fields(X, Y, asked, seed=2)).max() > 0.1


def test_refusals() -> None:
    with pytest.raises(BadRequestError, match="along_m"):
        Covariance(along_m=0.0)
    outside = PointData(x_m=np.array([9000.0]), y_m=np.array([0.0]), values=np.array([1.0]))
    with pytest.raises(BadRequestError, match="data: x_m"):
        gaussian_fields(X, Y, Covariance(), seed=1, data=outside)
    with pytest.raises(BadRequestError, match="x_m"):
        gaussian_fields(X[::-1], Y, Covariance(), seed=1)
