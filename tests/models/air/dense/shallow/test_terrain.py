"""From the source to the far field in one call: the passive limit, maps against receptors, the book."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.air.dense.layer import LayerSettings
from models.air.dense.mixture import IdealMixture
from models.air.dense.terrain import dense_over_terrain, steady_wind
from models.air.puff import GaussianPuff
from models.term import Shape
from tests.models.air.dense.shallow.layers import TWICE, ambient, flat, ground, pool, square
from twin.core.beam import Receptor, point_receptor
from twin.core.clock import Interval
from twin.core.geometry import Place, frozen
from twin.core.origin import Origin
from twin.core.release import Release

START_MS = 1_795_000_000_000


def window(seconds: float) -> Interval:
    return Interval(start_ms=START_MS, end_ms=START_MS + round(1000.0 * seconds))


def points(*places: tuple[float, float], z_m: float = 1.0) -> list[Receptor]:
    return [point_receptor(f"{x:g} {y:g}", Place(x_m=x, y_m=y, z_m=z_m)) for x, y in places]


def test_gas_of_the_weight_of_air_goes_as_the_puff_model_says():
    """Passive limit: 600 s of a steady neutral release, 150 to 350 m down the wind, within 10 %."""
    air = ambient(4.0)
    seen = points((150.0, 0.0), (250.0, 0.0), (350.0, 0.0), (250.0, 15.0))
    cloud = dense_over_terrain(
        pool(0.1, radius_m=4.0),
        air,
        flat(),
        None,
        window(600.0),
        square(60, 4.0),
        seen,
        mixture=IdealMixture(gas_density_kg_m3=1.2),
    )
    release = Release(
        id="R",
        substance_id="cl2",
        place=Place(x_m=0.0, y_m=0.0, z_m=0.0),
        height_m=0.0,
        rate_kg_s=0.1,
        interval=window(600.0),
        origin=Origin.MODELLED,
    )
    plume = GaussianPuff(sigma_start_m=1.0).run(
        flat(), [release], steady_wind(air), window(600.0), receptors=seen
    )
    expected = np.array([plume.beam_conc_kg_m3[row.sensor_id] for row in seen])
    np.testing.assert_allclose(cloud.receptor_conc_kg_m3[-1], expected, rtol=0.1)


@pytest.fixture(scope="module")
def downhill():
    """20 kg/s of a heavy gas on a slope of 4 % to the south west, air still but for 0.5 m/s up the slope."""
    end = Place(x_m=-60.0, y_m=40.0, z_m=4.0), Place(x_m=60.0, y_m=-80.0, z_m=4.0)
    segment = frozen([place.array() for place in end])
    beam = Receptor(
        sensor_id="beam", points_m=frozen([segment.mean(axis=0)]), weights=frozen([1.0]), segment_m=segment
    )
    return dense_over_terrain(
        pool(20.0, duration_s=120.0),
        ambient(0.5, 45.0),
        ground(lambda x, y: 0.03 * (x + y)),
        None,
        window(300.0),
        square(80, 5.0),
        [*points((-47.5, -47.5), z_m=-2.35), *points((47.5, 47.5), z_m=3.35), beam],
        mixture=TWICE,
        keep_layers=True,
        height_m=0.5,
    )


def test_the_cloud_flows_downhill_and_the_book_closes(downhill):
    assert (downhill.centroid_m[-1] < -30.0).all()
    total = downhill.in_layer_kg + downhill.in_puffs_kg
    entered = 20.0 * np.minimum((downhill.times_ms - START_MS) / 1000.0, 120.0)
    np.testing.assert_allclose(total, entered, rtol=1e-6)
    assert downhill.receptor_conc_kg_m3[:, 0].max() > 10.0 * downhill.receptor_conc_kg_m3[:, 1].max()


def test_maps_and_receptors_agree_and_maps_of_maps_follow(downhill):
    j, i = 30, 30
    near = downhill.ground_conc_kg_m3[:, j, i]  # like the receptor, half a metre up
    got = downhill.receptor_conc_kg_m3[:, 0]
    assert got.max() == pytest.approx(near.max(), rel=0.25)
    np.testing.assert_array_equal(downhill.max_conc_kg_m3, downhill.ground_conc_kg_m3.max(axis=0))
    reached = downhill.max_conc_kg_m3 > downhill.arrival_conc_kg_m3
    np.testing.assert_array_equal(reached, np.isfinite(downhill.arrival_s))
    assert downhill.arrival_s[j, i] > 0.0
    dose = np.trapezoid(downhill.ground_conc_kg_m3, (downhill.times_ms - START_MS) / 1000.0, axis=0)
    np.testing.assert_allclose(downhill.dose_kg_s_m3, dose)
    assert 0.0 < downhill.receptor_conc_kg_m3[:, 2].max() < downhill.ground_conc_kg_m3.max()


def test_notes_say_what_lies_outside():
    term = pool(5.0, duration_s=120.0, shape=Shape.JET, speed_m_s=np.array([60.0]), radius_m=0.2)
    cloud = dense_over_terrain(
        replace(term, height_m=8.0),
        ambient(12.0),
        ground(lambda x, y: 0.8 * np.abs(x)),
        None,
        window(20.0),
        square(60, 4.0),
        mixture=TWICE,
        settings=LayerSettings(order=1),
    )
    for word in ("wind_speed", "slope", "cells_across_source", "jet_speed", "release_height", "window ends"):
        assert any(word in note for note in cloud.notes), word
    assert len(cloud.limits) == 5
