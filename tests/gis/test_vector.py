"""Vector files: out and in again, Chinese, other systems, and the bad ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyogrio.raw
import pytest
import shapely
from shapely.affinity import translate
from shapely.geometry import LineString, Point, Polygon, box

from gis.crs import Datum, ParkCrs, from_wgs84
from gis.vector import VectorLayer, VectorOptions, list_layers, read_layer, write_layer
from twin.core.errors import VectorError
from twin.core.geometry import FrameOrigin

CRS = ParkCrs(4548, FrameOrigin(easting_m=500_000.0, northing_m=2_899_000.0, height_m=0.0))
PLOTS = VectorLayer(
    name="plots",
    shapes=(
        box(0.0, 0.0, 100.0, 50.0),
        Polygon([(200, 0), (300, 10), (250, 90)], [[(240, 20), (260, 20), (250, 40)]]),
    ),
    attributes={
        "名称": ("福宝片", "大路口片"),
        "ha": (142.8197, None),
        "count": (3, 4),
        "note": ("氟化氢储罐区", None),
    },
)


def raw(path: Path, wkb: np.ndarray, driver: str, crs: str | None, kind: str, **columns: str) -> None:
    """A file straight from the library, one text column per keyword (comma-separated values)."""
    values = [np.array(text.split(","), dtype=object) for text in columns.values()]
    names = np.array(list(columns), dtype=object)
    pyogrio.raw.write(path, wkb, values, names, crs=crs, geometry_type=kind, driver=driver)


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson", ".fgb", ".shp"])
def test_out_and_in_again(tmp_path: Path, suffix: str):
    path = tmp_path / f"plots{suffix}"
    write_layer(path, PLOTS, CRS)
    back = read_layer(path, CRS)
    order = np.argsort([shape.centroid.x for shape in back.shapes])  # FlatGeobuf sorts by place
    for index, shape in zip(order, PLOTS.shapes, strict=True):
        assert shapely.hausdorff_distance(back.shapes[index], shape) < 1e-3
    for name, values in PLOTS.attributes.items():
        assert tuple(back.attributes[name][k] for k in order) == values
    assert not [p for p in tmp_path.iterdir() if p.is_dir()]


def test_geojson_is_longitude_and_latitude(tmp_path: Path):
    write_layer(tmp_path / "p.geojson", PLOTS, CRS)
    meta, _, packed, _ = pyogrio.raw.read(tmp_path / "p.geojson")
    lon, lat = shapely.get_coordinates(shapely.from_wkb(packed[0]))[0]
    assert (lon, lat) == pytest.approx(tuple(float(v) for v in CRS.to_lonlat(0.0, 50.0)), abs=0.01)
    assert meta["crs"] == "EPSG:4326"


def test_another_projection_is_moved(tmp_path: Path):
    east, north = CRS.to_crs(32650, 120.0, -80.0)
    wkb = shapely.to_wkb(np.array([Point(float(east), float(north))], dtype=object))
    raw(tmp_path / "u.gpkg", wkb, "GPKG", "EPSG:32650", "Point")
    shape = read_layer(tmp_path / "u.gpkg", CRS).shapes[0]
    assert (shape.x, shape.y) == pytest.approx((120.0, -80.0), abs=1e-3)


@pytest.mark.parametrize("datum", [Datum.GCJ02, Datum.BD09])
def test_a_tower_from_a_chinese_map_stands_on_its_hill(tmp_path: Path, datum: Datum):
    lon, lat = from_wgs84(*CRS.to_lonlat(250.0, -125.0), datum)
    text = '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{},"geometry":'
    text += f'{{"type":"Point","coordinates":[{float(lon)!r},{float(lat)!r}]}}}}]}}'
    (tmp_path / "tower.geojson").write_text(text)
    right = read_layer(tmp_path / "tower.geojson", CRS, options=VectorOptions(datum=datum)).shapes[0]
    wrong = read_layer(tmp_path / "tower.geojson", CRS).shapes[0]
    assert (right.x, right.y) == pytest.approx((250.0, -125.0), abs=1e-3)
    assert wrong.distance(right) > 500.0


def test_old_chinese_shapefile_without_code_page(tmp_path: Path):
    path = tmp_path / "old.shp"
    wkb = shapely.to_wkb(np.array([Point(500_100.0, 2_899_100.0)], dtype=object))
    names = np.array(["企业"], dtype=object)
    values = [np.array(["福宝氟化工"], dtype=object)]
    pyogrio.raw.write(
        path,
        wkb,
        values,
        names,
        crs="EPSG:4548",
        geometry_type="Point",
        driver="ESRI Shapefile",
        encoding="GB18030",
    )
    path.with_suffix(".cpg").unlink()
    assert read_layer(path, CRS).attributes == {"企业": ("福宝氟化工",)}


def test_shapes_that_cross_themselves_are_repaired_and_missing_ones_left_out(tmp_path: Path):
    bow, square = Polygon([(0, 0), (10, 10), (10, 0), (0, 10)]), box(0, 0, 5, 5)
    placed = [shapely.to_wkb(translate(shape, 500_000.0, 2_899_000.0)) for shape in (bow, square)]
    wkb = np.array([placed[0], None, placed[1]], dtype=object)
    raw(tmp_path / "c.gpkg", wkb, "GPKG", "EPSG:4548", "Unknown", id="a,b,c")
    layer = read_layer(tmp_path / "c.gpkg", CRS)
    assert layer.attributes == {"id": ("a", "c")}
    assert all(shape.is_valid for shape in layer.shapes)
    assert layer.shapes[0].area == pytest.approx(50.0)
    assert [note.en.split(": ")[1] for note in layer.notes] == [
        "1 shapes that crossed themselves were repaired",
        "1 features without a shape were left out",
    ]


def test_places_far_from_the_park_are_refused_with_the_file(tmp_path: Path):
    wkb = np.array([shapely.to_wkb(Point(0.0, 0.0))], dtype=object)
    raw(tmp_path / "far.gpkg", wkb, "GPKG", "EPSG:4548", "Point")
    with pytest.raises(VectorError, match=r"far\.gpkg: .*outside the area of use"):
        read_layer(tmp_path / "far.gpkg", CRS)


def test_layers_are_found_by_name(tmp_path: Path):
    write_layer(tmp_path / "p.gpkg", PLOTS, CRS)
    assert list_layers(tmp_path / "p.gpkg") == ("plots",)
    with pytest.raises(VectorError, match=r"p\.gpkg: layer is roads; expected one of plots"):
        read_layer(tmp_path / "p.gpkg", CRS, "roads")


def mixed(**attributes: tuple[object, ...]) -> VectorLayer:
    return VectorLayer(
        name="m",
        shapes=(Point(0.0, 0.0), LineString([(0, 0), (9, 9)])),
        attributes=attributes or {"id": ("a", "b")},
    )


LONG_NAME = VectorLayer(name="a", shapes=(Point(0, 0),), attributes={"占地面积公顷": (1.0,)})


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson", ".fgb"])
def test_mixed_shapes_go_where_the_format_allows(tmp_path: Path, suffix: str):
    write_layer(tmp_path / f"m{suffix}", mixed(), CRS)
    kinds = {shape.geom_type for shape in read_layer(tmp_path / f"m{suffix}", CRS).shapes}
    assert kinds == {"Point", "LineString"}


@pytest.mark.parametrize(
    ("name", "layer", "field"),
    [
        ("m.shp", mixed(), "shapes"),
        ("m.xyz", PLOTS, "suffix"),
        (
            "m.shp",
            VectorLayer(name="a", shapes=(Point(0, 0),), attributes={"占地面积公顷": (1.0,)}),
            "attribute 占地面积公顷",
        ),
        ("m.gpkg", mixed(id=("a", 3)), "attribute id"),
        ("m.gpkg", VectorLayer(name="a", shapes=(), attributes={}), "shapes"),
        ("no/m.gpkg", PLOTS, "file"),
    ],
)
def test_what_cannot_be_written_is_refused(tmp_path: Path, name: str, layer: VectorLayer, field: str):
    with pytest.raises(VectorError) as caught:
        write_layer(tmp_path / name, layer, CRS)
    assert caught.value.field == field
    assert "应为" in caught.value.message_zh
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_read_is_refused(tmp_path: Path):
    (tmp_path / "text.gpkg").write_text("no geopackage")
    wkb = shapely.to_wkb(np.array([Point(1.0, 2.0)], dtype=object))
    with pytest.warns(UserWarning, match="crs"):
        pyogrio.raw.write(
            tmp_path / "n.fgb",
            wkb,
            [],
            np.array([], dtype=object),
            geometry_type="Point",
            driver="FlatGeobuf",
        )
    write_layer(tmp_path / "p.gpkg", PLOTS, CRS)
    for name, options, word in (
        ("text.gpkg", None, "format is"),
        ("none.gpkg", None, "path is missing"),
        ("n.fgb", None, "CRS is missing"),
        ("p.gpkg", VectorOptions(datum=Datum.GCJ02), "datum is gcj02"),
    ):
        with pytest.raises(VectorError, match=word) as caught:
            read_layer(tmp_path / name, CRS, options=options)
        assert caught.value.source == name


def test_andorra_roads_come_in_from_osm(geo_data: Path):
    lon_lat = ParkCrs(32631, FrameOrigin(easting_m=0.0, northing_m=0.0, height_m=0.0)).to_local(1.52, 42.51)
    origin = FrameOrigin(easting_m=float(lon_lat[0]), northing_m=float(lon_lat[1]), height_m=0.0)
    layer = read_layer(geo_data / "andorra" / "andorra.osm.pbf", ParkCrs(32631, origin), "lines")
    assert len(layer.shapes) == 2081
    assert sum(1 for kind in layer.attributes["waterway"] if kind) == 146
