"""Laws of the baked ground: north is up, shadows fall away from the sun, same input, same picture."""

from types import SimpleNamespace as Row

import numpy as np
import pytest
from shapely.geometry import LineString, box

from gis.terrain import Terrain
from twin.core.geometry import Extent, Place
from twin.stage import light
from twin.stage.bake import bake_ground

EXTENT = Extent(x_min_m=-400.0, y_min_m=-300.0, x_max_m=400.0, y_max_m=300.0)


def flat(height_m: float = 300.0) -> Terrain:
    heights = np.full((301, 401), height_m, dtype=np.float32)
    return Terrain(heights_m=heights, x0_m=-400.0, y0_m=-300.0, step_m=2.0)


def park(**rows: list) -> Row:
    empty = {name: [] for name in ("areas", "plots", "roads", "waters", "buildings", "tanks")}
    return Row(extent=EXTENT, **{**empty, **rows})


def at(image: np.ndarray, x_m: float, y_m: float) -> np.ndarray:
    """Mean colour of the pixels around a place; row 0 is north."""
    row = int((EXTENT.y_max_m - y_m) / 2.0)
    column = int((x_m - EXTENT.x_min_m) / 2.0)
    return image[row - 2 : row + 3, column - 2 : column + 3].reshape(-1, 3).mean(axis=0)


def test_the_image_covers_the_extent():
    assert bake_ground(park(), flat()).shape == (300, 400, 3)


def test_row_zero_is_north():
    water = Row(line=LineString([(-400, 200), (400, 200)]), width_m=40.0)
    image = bake_ground(park(waters=[water]), flat())
    north, south = at(image, 0.0, 200.0), at(image, 0.0, -200.0)
    assert north[2] > north[0]
    assert south[2] < south[1]


@pytest.mark.parametrize("kind", ["building", "tank"])
def test_shadows_fall_away_from_the_sun(kind):
    pad = Row(outline=box(-300, -250, 300, 250))
    things = (
        {"buildings": [Row(outline=box(-20, -20, 20, 20), height_m=25.0)]}
        if kind == "building"
        else {"tanks": [Row(base=Place(x_m=0, y_m=0, z_m=300), radius_m=20.0, height_m=25.0)]}
    )
    image = bake_ground(park(plots=[pad], **things), flat()).astype(float)
    away = -light.SUN[:2] / np.hypot(*light.SUN[:2]) * 36.0
    shaded, lit = at(image, *away).mean(), at(image, *(-away)).mean()
    assert shaded < 0.8 * lit


def test_a_hill_is_lighter_on_the_side_of_the_sun():
    y, x = np.mgrid[-300:302:2, -400:402:2].astype(float)
    heights = (300 + 80 * np.exp(-(x**2 + y**2) / 120.0**2)).astype(np.float32)
    image = bake_ground(park(), Terrain(heights, -400.0, -300.0, 2.0)).astype(float)
    toward = light.SUN[:2] / np.hypot(*light.SUN[:2]) * 80.0
    assert at(image, *toward).mean() > 1.3 * at(image, *(-toward)).mean()


def test_the_same_park_gives_the_same_picture():
    np.testing.assert_array_equal(bake_ground(park(), flat()), bake_ground(park(), flat()))
