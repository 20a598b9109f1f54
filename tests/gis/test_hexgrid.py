"""The H3 index covers the site and rolls up."""

from __future__ import annotations

import h3
import numpy as np
import pytest
import shapely
from shapely.geometry import MultiPolygon, Polygon, box

from gis.crs import ParkCrs
from gis.hexgrid import cell_of, cells_of, index_places, roll_up
from twin.core.geometry import Extent, FrameOrigin

CRS = ParkCrs(4548, FrameOrigin(easting_m=500_000.0, northing_m=2_899_000.0, height_m=0.0))
SITE = Polygon([(-1200.0, -1000.0), (1200.0, -1000.0), (1200.0, 900.0), (-900.0, 1000.0)])


@pytest.mark.parametrize("resolution", [10, 11])
def test_cells_cover_the_site_without_overlap(resolution):
    cells = cells_of(SITE, CRS, resolution)
    union = shapely.union_all([cell.outline for cell in cells])
    assert union.buffer(0.05).covers(SITE)
    assert union.area == pytest.approx(sum(cell.outline.area for cell in cells), rel=1e-6)
    assert all(cell.outline.intersects(SITE) for cell in cells)
    assert len({cell.id for cell in cells}) == len(cells)


def test_size_of_cells_here():
    area = cells_of(SITE, CRS, 10)[0].outline.area
    assert area == pytest.approx(13_335.0, rel=0.03)


def test_extent_and_parts_are_covered_too():
    extent = Extent(x_min_m=0.0, y_min_m=0.0, x_max_m=300.0, y_max_m=200.0)
    assert cells_of(extent, CRS) == cells_of(box(0.0, 0.0, 300.0, 200.0), CRS)
    two = MultiPolygon([box(0, 0, 100, 100), box(900, 900, 950, 950)])
    whole = {cell.id for cell in cells_of(two, CRS)}
    assert whole == {c.id for part in two.geoms for c in cells_of(part, CRS)}


def test_a_sliver_smaller_than_a_cell_has_cells():
    assert cells_of(box(10.0, 10.0, 11.0, 11.0), CRS)


def test_places_lie_in_the_cell_they_are_indexed_to():
    rng = np.random.default_rng(2)
    x, y = rng.uniform(-1000, 1000, 50), rng.uniform(-1000, 1000, 50)
    for name, px, py in zip(index_places(x, y, CRS, 11), x, y, strict=True):
        assert cell_of(name, CRS).outline.buffer(0.05).contains(shapely.Point(px, py))


def test_roll_up_keeps_the_sum_and_the_parents():
    cells = cells_of(SITE, CRS, 11)
    people = {cell.id: float(k % 5) for k, cell in enumerate(cells)}
    zones = roll_up(people, 10)
    assert sum(zones.values()) == pytest.approx(sum(people.values()))
    assert set(zones) == {h3.cell_to_parent(name, 10) for name in people}


def test_a_wrong_index_is_refused():
    with pytest.raises(ValueError, match="not valid"):
        cell_of("nonsense", CRS)
