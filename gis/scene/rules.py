"""Rules that join the files of a scene: names that must exist, shapes and numbers that must agree."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from gis.scene.geopackage import FILE as DRAWN_FILE
from gis.scene.geopackage import AnyFeature, Drawn
from gis.scene.groundwater import check_water
from gis.scene.judging_rules import check_judging
from gis.scene.line_rules import check_lines
from gis.scene.problems import Problems
from gis.scene.schema import BeamRow, DeviceRow, FactorRow, StationRow, WellRow
from gis.scene.tables import HoleRow, Tables
from twin.core.errors import UnitError
from twin.core.quantity import quantity, substance_of
from twin.core.units import unit

HECTARE_TOLERANCE = 0.005
M2_PER_HA = 10_000.0
DEPTH_TOLERANCE_M = 0.01
STANDARD_MN = re.compile(r"[0-9A-F]{24}")


def check_rules(tables: Tables, drawn: Drawn, problems: Problems) -> None:
    """Note every broken rule."""
    _check_unique(tables, drawn, problems)
    _check_stations(tables, drawn, problems)
    _check_wells(tables.wells.wells, {row.id for row in tables.strata.strata}, problems)
    _check_holes(tables.holes, problems)
    _check_devices(tables, {f.row.id for f in drawn.units}, problems)
    check_lines(tables, problems)
    check_judging(tables, problems)
    if tables.water is not None:
        check_water(tables.water, tables.wells.wells, (row.id for row in tables.strata.strata), problems)
    _check_substances(tables, drawn, problems)
    _check_layers(drawn, problems)
    _check_inside(tables, drawn, problems)


def _check_unique(tables: Tables, drawn: Drawn, problems: Problems) -> None:
    sensors = [row.id for row in tables.beams.beams] + [row.id for row in tables.wells.wells]
    sensors += [row.weather.id for row in tables.stations.stations]
    named: Sequence[tuple[str, str, Iterable[str]]] = (
        ("stations.toml", "id", (row.id for row in tables.stations.stations)),
        ("beams.toml, wells.toml, stations.toml", "sensor id", sensors),
        ("strata.toml", "id", (row.id for row in tables.strata.strata)),
        ("boreholes.csv", "id", (row.fixed.id for row in tables.holes)),
        ("chemicals.csv", "id", (row.id for row in tables.chemicals)),
        ("devices.toml", "mn", (row.mn for row in tables.devices.devices)),
        ("devices.toml", "sensor_id", (row.sensor_id for row in tables.devices.devices)),
    )
    for file, field, values in named:
        for value in _repeated(values):
            problems.add(file, field, value, "every one only once", "不重复的值")
    for layer in Drawn.__dataclass_fields__:
        features: tuple[AnyFeature, ...] = getattr(drawn, layer)
        for value in _repeated(feature.row.id for feature in features):
            problems.add(DRAWN_FILE, f"{layer}, id", value, "every one only once", "不重复的值")


def _repeated(values: Iterable[str]) -> list[str]:
    return [value for value, count in Counter(values).items() if count > 1]


def _known(
    problems: Problems, file: str, where: str, value: str, known: Iterable[str], what: tuple[str, str]
) -> bool:
    names = sorted(known)
    if value in names:
        return True
    shown = ", ".join(names[:12]) or "none"
    problems.add(file, where, value, f"the id of {what[0]} ({shown})", f"{what[1]}的编号（{shown}）")
    return False


_STATION = ("a station", "站点")
# Protocols that send bare counts, which only a factor of the record turns into values.
_COUNTS = frozenset({"modbus"})
_AREA = ("an area", "片区")


def _check_stations(tables: Tables, drawn: Drawn, problems: Problems) -> None:
    areas = [feature.row.id for feature in drawn.areas]
    stations = {row.id: row for row in tables.stations.stations}
    for row in stations.values():
        _known(problems, "stations.toml", f"{row.id}, area_id", row.area_id, areas, _AREA)
    for beam in tables.beams.beams:
        _known(problems, "beams.toml", f"{beam.id}, station_id", beam.station_id, stations, _STATION)
        _check_beam_length(beam, stations.get(beam.station_id), problems)


def _check_beam_length(beam: BeamRow, station: StationRow | None, problems: Problems) -> None:
    if station is None:
        return
    length_m = ((beam.x_m - station.x_m) ** 2 + (beam.y_m - station.y_m) ** 2) ** 0.5
    if not 5.0 <= length_m <= 3000.0:
        problems.add(
            "beams.toml",
            f"{beam.id}, length in metres",
            round(length_m, 1),
            "5 to 3000 m between station and emitter",
            "站点与发射端之间 5 至 3000 米",
        )


def _check_wells(wells: Sequence[WellRow], strata: Iterable[str], problems: Problems) -> None:
    known = set(strata)
    for row in wells:
        _known(problems, "wells.toml", f"{row.id}, stratum_id", row.stratum_id, known, ("a stratum", "地层"))
        if row.screen_bottom_m <= row.screen_top_m:
            problems.add(
                "wells.toml",
                f"{row.id}, screen_bottom_m",
                row.screen_bottom_m,
                f"more than screen_top_m, {row.screen_top_m:g}",
                f"大于 screen_top_m（{row.screen_top_m:g}）",
            )
        if row.screen_bottom_m > row.depth_m + DEPTH_TOLERANCE_M:
            problems.add(
                "wells.toml",
                f"{row.id}, screen_bottom_m",
                row.screen_bottom_m,
                f"at most depth_m, {row.depth_m:g}",
                f"不大于井深 depth_m（{row.depth_m:g}）",
            )


def _check_holes(holes: Sequence[HoleRow], problems: Problems) -> None:
    for hole in holes:
        known = [value for value in hole.thickness_m if value is not None]
        if hole.thickness_m[: len(known)] != tuple(known):
            problems.add(
                "boreholes.csv",
                f"{hole.fixed.id}, thickness",
                hole.thickness_m,
                "empty cells only below the last stratum that was passed",
                "只有最后穿透的地层以下才可留空",
            )
        total = sum(known)
        if total > hole.fixed.depth_m + DEPTH_TOLERANCE_M:
            problems.add(
                "boreholes.csv",
                f"{hole.fixed.id}, sum of thickness",
                round(total, 3),
                f"at most depth_m, {hole.fixed.depth_m:g}",
                f"不大于孔深 depth_m（{hole.fixed.depth_m:g}）",
            )


def _check_devices(tables: Tables, units: set[str], problems: Problems) -> None:
    """A device reports for a beam, a weather set, a well, a process unit, or its station's own receiver."""
    owners = {row.id: row.station_id for row in tables.beams.beams}
    owners |= {row.weather.id: row.id for row in tables.stations.stations}
    owners |= {row.id: row.id for row in tables.stations.stations}
    wells = {row.id for row in tables.wells.wells}
    stations = {row.id: row for row in tables.stations.stations}
    beams = Counter(row.station_id for row in tables.beams.beams)
    for name, factors in tables.devices.factor_sets.items():
        for factor in factors:
            _check_factor(name, factor, tables, problems)
    for row in tables.devices.devices:
        where = f"{row.mn}, "
        sensors = set(owners) | wells | units
        if row.sensor_id.rpartition(".")[0] not in sensors | set(stations):
            _known(
                problems, "devices.toml", where + "sensor_id", row.sensor_id, sensors, ("a sensor", "测点")
            )
        _known(problems, "devices.toml", where + "station_id", row.station_id, stations, _STATION)
        sets = tables.devices.factor_sets
        _known(problems, "devices.toml", where + "factors", row.factors, sets, ("a factor set", "因子组"))
        _check_number(row, problems)
        _check_scale(row, sets.get(row.factors, []), problems)
        _check_owner(row, owners, problems)
        station = stations.get(row.station_id)
        if station is not None and row.sensor_id in {beam.id for beam in tables.beams.beams}:
            _check_turn(row, station, beams[row.station_id], problems)


def _check_number(row: DeviceRow, problems: Problems) -> None:
    if not row.mn_outside_standard and not STANDARD_MN.fullmatch(row.mn):
        problems.add(
            "devices.toml",
            "mn",
            row.mn,
            "24 characters 0-9 A-F (HJ 212-2017), or mn_outside_standard = true beside it",
            "24 位 0-9 A-F（HJ 212-2017），或在同一设备写明 mn_outside_standard = true",
        )


def _check_scale(row: DeviceRow, factors: Sequence[FactorRow], problems: Problems) -> None:
    """A device that says its values in their unit says them itself: no factor of ours may bend them."""
    if row.protocol in _COUNTS:
        return
    for factor in factors:
        if factor.scale != 1.0 and not factor.raw_signal:
            problems.add(
                "devices.toml",
                f"{row.mn}, {factor.code}, scale",
                factor.scale,
                f"1: {row.protocol} sends values in their unit (or raw_signal = true for a bare signal)",
                f"1：{row.protocol} 上传的是带单位的数值（若为原始信号，请同时写明 raw_signal = true）",
            )


def _check_owner(row: DeviceRow, owners: dict[str, str], problems: Problems) -> None:
    owner = owners.get(row.sensor_id) or owners.get(row.sensor_id.rpartition(".")[0], row.station_id)
    if owner != row.station_id:
        problems.add(
            "devices.toml",
            f"{row.mn}, station_id",
            row.station_id,
            f"{owner}, the station of sensor {row.sensor_id}",
            f"测点 {row.sensor_id} 所属站点 {owner}",
        )


def _check_turn(row: DeviceRow, station: StationRow, beams: int, problems: Problems) -> None:
    """One receiver serves its emitters by turns, so a beam cannot report faster than one round."""
    round_s = station.dwell_s * beams
    if row.interval_s < round_s - 1e-6:
        problems.add(
            "devices.toml",
            f"{row.mn}, interval_s",
            row.interval_s,
            f"at least {round_s:g} s, one round of {beams} beams at {station.dwell_s:g} s each",
            f"不小于 {round_s:g} 秒（{beams} 条光路、每条 {station.dwell_s:g} 秒的一轮）",
        )


def _check_factor(name: str, factor: FactorRow, tables: Tables, problems: Problems) -> None:
    where = f"factor_sets.{name}, {factor.code}"
    try:
        si_unit = quantity(factor.quantity).si_unit
        if unit(factor.unit).dimension != unit(si_unit).dimension:
            problems.add(
                "devices.toml",
                f"{where}, unit",
                factor.unit,
                f"a unit of {si_unit}",
                f"可换算为 {si_unit} 的单位",
            )
    except UnitError as error:
        problems.add_error("devices.toml", error)
        return
    substance = substance_of(factor.quantity)
    if substance is not None:
        known = {row.id for row in tables.chemicals}
        _known(problems, "devices.toml", f"{where}, quantity", substance, known, ("a substance", "物质"))
    if factor.low is not None and factor.high is not None and factor.low >= factor.high:
        problems.add(
            "devices.toml",
            f"{where}, high",
            factor.high,
            f"more than low, {factor.low:g}",
            f"大于 low（{factor.low:g}）",
        )


def _check_substances(tables: Tables, drawn: Drawn, problems: Problems) -> None:
    known = {row.id for row in tables.chemicals}
    what = ("a substance", "物质")
    for row in tables.chemicals:
        if not cas_is_valid(row.cas):
            problems.add(
                "chemicals.csv",
                f"{row.id}, cas",
                row.cas,
                "a CAS number with its check digit",
                "校验位正确的 CAS 号",
            )
    for limit in tables.thresholds:
        where = f"{limit.substance_id} level {limit.level}, substance_id"
        _known(problems, "thresholds.csv", where, limit.substance_id, known, what)
    for tank in drawn.tanks:
        where = f"tanks {tank.row.id}, substance_id"
        _known(problems, DRAWN_FILE, where, tank.row.substance_id, known, what)
    for unit_ in drawn.units:
        for name in split_ids(unit_.row.substance_ids):
            _known(problems, DRAWN_FILE, f"units {unit_.row.id}, substance_ids", name, known, what)


def cas_is_valid(cas: str) -> bool:
    """Whether the last digit of a CAS number is the sum of the others weighted by place, modulo 10.

    >>> cas_is_valid("7664-39-3"), cas_is_valid("7647-1-0")
    (True, False)
    """
    digits = [int(char) for char in cas if char.isdigit()]
    return sum(k * digit for k, digit in enumerate(reversed(digits))) % 10 == digits[-1]


def split_ids(text: str) -> tuple[str, ...]:
    """Ids of a comma-separated cell."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _check_layers(drawn: Drawn, problems: Problems) -> None:
    areas = {feature.row.id for feature in drawn.areas}
    plots = {feature.row.id for feature in drawn.plots}
    for area in drawn.areas:
        drawn_ha = area.shape.area / M2_PER_HA
        if abs(drawn_ha - area.row.stated_ha) > HECTARE_TOLERANCE * area.row.stated_ha:
            problems.add(
                DRAWN_FILE,
                f"areas {area.row.id}, drawn hectares",
                round(drawn_ha, 4),
                f"the stated {area.row.stated_ha:g} ha within 0.5 %",
                f"与所述 {area.row.stated_ha:g} 公顷相差不超过 0.5 %",
            )
    for plot in drawn.plots:
        if plot.row.area_id:
            where = f"plots {plot.row.id}, area_id"
            _known(problems, DRAWN_FILE, where, plot.row.area_id, areas, _AREA)
    for layer in (drawn.buildings, drawn.tanks, drawn.units):
        for feature in layer:
            if feature.row.plot_id:
                where = f"{feature.row.id}, plot_id"
                _known(problems, DRAWN_FILE, where, feature.row.plot_id, plots, ("a plot", "地块"))


def _check_inside(tables: Tables, drawn: Drawn, problems: Problems) -> None:
    if tables.park is None:
        return
    box = tables.park.extent
    if box.x_min_m >= box.x_max_m or box.y_min_m >= box.y_max_m:
        problems.add(
            "park.toml", "extent", f"{box.x_min_m:g} to {box.x_max_m:g}", "min below max", "最小值小于最大值"
        )
        return
    span = f"x {box.x_min_m:g}..{box.x_max_m:g}, y {box.y_min_m:g}..{box.y_max_m:g}"
    for file, name, x_m, y_m in _places(tables, drawn):
        if not (box.x_min_m <= x_m <= box.x_max_m and box.y_min_m <= y_m <= box.y_max_m):
            problems.add(
                file,
                f"{name}, place",
                (round(x_m, 1), round(y_m, 1)),
                f"inside the extent, {span}",
                f"在范围之内（{span}）",
            )


def _places(tables: Tables, drawn: Drawn) -> Iterable[tuple[str, str, float, float]]:
    for station in tables.stations.stations:
        yield "stations.toml", station.id, station.x_m, station.y_m
    for beam in tables.beams.beams:
        yield "beams.toml", beam.id, beam.x_m, beam.y_m
    for well in tables.wells.wells:
        yield "wells.toml", well.id, well.x_m, well.y_m
    for hole in tables.holes:
        yield "boreholes.csv", hole.fixed.id, hole.fixed.x_m, hole.fixed.y_m
    layers: Sequence[tuple[str, Sequence[AnyFeature]]] = tuple(
        (name, getattr(drawn, name)) for name in Drawn.__dataclass_fields__
    )
    for layer, features in layers:
        for feature in features:
            x_min, y_min, x_max, y_max = feature.shape.bounds
            yield DRAWN_FILE, f"{layer} {feature.row.id}", x_min, y_min
            if (x_min, y_min) != (x_max, y_max):
                yield DRAWN_FILE, f"{layer} {feature.row.id}", x_max, y_max
