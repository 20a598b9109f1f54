"""State of working units, links and open-path stations, as those who look see it now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sensors.quality.health import Forecast, Health, refill_forecast, state_of, worst
from sensors.quality.linkage import Linkage, linkage, together
from twin.core.judging import HealthLimit
from twin.core.observation import Quality
from twin.core.origin import Origin, least_real
from twin.live.conditions import CONDITION_PREFIX, LINKAGE, STATE_NAMES
from twin.live.figures import Rules
from twin.store.reader import LedgerReader
from twin.store.reviews import ReviewQuestion, reviews
from twin.store.rows import StoredValue
from twin.store.statistics import hour_means, links_off_since, unit_states

_STATES: dict[str, bool | None] = {name: state for state, name in STATE_NAMES.items()}
_FRESH_MS = 6 * 3_600_000
_LOOK_BACK_MS = 60 * 86_400_000
_LEVELS_MAX = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitNow:
    """A working unit. ``row`` is its rule; ``since_ms`` None: never heard."""

    row: Mapping[str, Any]
    origin: Origin
    state: str
    since_ms: int | None
    value: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkNow:
    """A link of production and treatment; ``review`` is the open finding's number.

    ``origin`` is that of its least real unit.
    """

    row: Mapping[str, Any]
    origin: Origin
    state: str
    since_ms: int | None
    review: int | None


def conditions(
    reader: LedgerReader, rules: Rules, now_ms: int
) -> tuple[tuple[UnitNow, ...], tuple[LinkNow, ...]]:
    """Units and links now; a unit that has fallen silent is unknown."""
    stored, off = unit_states(reader), links_off_since(reader)
    units: dict[str, UnitNow] = {}
    for row in rules.body["book"]["units"]:
        known = stored.get(row["id"])
        silent = known is None or now_ms - known.time_ms > 1000.0 * row["stale_s"]
        units[row["id"]] = UnitNow(
            row=row,
            origin=rules.origin(row["series_key"]),
            state="unknown" if known is None or silent else known.state,
            since_ms=None if known is None else known.since_ms,
            value=None if known is None else known.value,
        )
    links = []
    for row in rules.body["book"]["links"]:
        since_ms = off.get(row["id"])
        state = _link_state(row, units, since_ms, now_ms)
        key = CONDITION_PREFIX + row["id"]
        found = reviews(reader, ReviewQuestion(key=key, rule=LINKAGE, limit=1), now_ms)
        links.append(
            LinkNow(
                row=row,
                origin=least_real(
                    *(units[name].origin for name in (*row["production_ids"], *row["treatment_ids"]))
                ),
                state=state,
                since_ms=since_ms,
                review=found[0].id if found else None,
            )
        )
    return tuple(units.values()), tuple(links)


def _link_state(row: Mapping[str, Any], units: dict[str, UnitNow], since_ms: int | None, now_ms: int) -> str:
    produces = together([_STATES[units[name].state] for name in row["production_ids"]])
    treats = together([_STATES[units[name].state] for name in row["treatment_ids"]], need_all=row["need_all"])
    minutes = 0.0 if since_ms is None else max(0.0, (now_ms - since_ms) / 60_000.0)
    found = linkage(produces, treats, minutes, row["grace_min"], show_grace=True)
    return "treatment_not_running" if found is Linkage.TREATMENT_NOT_RUNNING else found.value


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthItem:
    """One housekeeping series against its limits."""

    key: str
    origin: Origin
    limit: HealthLimit
    value: float | None
    time_ms: int | None
    state: Health


@dataclass(frozen=True, slots=True, kw_only=True)
class StationHealth:
    """Housekeeping of one station; ``forecast`` of its supply with the volume in m3.

    ``origin`` is that of its least real series.
    """

    id: str
    origin: Origin
    state: Health
    items: tuple[HealthItem, ...]
    tank: Mapping[str, Any] | None
    forecast: Forecast | None


def station_health(reader: LedgerReader, rules: Rules, now_ms: int) -> tuple[StationHealth, ...]:
    """Housekeeping of all stations that have any. Values older than six hours are not known."""
    limits = {row["quantity"]: HealthLimit(**row) for row in rules.body["book"]["limits"]}
    newest = {row.series_key: row for row in reader.state().values}
    stations: dict[str, list[HealthItem]] = {}
    for key in rules.body["series"]:
        sensor, _, quantity = key.partition("/")
        if quantity in limits and sensor in rules.body["points"]:
            station = str(rules.body["points"][sensor]["station"])
            item = _item(key, rules.origin(key), limits[quantity], newest.get(key), now_ms)
            stations.setdefault(station, []).append(item)
    tanks = {row["series_key"]: row for row in rules.body["book"]["tanks"]}
    return tuple(
        _station(reader, station, tuple(items), tanks, now_ms) for station, items in sorted(stations.items())
    )


def _item(key: str, origin: Origin, limit: HealthLimit, row: StoredValue | None, now_ms: int) -> HealthItem:
    known = row is not None and row.quality is Quality.GOOD and now_ms - row.time_ms <= _FRESH_MS
    value = row.value if row is not None and known else None
    return HealthItem(
        key=key,
        origin=origin,
        limit=limit,
        value=value,
        time_ms=None if row is None else row.time_ms,
        state=state_of(value, limit),
    )


def _station(
    reader: LedgerReader,
    station: str,
    items: tuple[HealthItem, ...],
    tanks: Mapping[str, Mapping[str, Any]],
    now_ms: int,
) -> StationHealth:
    tank = next((tanks[item.key] for item in items if item.key in tanks), None)
    forecast = None
    if tank is not None:
        hours = hour_means(reader, tank["series_key"], now_ms - _LOOK_BACK_MS, now_ms + 1)
        kept = [row for row in hours if row.mean is not None][-_LEVELS_MAX:]
        levels = [row.mean for row in kept if row.mean is not None]
        forecast = refill_forecast([row.start_ms for row in kept], levels, tank["reserve_fraction"])
    return StationHealth(
        id=station,
        origin=least_real(*(item.origin for item in items)),
        state=worst([item.state for item in items]),
        items=items,
        tank=tank,
        forecast=forecast,
    )
