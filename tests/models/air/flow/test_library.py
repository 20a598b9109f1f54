from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from models.air.flow.library import (
    LibrarySettings,
    build_library,
    default_settings,
    library_key,
    load,
)
from models.air.flow.modes import from_directions, sector_vectors
from tests.support.hills import COUNT, flat_library, site_of, small_settings, valley, valley_library
from twin.core.errors import SolverError


def test_over_a_plain_every_ratio_is_the_inflow_and_thermal_winds_are_nothing():
    library = flat_library()
    for m, vector in enumerate(sector_vectors(library.sectors)):
        expected = np.broadcast_to(vector, library.ratio[:, m].shape)
        np.testing.assert_allclose(library.ratio[:, m], expected, atol=1e-6)
    assert not library.ratio[:, library.sectors :].any()


def test_winds_of_sectors_blow_away_from_where_they_come():
    library = valley_library()
    for m, (deg, vector) in enumerate(
        zip(from_directions(library.sectors), sector_vectors(library.sectors), strict=True)
    ):
        assert library.names[m] == f"from_{deg:g}"
        aloft = library.ratio[1, m, -1].reshape(-1, 2).mean(axis=0)
        np.testing.assert_allclose(aloft, vector, atol=0.1)
    assert library.names[library.sectors :] == ("slope", "valley")


def test_over_the_valley_crests_are_windy_and_the_floor_across_the_wind_is_not():
    library = valley_library()
    ground = library.ground_m
    south = library.names.index("from_180")
    speed = np.hypot(*np.moveaxis(library.ratio[1, south, 1], -1, 0))
    inner = np.zeros(COUNT, dtype=bool)
    inner[8:-8, 8:-8] = True
    assert speed[inner & (ground > 140.0)].mean() > 1.05 * speed[inner & (ground < 30.0)].mean()


def test_valley_mode_is_one_on_the_floor_and_runs_down_it():
    library = valley_library()
    wind = library.ratio[:, library.names.index("valley"), 1]
    floor = library.ground_m < 15.0
    for each in wind:
        assert np.hypot(*each[floor].T).max() == pytest.approx(1.0, abs=0.35)
        assert np.mean(each[floor][:, 0] < 0.0) > 0.98


def test_a_library_comes_back_from_its_file(tmp_path: Path):
    library = valley_library()
    path = tmp_path / "valley.npz"
    library.save(path)
    again = load(path)
    np.testing.assert_array_equal(again.ratio, library.ratio)
    np.testing.assert_array_equal(again.ground_m, library.ground_m)
    for name in ("x0_m", "y0_m", "names", "settings", "key"):
        assert getattr(again, name) == getattr(library, name)
    assert again.key == library_key(site_of(valley()), small_settings())


def test_building_twice_gives_the_same():
    few = dataclasses.replace(small_settings(), sectors=4, stabilities=small_settings().stabilities[1:2])
    one, two = (build_library(site_of(valley()), few) for _ in range(2))
    np.testing.assert_array_equal(one.ratio, two.ratio)
    assert one.ratio.shape[:2] == (1, 6)


def test_the_key_follows_terrain_place_and_settings():
    site, settings = site_of(valley()), small_settings()
    keys = {
        library_key(site, settings),
        library_key(site_of(valley(depth_m=161.0)), settings),
        library_key(dataclasses.replace(site, x0_m=site.x0_m + 1.0), settings),
        library_key(site, dataclasses.replace(settings, roughness_m=0.31)),
        library_key(site, dataclasses.replace(settings, sectors=12)),
    }
    assert len(keys) == 5


@pytest.mark.parametrize("content", [b"", b"no archive", "another"])
def test_a_file_that_is_no_library_is_refused_by_name(tmp_path: Path, content: bytes | str):
    path = tmp_path / "wind.npz"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        np.savez(path, ratio=np.zeros(3), about=np.array('{"format": 0}'), key=np.array("k"))
    with pytest.raises(SolverError, match="wind.npz"):
        load(path)


def test_a_fine_terrain_is_averaged_onto_the_library_grid():
    ground = np.zeros((41, 41))
    ground[:, ::2] = 2.0  # ripples of the terrain's own step must not become a slope
    site = dataclasses.replace(site_of(ground), step_m=5.0)
    settings = dataclasses.replace(default_settings(site), heights_m=(5.0, 10.0, 20.0))
    assert settings.step_m == 20.0
    library = build_library(site, settings)
    assert library.ground_m.shape == (11, 11)
    assert float(np.ptp(library.ground_m[1:-1, 1:-1])) < 1e-6
    assert isinstance(settings, LibrarySettings)
