"""Rules of ``rules.toml`` and ``conditions.toml``: what they name exists and can be compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from gis.scene.judging import CONDITIONS_FILE, RULES_FILE, LimitRow, RunningLinkRow
from gis.scene.problems import Problems
from gis.scene.tables import Tables
from twin.core.device import series_key
from twin.core.errors import UnitError
from twin.core.quantity import quantity
from twin.core.units import unit


def check_judging(tables: Tables, problems: Problems) -> None:
    """Note every broken rule of both files."""
    known = _series(tables)
    rules, conditions = tables.rules, tables.conditions
    compared = [(row.first, row.second) for row in rules.pairs]
    compared += [(row.first, row.second) for row in rules.relations]
    for first, second in compared:
        _known(problems, RULES_FILE, "first", first, known)
        _known(problems, RULES_FILE, "second", second, known)
    for limit in rules.limits:
        _check_limit(limit, problems)
    for tank in rules.tanks:
        _known(problems, RULES_FILE, "tanks, key", tank.key, known)
    _check_flows(tables, known, problems)
    for working in conditions.units:
        _known(problems, CONDITIONS_FILE, f"{working.id}, key", working.key, known)
        _check_unit(problems, CONDITIONS_FILE, working.id, working.unit, working.key.partition("/")[2])
        if working.off_below > working.on_above:
            expected = f"at most on_above, {working.on_above:g}"
            expected_zh = f"不大于 on_above（{working.on_above:g}）"
            where = f"{working.id}, off_below"
            problems.add(CONDITIONS_FILE, where, working.off_below, expected, expected_zh)
    for relation in rules.relations:
        _check_unit(problems, RULES_FILE, "relations", relation.unit, relation.first.partition("/")[2])
    _check_links(tables, problems)


def _series(tables: Tables) -> dict[str, str]:
    """Origin of every series."""
    sets = tables.devices.factor_sets
    return {
        series_key(device.sensor_id, factor.quantity): device.origin
        for device in tables.devices.devices
        for factor in sets.get(device.factors, [])
    }


def _known(problems: Problems, file: str, where: str, key: str, known: Iterable[str]) -> None:
    if key not in known:
        problems.add(file, where, key, "a series of a device in devices.toml", "devices.toml 中设备的序列")


def _check_flows(tables: Tables, known: Mapping[str, str], problems: Problems) -> None:
    for repeated in _twice(row.key for row in tables.rules.flows):
        problems.add(RULES_FILE, "flows, key", repeated, "a key that occurs once", "唯一的 key")
    for row in tables.rules.flows:
        for field, key, si_unit in (("key", row.key, "kg/m3"), ("flow", row.flow, "m3/s")):
            _known(problems, RULES_FILE, f"flows, {field}", key, known)
            _check_unit(problems, RULES_FILE, f"flows, {field}", si_unit, key.partition("/")[2])
        origins = [known.get(row.key), known.get(row.flow)]
        if None not in origins and origins[0] != origins[1]:
            expected = f"a series of the origin of {row.key}, {origins[0]}"
            expected_zh = f"与 {row.key} 同一来源（{origins[0]}）的序列"
            problems.add(RULES_FILE, "flows, flow", row.flow, expected, expected_zh)


def _check_limit(row: LimitRow, problems: Problems) -> None:
    _check_unit(problems, RULES_FILE, f"limits, {row.quantity}", row.unit, row.quantity)
    order = [row.alarm_low, row.warn_low, row.warn_high, row.alarm_high]
    given = [value for value in order if value is not None]
    if given != sorted(given):
        expected = "alarm_low <= warn_low <= warn_high <= alarm_high"
        problems.add(RULES_FILE, f"limits, {row.quantity}", given, expected, expected)


def _check_unit(problems: Problems, file: str, where: str, name: str, key: str) -> None:
    try:
        si_unit = quantity(key).si_unit
        if unit(name).dimension != unit(si_unit).dimension:
            problems.add(file, f"{where}, unit", name, f"a unit of {si_unit}", f"可换算为 {si_unit} 的单位")
    except UnitError as error:
        problems.add_error(file, error)


def _check_links(tables: Tables, problems: Problems) -> None:
    units = tables.conditions.units
    kinds = {row.id: row.kind for row in units}
    for name in _twice(row.id for row in units), _twice(row.id for row in tables.conditions.links):
        for repeated in name:
            problems.add(CONDITIONS_FILE, "id", repeated, "an id that occurs once", "唯一的 id")
    for link in tables.conditions.links:
        for named, kind in _members(link):
            if kinds.get(named) != kind:
                where = f"{link.id}, {kind}"
                problems.add(CONDITIONS_FILE, where, named, f"the id of a {kind} unit", f"{kind} 单元的 id")


def _members(link: RunningLinkRow) -> Iterator[tuple[str, str]]:
    yield from ((named, "production") for named in link.production)
    yield from ((named, "treatment") for named in link.treatment)


def _twice(ids: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(ids).items() if count > 1]
