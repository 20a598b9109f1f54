"""The park's frame, Chinese datums, convergence."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from gis.crs import Datum, ParkCrs, from_wgs84, gauss_kruger_epsg, to_wgs84, utm_epsg
from twin.core.errors import CrsError
from twin.core.geometry import FrameOrigin

QINGLIU = (116.815, 26.18)
ORIGIN = FrameOrigin(easting_m=500_000.0, northing_m=2_899_000.0, height_m=0.0)


def qingliu_crs(epsg: int = 4548) -> ParkCrs:
    return ParkCrs(epsg, ORIGIN)


def test_gcj02_offset_at_qingliu_is_471_m_east_366_m_south():
    crs = qingliu_crs()
    true = np.array(crs.to_local(*QINGLIU))
    chinese = np.array(crs.to_local(*from_wgs84(*QINGLIU, Datum.GCJ02)))
    east, north = chinese - true
    assert east == pytest.approx(471.0, abs=1.0)
    assert north == pytest.approx(-366.0, abs=1.0)


def test_gcj02_place_of_tiananmen_as_chinese_maps_give_it():
    # The flag pole: 116.391349 E, 39.907375 N (WGS 84); map services show 116.397 E, 39.909 N.
    lon, lat = from_wgs84(116.391349, 39.907375, Datum.GCJ02)
    assert float(lon) == pytest.approx(116.39759, abs=2e-5)
    assert float(lat) == pytest.approx(39.90878, abs=2e-5)


@settings(deadline=None, max_examples=60)
@given(
    lon=st.floats(74.0, 134.0),
    lat=st.floats(18.5, 53.0),
    datum=st.sampled_from([Datum.GCJ02, Datum.BD09]),
)
def test_chinese_datums_invert_to_a_tenth_of_a_millimetre(lon, lat, datum):
    back = to_wgs84(*from_wgs84(lon, lat, datum), datum)
    assert abs(float(back[0]) - lon) < 1e-9
    assert abs(float(back[1]) - lat) < 1e-9


def test_bd09_is_a_further_shift_of_hundreds_of_metres():
    geod = Geod(ellps="WGS84")
    gcj, bd = from_wgs84(*QINGLIU, Datum.GCJ02), from_wgs84(*QINGLIU, Datum.BD09)
    distance = geod.inv(float(gcj[0]), float(gcj[1]), float(bd[0]), float(bd[1]))[2]
    assert 800.0 < distance < 1100.0


def test_wgs84_passes_through_and_arrays_keep_their_shape():
    lon, lat = np.full((2, 3), 116.8), np.full((2, 3), 26.2)
    assert to_wgs84(lon, lat, Datum.WGS84)[0] is lon
    assert to_wgs84(lon, lat, Datum.BD09)[0].shape == (2, 3)


def test_chinese_datum_outside_china_is_refused():
    with pytest.raises(CrsError, match="gcj02 is defined in China only") as caught:
        to_wgs84([116.8, 1.5], [26.2, 42.5], Datum.GCJ02)
    assert caught.value.field == "datum"
    assert "只在中国境内" in caught.value.message_zh


@settings(deadline=None, max_examples=60)
@given(lon=st.floats(115.6, 118.4), lat=st.floats(23.0, 49.0))
def test_local_frame_round_trip(lon, lat):
    crs = qingliu_crs()
    back = crs.to_lonlat(*crs.to_local(lon, lat))
    assert float(back[0]) == pytest.approx(lon, abs=1e-9)
    assert float(back[1]) == pytest.approx(lat, abs=1e-9)


def test_x_is_east_although_epsg_4548_lists_north_first():
    crs = qingliu_crs()
    x, y = crs.to_local([116.9, 117.1, 116.9], [26.2, 26.2, 26.3])
    assert x[1] > x[0] + 19_000.0
    assert y[2] > y[0] + 11_000.0


def test_two_grids_of_one_place_agree_on_the_ground():
    crs = qingliu_crs()
    lon, lat = crs.to_lonlat(1234.5, -678.9)
    utm = ParkCrs(32650, ORIGIN)
    east, north = utm.to_crs(32650, *utm.to_local(lon, lat))
    x, y = crs.from_crs("EPSG:32650", east, north)
    assert (float(x), float(y)) == pytest.approx((1234.5, -678.9), abs=1e-4)


@pytest.mark.parametrize(("x", "sign"), [(100_000.0, 1.0), (-100_000.0, -1.0)])
def test_convergence_is_grid_minus_true_north_positive_east(x, sign):
    crs = qingliu_crs()
    lon, lat = (float(v) for v in crs.to_lonlat(x, 0.0))
    north_x, north_y = crs.to_local(lon, lat + 1e-4)
    bearing_of_true_north = math.degrees(math.atan2(float(north_x) - x, float(north_y)))
    assert crs.convergence_deg(x, 0.0) == pytest.approx(-bearing_of_true_north, abs=1e-4)
    assert crs.convergence_deg(x, 0.0) * sign > 0.4


def test_convergence_vanishes_on_the_central_meridian():
    assert abs(qingliu_crs().convergence_deg(0.0, 0.0)) < 1e-9


def test_scale_factor_matches_a_measured_distance():
    crs = qingliu_crs(32650)
    x = 60_000.0
    lon, lat = crs.to_lonlat([x, x], [0.0, 1000.0])
    true = Geod(ellps="WGS84").inv(lon[0], lat[0], lon[1], lat[1])[2]
    assert crs.scale_factor(x, 500.0) == pytest.approx(1000.0 / true, abs=1e-6)


@pytest.mark.parametrize("place", [(26.18, 116.815), (120.0, 26.2), (117.0, 5.0), (math.nan, 26.0)])
def test_places_outside_the_area_of_use_are_refused(place):
    with pytest.raises(CrsError, match="outside the area of use of EPSG:4548") as caught:
        qingliu_crs().to_local(*place)
    assert "适用范围" in caught.value.message_zh


def test_local_places_outside_the_area_of_use_are_refused():
    with pytest.raises(CrsError):
        qingliu_crs().to_lonlat(3.0e6, 0.0)


@pytest.mark.parametrize(
    ("epsg", "word"), [(4326, "not a projected"), (2229, "not a projected"), (999999, "not a known")]
)
def test_only_metric_grids_can_carry_a_park(epsg, word):
    with pytest.raises(CrsError, match=word):
        ParkCrs(epsg, ORIGIN)


@pytest.mark.parametrize(
    ("lon", "lat", "epsg"), [(116.8, 26.2, 32650), (-118.1, 34.3, 32611), (180, -1, 32760)]
)
def test_utm_zone(lon, lat, epsg):
    assert utm_epsg(lon, lat) == epsg


@pytest.mark.parametrize(
    ("lon", "epsg"), [(117.0, 4548), (115.5, 4548), (118.49, 4548), (118.5, 4549), (75, 4534)]
)
def test_gauss_kruger_zone(lon, epsg):
    assert gauss_kruger_epsg(lon) == epsg
    assert ParkCrs(epsg, ORIGIN).epsg == epsg


def test_gauss_kruger_outside_china_is_refused():
    with pytest.raises(CrsError):
        gauss_kruger_epsg(1.5)
