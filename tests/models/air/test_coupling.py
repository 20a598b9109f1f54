"""Steady plumes on beams against fine quadrature of the textbook formula, written out independently."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.air.coupling import LinearSpread, coupling_matrix, spread_of_angles
from twin.core.errors import BadRequestError

ANGLES = spread_of_angles(10.0, 5.0)
WEST = (np.array([3.0]), np.array([0.0]))  # blows to the east


def by_quadrature(source, start, end, u: float, v: float, spread: LinearSpread) -> float:
    """Beam average with 8 Gauss nodes in each of some 240 panels that crowd at ends, crossing and source."""
    speed = math.hypot(u, v)
    along, across = np.array([u, v]) / speed, np.array([-v, u]) / speed
    away, chord = start[:2] - source[:2], (end - start)[:2]
    marks = [0.0, 1.0]
    for axis in (along, across):
        rate = float(axis @ chord)
        if rate and 0.0 < -float(axis @ away) / rate < 1.0:
            marks.append(-float(axis @ away) / rate)
    marks.sort()
    fine = np.concatenate([[0.0], np.geomspace(1e-7, 1.0, 40)])
    edges = [low + 0.5 * (high - low) * fine for low, high in zip(marks[:-1], marks[1:], strict=True)]
    edges += [high - 0.5 * (high - low) * fine for low, high in zip(marks[:-1], marks[1:], strict=True)]
    edge = np.unique(np.concatenate(edges))
    node, weight = np.polynomial.legendre.leggauss(8)
    half, middle = 0.5 * np.diff(edge), 0.5 * (edge[1:] + edge[:-1])
    t = (middle[:, None] + half[:, None] * node).ravel()
    points = start + t[:, None] * (end - start)
    x, y = (points[:, :2] - source[:2]) @ along, (points[:, :2] - source[:2]) @ across
    down = x > 0.0
    sh = spread.start_h_m + spread.horizontal_ratio * x[down]
    sv = spread.start_v_m + spread.vertical_ratio * x[down]
    up = sum(np.exp(-0.5 * ((points[down, 2] - sign * source[2]) / sv) ** 2) for sign in (1, -1))
    value = np.exp(-0.5 * (y[down] / sh) ** 2) * up / (2.0 * math.pi * speed * sh * sv)
    return float(value @ (half[:, None] * weight).ravel()[down])


def test_a_park_of_beams_within_half_a_per_cent_of_fine_quadrature():
    """Workload W1 of the notes, thinned: same random numbers, fewer sources and times."""
    rng = np.random.default_rng(0)
    centres = rng.uniform(-400.0, 400.0, (4, 2))
    segments = []
    for centre in centres:
        for _ in range(5):
            angle, length = rng.uniform(0.0, 2.0 * math.pi), rng.uniform(200.0, 500.0)
            end = centre + length * np.array([math.cos(angle), math.sin(angle)])
            segments.append([[*centre, 10.0], [*end, 10.0]])
    direction, speed = rng.uniform(0.0, 360.0, 6), rng.uniform(1.0, 5.0, 6)
    u, v = -speed * np.sin(np.radians(direction)), -speed * np.cos(np.radians(direction))
    sources = rng.uniform([-600.0, -600.0, 0.0], [600.0, 600.0, 20.0], (60, 3))
    beams = np.array(segments)
    found = coupling_matrix(sources, beams, u, v, ANGLES)
    assert found.shape == (6, 20, 60)
    exact = np.array(
        [
            [[by_quadrature(s, *beam, u[k], v[k], ANGLES) for s in sources] for beam in beams[::4]]
            for k in range(6)
        ]
    )
    floor = 1e-6 * exact.max(axis=2, keepdims=True)
    seen = exact > floor
    assert seen.sum() > 300
    assert np.abs(found[:, ::4] - exact)[seen] == pytest.approx(0.0, abs=5e-3 * exact[seen].max())
    assert (np.abs(found[:, ::4] / np.where(seen, exact, 1.0) - 1.0)[seen] < 5e-3).all()
    assert (found[:, ::4][~seen] <= 2.0 * np.broadcast_to(floor, seen.shape)[~seen]).all()


@given(
    start=st.tuples(st.floats(-300.0, 300.0), st.floats(-300.0, 300.0), st.floats(1.0, 40.0)),
    end=st.tuples(st.floats(-300.0, 300.0), st.floats(-300.0, 300.0), st.floats(1.0, 40.0)),
    from_deg=st.floats(0.0, 360.0),
    height=st.floats(0.0, 30.0),
    start_v=st.sampled_from([0.5, 2.0]),
)
@settings(deadline=None, max_examples=60)
def test_sloped_beams_too(start, end, from_deg: float, height: float, start_v: float):
    spread = LinearSpread(horizontal_ratio=0.15, vertical_ratio=0.07, start_h_m=1.0, start_v_m=start_v)
    ends, source = np.array([start, end]), np.array([20.0, -35.0, height])
    u, v = -2.0 * math.sin(math.radians(from_deg)), -2.0 * math.cos(math.radians(from_deg))
    if np.hypot(*(ends[1] - ends[0])[:2]) < 20.0:
        return
    found = coupling_matrix(source[None], ends[None], np.array([u]), np.array([v]), spread)
    exact = by_quadrature(source, ends[0], ends[1], u, v, spread)
    assert float(found[0, 0, 0]) == pytest.approx(exact, rel=5e-3, abs=1e-9)


def test_upwind_there_is_nothing_and_downwind_the_flux_is_the_rate():
    source = np.array([[0.0, 0.0, 5.0]])
    heights = np.arange(0.5, 120.0, 1.0)
    beams = np.array([[[200.0, -400.0, z], [200.0, 400.0, z]] for z in heights])
    found = coupling_matrix(source, beams, *WEST, ANGLES)[0, :, 0].astype(float)
    assert float((found * 800.0).sum()) * 3.0 == pytest.approx(1.0, rel=1e-3)
    beams[:, :, 0] = -200.0
    assert coupling_matrix(source, beams, *WEST, ANGLES).max() == 0.0


def test_a_beam_along_the_plume_axis_reads_it():
    source = np.array([0.0, 0.0, 5.0])
    beam = np.array([[50.0, 0.0, 10.0], [450.0, 0.0, 10.0]])
    found = coupling_matrix(source[None], beam[None], *WEST, ANGLES)
    assert float(found[0, 0, 0]) == pytest.approx(by_quadrature(source, *beam, 3.0, 0.0, ANGLES), rel=5e-3)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"u_m_s": np.array([0.0])}, "speed_m_s"),
        ({"sources_m": np.zeros((4, 2))}, "sources_m"),
        ({"segments_m": np.zeros((4, 3))}, "segments_m"),
        ({"spread": LinearSpread(horizontal_ratio=0.1, vertical_ratio=0.0)}, "vertical_ratio"),
    ],
)
def test_bad_input_is_named(change, field):
    good = {
        "sources_m": np.zeros((1, 3)),
        "segments_m": np.array([[[1.0, 0.0, 2.0], [2.0, 5.0, 2.0]]]),
        "u_m_s": np.array([1.0]),
        "v_m_s": np.array([0.0]),
        "spread": ANGLES,
    }
    with pytest.raises(BadRequestError) as caught:
        coupling_matrix(**{**good, **change})
    assert caught.value.field == field
