"""What the groundwater process reads in the ledger: levels and concentrations of the wells, and how old."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from models.contaminants.warning import Alert, Warn
from models.water.now import Reading
from twin.core.errors import NotFoundError
from twin.core.groundwater import ConductivityTest
from twin.core.observation import Quality
from twin.core.origin import Origin, least_real, of_result
from twin.core.park import Park
from twin.core.quantity import WATER_PREFIX
from twin.core.text import Text
from twin.live.state import HEAD, Rows
from twin.live.water_alerts import other_alerts, substance_alert
from twin.live.water_frames import Measured, MeasuredConc
from twin.store.rows import Step, StoredValue

LEVEL = "level"
TEST = "hydraulic_conductivity"
LEVEL_STALE_S = 7 * 86_400.0
CONC_STALE_S = 45 * 86_400.0  # plumes move slowly, and laboratories sample once a month
_DAY_MS = 86_400_000
_LEVEL_SD_M = 0.01
_CONC_SHARE = 0.05
_CONC_SD_KG_M3 = 2e-5
_FEW = 4


@dataclass(frozen=True, kw_only=True)
class Wells:
    """The wells at a moment: what was measured last, the readings of now, their origin, what is missing.

    ``alerts`` of a well and substance by its newest value, whose own origin stands in ``origins``.
    """

    time_ms: int
    measured: Mapping[str, Measured]
    readings: tuple[Reading, ...]
    origin: Origin
    inputs: tuple[str, ...]
    notes: tuple[str, ...]
    alerts: Mapping[tuple[str, str], Alert]
    origins: Mapping[tuple[str, str], Origin]


def read_wells(rows: Rows, park: Park, at_ms: int) -> Wells | None:
    """Newest good values of the wells up to a moment; None when no well has spoken."""
    assert park.groundwater is not None
    newest = rows.newest(at_ms)
    found = _of_wells(newest, park)
    if not found:
        return None
    used = [
        row for values in found.values() for row in values.values() if _usable(row) and _fresh(row, at_ms)
    ]
    told = _alerts(rows, park, newest, found, at_ms)
    alerts = {subject: alert for subject, (alert, _) in told.items()}
    return Wells(
        time_ms=at_ms,
        measured={name: _measured(name, values, park, at_ms, alerts) for name, values in found.items()},
        readings=tuple(_readings(found, park, at_ms)),
        origin=of_result(*{row.origin for row in used}),
        inputs=tuple(f"{row.series_key}@{row.time_ms}" for row in used),
        notes=(*_notes(found, park, at_ms), *_exercises(newest, park)),
        alerts=alerts,
        origins={subject: origin for subject, (_, origin) in told.items()},
    )


def _of_wells(newest: Sequence[StoredValue], park: Park) -> dict[str, dict[str, StoredValue]]:
    """Newest value of every well by quantity; of a probe and a laboratory (``G1.lab``) the newest good.

    What an exercise says is nothing that the park's twin may learn of.
    """
    found: dict[str, dict[str, StoredValue]] = {}
    for row, well, name in _series_of(newest, park):
        if row.origin is Origin.EXERCISE:
            continue
        known = found.setdefault(well, {}).get(name)
        if known is None or (_usable(row), row.time_ms) > (_usable(known), known.time_ms):
            found[well][name] = row
    return found


def _series_of(newest: Sequence[StoredValue], park: Park) -> Iterator[tuple[StoredValue, str, str]]:
    """Series that the twin reads, with their wells and names: of probes and of laboratories."""
    assert park.groundwater is not None
    wanted = {HEAD: LEVEL} | {f"{WATER_PREFIX}{row.id}": row.id for row in park.groundwater.substances}
    wells = {well.id for well in park.wells}
    for row in newest:
        place, _, quantity = row.series_key.partition("/")
        well = place if place in wells else place.rpartition(".")[0]
        name = wanted.get(quantity)
        if well in wells and name is not None:
            yield row, well, name


def read_origin(rows: Rows, park: Park, at_ms: int) -> Origin:
    """Origin of what is fitted to the wells' history: the worst of all their series, exercises left out."""
    found = {row.origin for row, _, _ in _series_of(rows.newest(at_ms), park)}
    return of_result(*(found - {Origin.EXERCISE}))


def read_history(rows: Rows, park: Park, from_ms: int, at_ms: int) -> tuple[Reading, ...]:
    """Daily means of the wells between two moments, for calibration: probes and laboratories, no exercise."""
    found: list[Reading] = []
    for row, well, name in sorted(_series_of(rows.newest(at_ms), park), key=lambda one: one[0].series_key):
        if row.origin is Origin.EXERCISE:
            continue
        try:
            days = rows.rollup(row.series_key, Step.DAY, from_ms, at_ms)
        except NotFoundError:
            continue
        for day in days:
            at = min(day.start_ms + _DAY_MS // 2, at_ms)
            if day.mean is not None and day.count and at >= from_ms:
                found.append(_reading(park, well, name, at, day.mean))
    return tuple(found)


def read_tests(rows: Rows, park: Park, at_ms: int) -> tuple[ConductivityTest, ...]:
    """Slug and pumping tests told up to a moment, newest good one of every place and stratum.

    They come as laboratory results do: ``<well>.lab/hydraulic_conductivity`` is of the well's stratum,
    ``<borehole>.<stratum>/hydraulic_conductivity`` of the one that is named. Held-out wells do not count.
    """
    assert park.groundwater is not None
    found: dict[tuple[str, str], StoredValue] = {}
    for row in rows.newest(at_ms):
        place, _, quantity = row.series_key.partition("/")
        of = _tested(park, place) if quantity == TEST and _usable(row) else None
        if of is None or of[0] in park.groundwater.held_out or (row.value or 0.0) <= 0.0:
            continue
        if of not in found or row.time_ms > found[of].time_ms:
            found[of] = row
    collars = {row.id: row.collar for row in park.wells} | {row.id: row.collar for row in park.boreholes}
    return tuple(
        ConductivityTest(
            place=place,
            stratum_id=stratum,
            x_m=collars[place].x_m,
            y_m=collars[place].y_m,
            k_m_s=float(row.value or 0.0),
        )
        for (place, stratum), row in sorted(found.items())
    )


def _tested(park: Park, place: str) -> tuple[str, str] | None:
    """Well or borehole and stratum of a place of a series; None for another."""
    wells = {row.id: row.stratum_id for row in park.wells}
    well = place if place in wells else place.rpartition(".")[0]
    if well in wells:
        return well, wells[well]
    hole, _, stratum = place.rpartition(".")
    known = {row.id for row in park.boreholes}
    return (hole, stratum) if hole in known and stratum in {row.id for row in park.strata} else None


def not_held_out(readings: tuple[Reading, ...], park: Park) -> list[Reading]:
    """Readings that may be assimilated."""
    assert park.groundwater is not None
    return [row for row in readings if row.place not in park.groundwater.held_out]


def _reading(park: Park, well: str, name: str, at_ms: int, value: float) -> Reading:
    if name == LEVEL:
        level = value - park.origin.height_m
        return Reading(place=well, quantity=LEVEL, time_ms=at_ms, value=level, sd=_LEVEL_SD_M)
    sd = _CONC_SD_KG_M3 + _CONC_SHARE * abs(value)
    return Reading(place=well, quantity=name, time_ms=at_ms, value=max(value, 0.0), sd=sd)


def _readings(found: Mapping[str, Mapping[str, StoredValue]], park: Park, at_ms: int) -> Iterator[Reading]:
    for well, values in found.items():
        for name, row in values.items():
            if _usable(row) and _fresh(row, at_ms) and row.value is not None:
                yield _reading(park, well, name, at_ms, row.value)


def _usable(row: StoredValue) -> bool:
    return row.quality is Quality.GOOD and row.value is not None


def _fresh(row: StoredValue, at_ms: int) -> bool:
    limit_s = LEVEL_STALE_S if row.series_key.endswith(f"/{HEAD}") else CONC_STALE_S
    return at_ms - row.time_ms <= 1000.0 * limit_s


def _measured(
    well: str,
    values: Mapping[str, StoredValue],
    park: Park,
    at_ms: int,
    alerts: Mapping[tuple[str, str], Alert],
) -> Measured:
    level = values.get(LEVEL)
    good = level if level is not None and _usable(level) else None
    own = [alert for (name, _), alert in alerts.items() if name == well and alert.level > Warn.NONE]
    worst = max(own, key=lambda row: row.level, default=None)
    return Measured(
        level_m=None if good is None or good.value is None else good.value - park.origin.height_m,
        time_ms=None if good is None else good.time_ms,
        age_s=None if good is None else (at_ms - good.time_ms) / 1000.0,
        quality=Quality.MISSING.value if level is None else level.quality.value,
        conc={name: _measured_conc(row, at_ms) for name, row in values.items() if name != LEVEL},
        origin=None if not values else least_real(*{row.origin for row in values.values()}),
        warning=None if worst is None else _warning(worst),
    )


def _measured_conc(row: StoredValue, at_ms: int) -> MeasuredConc:
    return MeasuredConc(
        value_kg_m3=row.value if _usable(row) else None,
        time_ms=row.time_ms,
        age_s=(at_ms - row.time_ms) / 1000.0,
        quality=row.quality.value,
        origin=row.origin,
        fresh=_usable(row) and _fresh(row, at_ms),
    )


def _warning(alert: Alert) -> Text:
    return Text(
        zh=f"{alert.level.colour.zh}预警：{alert.why.zh}",
        en=f"{alert.level.colour.en} warning: {alert.why.en}",
    )


def _alerts(
    rows: Rows,
    park: Park,
    newest: Sequence[StoredValue],
    found: Mapping[str, Mapping[str, StoredValue]],
    at_ms: int,
) -> dict[tuple[str, str], tuple[Alert, Origin]]:
    """Warnings of good values that are fresh; a well without one warns of nothing and ends nothing."""
    alerts = other_alerts(rows, park, {row.series_key: row for row in newest}, at_ms)
    for well, values in found.items():
        for name, row in values.items():
            if name == LEVEL or not _usable(row) or not _fresh(row, at_ms):
                continue
            alert = substance_alert(rows, name, row, at_ms)
            if alert is not None:
                alerts[well, name] = alert, row.origin
    return alerts


def _exercises(newest: Sequence[StoredValue], park: Park) -> tuple[str, ...]:
    played = [row.series_key for row, _, _ in _series_of(newest, park) if row.origin is Origin.EXERCISE]
    return (f"not used, of an exercise: {', '.join(played[:12])}",) if played else ()


def _notes(found: Mapping[str, Mapping[str, StoredValue]], park: Park, at_ms: int) -> tuple[str, ...]:
    spoken = [well for well, values in found.items() if LEVEL in values]
    stale = [
        row.series_key
        for values in found.values()
        for row in values.values()
        if not _usable(row) or not _fresh(row, at_ms)
    ]
    notes = []
    if len(spoken) < len(park.wells):
        notes.append(f"levels of {len(spoken)} of {len(park.wells)} wells")
    if len(spoken) < _FEW:
        notes.append("few wells: bands rest on what was believed before")
    if stale:
        notes.append(f"not used, old or not good: {', '.join(stale[:12])}")
    return tuple(notes)
