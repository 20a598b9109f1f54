"""A new park from files: what comes out of real and of bad input, and that nothing is left behind."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import rasterio
import shapely
from rasterio.transform import from_origin
from shapely.geometry import Polygon, box

from gis.datum import Datum
from gis.scene.check import check_scene
from gis.scene.geopackage import plain
from gis.scene.import_osm import height_of, tags_of
from gis.scene.import_request import choose_epsg
from gis.scene.importer import ImportRequest, import_scene
from gis.scene.load import load_scene
from twin.core.errors import CrsError, RasterError, SceneError
from twin.core.origin import Origin
from twin.core.text import Text

NAME = Text(zh="新园区", en="New park")
CENTRE = (117.0, 26.2)


def write_dem(path: Path, *, crs: str | None = "EPSG:32650", value: float | None = None) -> Path:
    """A tilted plane of 5 km around the centre at 50 m, UTM 50."""
    east, north = 500000.0 - 2500.0, 2898127.0 + 3500.0
    rows, cols = np.mgrid[0:140, 0:100]
    heights = (300.0 + 0.5 * cols - 0.2 * rows).astype(np.float32) if value is None else None
    data = np.full((140, 100), value, dtype=np.float32) if heights is None else heights
    with rasterio.open(
        path, "w", driver="GTiff", width=100, height=140, count=1, dtype="float32", crs=crs,
        transform=from_origin(east, north, 50.0, 50.0), nodata=-9999.0,
    ) as dataset:  # fmt: skip
        dataset.write(data, 1)
    return path


@pytest.fixture
def dem(tmp_path) -> Path:
    return write_dem(tmp_path / "dem.tif")


def request(tmp_path: Path, **values: object) -> ImportRequest:
    defaults: dict[str, object] = {
        "folder": tmp_path / "parks" / "new",
        "id": "new",
        "name": NAME,
        "centre_lonlat_deg": CENTRE,
        "size_m": (2000.0, 1600.0),
        "step_m": 20.0,
    }
    return ImportRequest(**(defaults | values))


def write_boundary(
    path: Path, shape: Polygon, *, crs: str | None = "EPSG:4326", driver: str = "GeoJSON"
) -> Path:
    pyogrio.raw.write(
        path, np.array([shapely.to_wkb(shape)], dtype=object), [np.array(["北片"], dtype=object)], ["name"],
        driver=driver, geometry_type=shape.geom_type, crs=crs,
    )  # fmt: skip
    return path


def nothing_left(tmp_path: Path) -> bool:
    folder = tmp_path / "parks"
    return not folder.exists() or not list(folder.iterdir())


def test_a_park_from_a_dem_alone(tmp_path, dem):
    folder = import_scene(request(tmp_path, dem=(dem,)))
    scene = load_scene(folder)
    assert check_scene(folder) == []
    assert scene.park.epsg == 4548
    assert len(scene.park.stations) == 4
    assert len(scene.park.beams) == 20
    assert {device.origin for device in scene.park.devices} == {Origin.MEASURED}
    assert len(scene.park.devices) == 24
    assert not scene.park.terrain_is_demonstration
    assert "dem.tif" in (folder / "SOURCES.md").read_text()
    assert [path.name for path in (tmp_path / "parks").iterdir()] == ["new"]


def test_the_ground_is_that_of_the_dem(tmp_path, dem):
    scene = load_scene(import_scene(request(tmp_path, dem=(dem,))))
    terrain = scene.terrain()
    with rasterio.open(dem) as source:
        for x, y in ((0.0, 0.0), (700.0, -400.0), (-900.0, 600.0)):
            lon, lat = lonlat(scene.park, x, y)
            east, north = rasterio.warp.transform("EPSG:4326", source.crs, [lon], [lat])
            there = next(source.sample([(east[0], north[0])]))[0]
            assert terrain.height_at(x, y) == pytest.approx(there, abs=0.6)


def lonlat(park, x, y):
    from gis.crs import ParkCrs

    lon, lat = ParkCrs(park.epsg, park.origin).to_lonlat(x, y)
    return float(lon), float(lat)


def test_the_datum_switch_moves_a_chinese_map_centre(tmp_path, dem):
    """A GCJ-02 centre read as WGS 84 lies some 470 m east and 370 m south (see the notes)."""
    plain = load_scene(import_scene(request(tmp_path / "a", dem=(dem,)))).park
    moved = load_scene(import_scene(request(tmp_path / "b", dem=(dem,), datum=Datum.GCJ02))).park
    east = plain.origin.easting_m - moved.origin.easting_m
    north = plain.origin.northing_m - moved.origin.northing_m
    assert east == pytest.approx(480.0, abs=40.0)
    assert north == pytest.approx(-370.0, abs=40.0)


def test_a_boundary_gives_extent_and_areas(tmp_path, dem):
    path = write_boundary(tmp_path / "b.geojson", box(116.998, 26.198, 117.003, 26.203))
    park = load_scene(import_scene(request(tmp_path, dem=(dem,), boundary=path, centre_lonlat_deg=None))).park
    area = park.areas[0]
    assert (area.name.zh, area.stated_ha) == ("北片", pytest.approx(area.outline.area / 1e4, rel=1e-4))
    assert area.outline.area == pytest.approx(499.6 * 554.0, rel=0.01)
    assert park.extent.width_m == pytest.approx(499.6 + 1200.0, abs=40.0)
    assert all(
        area.outline.distance(shapely.Point(s.tower.base.x_m, s.tower.base.y_m)) < 300 for s in park.stations
    )


def test_the_datum_applies_to_a_geographic_boundary(tmp_path, dem):
    path = write_boundary(tmp_path / "b.geojson", box(116.998, 26.198, 117.003, 26.203))
    plain = load_scene(import_scene(request(tmp_path / "a", dem=(dem,), boundary=path))).park
    moved = load_scene(
        import_scene(request(tmp_path / "b", dem=(dem,), boundary=path, datum=Datum.GCJ02))
    ).park
    # Centre and boundary move together, so the area keeps its place in the local frame.
    assert moved.areas[0].outline.centroid.distance(plain.areas[0].outline.centroid) < 2.0


def test_boreholes_bring_their_strata(tmp_path, dem):
    path = tmp_path / "holes.csv"
    path.write_text(
        "id,lon_deg,lat_deg,depth_m,fill,clay,gravel\n"
        "B1,117.000,26.200,12,1.5,3,6\nB2,117.002,26.201,6,1,2.5,\nB3,117.3,26.2,9,1,2,3\n"
    )
    park = load_scene(import_scene(request(tmp_path, dem=(dem,), boreholes=path))).park
    assert [row.id for row in park.strata] == ["fill", "clay", "gravel"]
    assert [(hole.id, hole.thickness_m) for hole in park.boreholes] == [
        ("B1", (1.5, 3.0, 6.0)),
        ("B2", (1.0, 2.5, None)),
    ]
    assert park.boreholes[1].collar.x_m == pytest.approx(199.8, abs=0.5)


def test_stations_of_a_list(tmp_path, dem):
    path = tmp_path / "stations.csv"
    path.write_text(
        "id,name_zh,name_en,lon_deg,lat_deg,platform_height_m,beams\nN1,北站,North,117.0,26.203,25,3\n"
    )
    park = load_scene(import_scene(request(tmp_path, dem=(dem,), stations=path))).park
    assert [(s.id, s.tower.platform_height_m) for s in park.stations] == [("N1", 25.0)]
    assert len(park.beams) == 3


def test_a_flat_ground_is_told(tmp_path):
    park = load_scene(import_scene(request(tmp_path, flat_level_m=193.0))).park
    assert park.terrain_is_demonstration
    assert "flat" in park.notice.en
    assert "平面" in park.notice.zh


BAD = {
    "no centre": ({"centre_lonlat_deg": None}, ["centre", "None"]),
    "no ground": ({"dem": ()}, ["dem", "flat_level_m"]),
    "bad id": ({"id": "New Park"}, ["id", "New Park"]),
    "step too coarse": ({"step_m": 200.0}, ["step_m", "200"]),
    "file not there": ({"osm": (Path("nowhere.osm.pbf"),)}, ["nowhere.osm.pbf"]),
    "centre swapped": ({"centre_lonlat_deg": (26.2, 117.0)}, ["117"]),
    "place outside the DEM": ({"centre_lonlat_deg": (117.5, 26.2)}, ["dem.tif"]),
    "datum outside China": ({"centre_lonlat_deg": (1.5, 42.5), "datum": Datum.GCJ02}, ["gcj02", "1.5"]),
    "wrong zone": ({"epsg": 4534}, ["117", "4534"]),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_request_is_named_and_leaves_nothing(case, tmp_path, dem):
    values, words = BAD[case]
    with pytest.raises((SceneError, CrsError)) as caught:
        import_scene(request(tmp_path, **({"dem": (dem,)} | values)))
    assert all(word in caught.value.message for word in words), caught.value.message
    assert caught.value.message_zh != caught.value.message
    assert nothing_left(tmp_path)


def bad_rasters(folder: Path) -> dict[str, Path]:
    """One raster of each bad kind; the raster room tests each kind's own message."""
    text = folder / "text.tif"
    text.write_text("not a raster")
    tiny = folder / "tiny.tif"
    with rasterio.open(
        tiny, "w", driver="GTiff", width=1, height=1, count=1, dtype="float32", crs="EPSG:32650",
        transform=from_origin(499900.0, 2899000.0, 4000.0, 4000.0),
    ) as dataset:  # fmt: skip
        dataset.write(np.full((1, 1, 1), 300, dtype=np.float32))
    broken_npz = folder / "broken.npz"
    np.savez(broken_npz, heights=np.zeros((3, 3)))
    return {
        "no CRS": write_dem(folder / "nocrs.tif", crs=None),
        "no value at all": write_dem(folder / "void.tif", value=-9999.0),
        "not a raster": text,
        "one cell": tiny,
        "npz without its arrays": broken_npz,
    }


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.parametrize(
    "kind", ["no CRS", "no value at all", "not a raster", "one cell", "npz without its arrays"]
)
def test_a_bad_raster_is_named_and_leaves_nothing(kind, tmp_path):
    path = bad_rasters(tmp_path)[kind]
    with pytest.raises(SceneError) as caught:
        import_scene(request(tmp_path, dem=(path,)))
    assert path.name in caught.value.message
    assert isinstance(caught.value, RasterError) or path.suffix == ".npz"
    assert nothing_left(tmp_path)


def bad_tables(folder: Path) -> dict[str, dict[str, Path]]:
    holes = folder / "holes.csv"
    holes.write_text("id,lon_deg,lat_deg,depth_m,clay\nB1,117.0,26.2,deep,3\n")
    columns = folder / "columns.csv"
    columns.write_text("id,x,y,depth_m,clay\nB1,0,0,5,3\n")
    thick = folder / "thick.csv"
    thick.write_text("id,lon_deg,lat_deg,depth_m,clay\nB1,117.0,26.2,2,3\n")
    stations = folder / "stations.csv"
    stations.write_text(
        "id,name_zh,name_en,lon_deg,lat_deg,platform_height_m,beams\nN1,北,North,118.0,26.2,25,3\n"
    )
    osm = folder / "map.osm.pbf"
    osm.write_bytes(b"\x00\x00\x00\x0dnot a map")
    bow = write_boundary(
        folder / "bow.geojson", Polygon([(117, 26.2), (117.01, 26.21), (117.01, 26.2), (117, 26.21)])
    )
    points = write_boundary(folder / "points.geojson", shapely.Point(117.0, 26.2))
    return {
        "depth is a word": {"boreholes": holes},
        "columns are missing": {"boreholes": columns},
        "thicker than deep": {"boreholes": thick},
        "station outside": {"stations": stations},
        "not a map": {"osm": (osm,)},
        "boundary crosses itself": {"boundary": bow},
        "boundary of points": {"boundary": points},
    }


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("depth is a word", ["holes.csv", "line 2", "depth_m", "deep"]),
        ("columns are missing", ["columns.csv", "lon_deg"]),
        ("thicker than deep", ["boreholes.csv", "B1", "3"]),
        ("station outside", ["stations.csv", "line 2", "118"]),
        ("not a map", ["map.osm.pbf"]),
        ("boundary crosses itself", ["bow.geojson", "Self-intersection"]),
        ("boundary of points", ["points.geojson", "polygon"]),
    ],
)
def test_a_bad_table_is_named_and_leaves_nothing(kind, words, tmp_path, dem):
    with pytest.raises(SceneError) as caught:
        import_scene(request(tmp_path, dem=(dem,), **bad_tables(tmp_path)[kind]))
    assert all(word in caught.value.message for word in words), caught.value.message
    assert nothing_left(tmp_path)


def test_a_boundary_without_crs_is_refused(tmp_path, dem):
    path = tmp_path / "b.gpkg"
    with pytest.warns(UserWarning, match="crs"):
        write_boundary(path, box(116.9, 26.1, 117.0, 26.2), crs=None, driver="GPKG")
    with pytest.raises(SceneError, match=r"b\.gpkg: crs"):
        import_scene(request(tmp_path, dem=(dem,), boundary=path))


def test_an_existing_folder_is_never_touched(tmp_path, dem):
    folder = tmp_path / "parks" / "new"
    folder.mkdir(parents=True)
    (folder / "mine.txt").write_text("mine")
    with pytest.raises(SceneError, match="folder"):
        import_scene(request(tmp_path, dem=(dem,)))
    assert (folder / "mine.txt").read_text() == "mine"


def test_gaps_in_tags_are_left_out():
    """The vector reader's gap value for text is NaN, a float; it must not become a tag."""
    assert plain(math.nan) is None
    assert plain(np.float64(math.nan)) is None
    assert tags_of({"name": plain(math.nan), "highway": "track", "other_tags": math.nan}) == {
        "highway": "track"
    }
    assert tags_of({"other_tags": '"a"=>"b \\"c\\"","d"=>"e,f"'}) == {"a": 'b "c"', "d": "e,f"}


@pytest.mark.parametrize(
    ("tags", "height_m"),
    [
        ({"building": "yes", "height": "12.5 m"}, 12.5),
        ({"building": "yes", "building:levels": "3"}, 9.6),
        ({"building": "church"}, 18.0),
        ({"building": "yes", "height": "tall"}, 7.0),
        ({"building": "yes", "height": "0"}, 7.0),
    ],
)
def test_building_heights(tags, height_m):
    assert height_of(tags) == pytest.approx(height_m)


@pytest.mark.parametrize(
    ("lon", "lat", "epsg"),
    [(117.0, 26.2, 4548), (116.8, 26.2, 4548), (114.5, 30.5, 4547), (1.5, 42.5, 32631), (-118.1, 34.3, 32611),
     (117.4, -22.6, 32750)],
)  # fmt: skip
def test_the_crs_follows_the_place(lon, lat, epsg):
    assert choose_epsg(lon, lat) == epsg


REAL = {
    # each place with its request, its system, and the range of its heights
    "andorra": (
        {
            "dem": ("andorra/N42E001.hgt.zip",),
            "osm": ("andorra/andorra.osm.pbf",),
            "centre_lonlat_deg": (1.475, 42.4382),
            "size_m": (3000.0, 3000.0),
        },
        32631,
        700.0,
        2100.0,
    ),
    "bigtujunga": ({"dem": ("bigtujunga.tif",), "centre_lonlat_deg": (-118.15, 34.32)}, 32611, 500.0, 1700.0),
    "jacksboro": (
        {"dem": ("jacksboro_fault_dem.npz",), "centre_lonlat_deg": (-84.25, 36.58)},
        32616,
        236.0,
        1076.0,
    ),
    "hamersley": (
        {
            "dem": ("geology/hamersley_dtm_rp.tif",),
            "centre_lonlat_deg": (117.37, -22.62),
            "size_m": (8000.0, 8000.0),
            "step_m": 50.0,
        },
        32750,
        400.0,
        1000.0,
    ),
    "krems": (
        {
            "osm": ("krems.osm.gz",),
            "flat_level_m": 193.0,
            "centre_lonlat_deg": (15.64, 48.409),
            "size_m": (2400.0, 1800.0),
        },
        32633,
        193.0,
        193.0,
    ),
}


@pytest.mark.parametrize("place", REAL)
def test_every_real_input_becomes_a_park(place, tmp_path, geo_data):
    values, epsg, lowest, highest = REAL[place]
    values = dict(values)
    for key in ("dem", "osm"):
        values[key] = tuple(geo_data / name for name in values.get(key, ()))
    folder = import_scene(request(tmp_path, **values))
    scene = load_scene(folder)
    heights = scene.terrain().heights_m
    assert scene.park.epsg == epsg
    assert lowest <= heights.min() <= heights.max() <= highest
    assert scene.park.stations
    assert scene.park.beams
    if values["osm"]:
        assert len(scene.park.roads) > 20
        assert scene.park.areas[0].name.zh != "关注区"
        assert "OpenStreetMap" in scene.park.notice.en
