"""State(t): what the twin knows at a moment, with age, quality and origin of every value.

``build_state`` is a pure function of rows; ``read_state`` fetches the rows from a ledger. Nothing
newer than t enters, so the state of a past moment is what it would have been then (values that came
late are in it).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from twin.core.device import series_key
from twin.core.errors import NotFoundError
from twin.core.geometry import FloatArray, Place, frozen
from twin.core.observation import Quality
from twin.core.origin import Origin
from twin.core.park import Park
from twin.core.quantity import CONC_PREFIX, substance_of
from twin.core.station import WeatherSet
from twin.core.wind import WindSample
from twin.store.rows import RollupRow, Step, StoredValue

WINDOW_MS = 50 * 60_000
WIND, WIND_FROM, TEMPERATURE, HEAD = "wind_speed", "wind_from", "air_temperature", "water_level"


class Rows(Protocol):
    """What State(t) asks of a ledger; ``twin.store.reader.LedgerReader`` answers it."""

    def newest(self, at_ms: int | None = None) -> tuple[StoredValue, ...]:
        """Newest value of every series up to a moment."""
        ...

    def series(self, key: str, from_ms: int, to_ms: int) -> tuple[StoredValue, ...]:
        """Values with ``from_ms <= time < to_ms``."""
        ...

    def rollup(self, key: str, step: Step, from_ms: int, to_ms: int) -> tuple[RollupRow, ...]:
        """Means of the usable values, by the start of their step."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LastValue:
    """Newest value of a series at a moment, and how old it is.

    ``value`` (SI) is the newest GOOD value, ``age_s`` its age; both None when there was none in the
    window. ``quality`` is that of the newest value of any kind: a sensor under calibration shows its last
    good value together with the reason why it is old.
    """

    series_key: str
    value: float | None
    age_s: float | None
    quality: Quality
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BeamWindow:
    """Minute means of one beam and one substance: centres (n,) in ms and kg/m3 (n,), in time order."""

    sensor_id: str
    series_key: str
    times_ms: FloatArray
    conc_kg_m3: FloatArray
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Newest good water level of a well: height above the scene's vertical datum."""

    well_id: str
    series_key: str
    level_m: float
    age_s: float
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class State:
    """The twin at ``time_ms``. ``beams`` maps a substance to the windows of its beams."""

    time_ms: int
    values: Mapping[str, LastValue]
    winds: tuple[WindSample, ...]
    beams: Mapping[str, tuple[BeamWindow, ...]]
    heads: tuple[Head, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Rows behind a state: newest values, raw series by key, minute means by key."""

    newest: Sequence[StoredValue]
    series: Mapping[str, Sequence[StoredValue]]
    minutes: Mapping[str, Sequence[RollupRow]]


def read_state(rows: Rows, park: Park, at_ms: int, window_ms: int = WINDOW_MS) -> State:
    """State at a moment, from a ledger. Raises ServiceUnavailableError when it cannot be read."""
    newest = rows.newest(at_ms)
    known = {row.series_key: row for row in newest}
    start = at_ms - window_ms
    weather = [key for station in park.stations for key in _weather_keys(station.weather)]
    beams = [key for beam in park.beams for key in known if key.startswith(f"{beam.id}/{CONC_PREFIX}")]
    stale = [key for key, row in known.items() if row.quality is not Quality.GOOD and key not in weather]
    return build_state(
        park,
        History(
            newest=newest,
            series={key: rows.series(key, start, at_ms + 1) for key in [*weather, *stale] if key in known},
            minutes={key: _minutes(rows, key, start, at_ms) for key in beams},
        ),
        at_ms,
    )


def build_state(park: Park, history: History, at_ms: int) -> State:
    """State at a moment from rows; rows after ``at_ms`` are left out."""
    values = {
        row.series_key: _last_value(row, history.series.get(row.series_key, ()), at_ms)
        for row in history.newest
        if row.time_ms <= at_ms
    }
    return State(
        time_ms=at_ms,
        values=values,
        winds=tuple(
            sample
            for station in park.stations
            for sample in _wind_samples(station.weather, history.series, at_ms)
        ),
        beams=_beam_windows(park, history, values, at_ms),
        heads=tuple(
            Head(
                well_id=well.id,
                series_key=last.series_key,
                level_m=last.value,
                age_s=last.age_s,
                origin=last.origin,
            )
            for well in park.wells
            if (last := values.get(series_key(well.id, HEAD))) is not None
            and last.value is not None
            and last.age_s is not None
        ),
    )


def data_time_ms(rows: Rows) -> int | None:
    """Newest possible time of all series: the twin's "now". None for an empty ledger."""
    return max((row.time_ms for row in rows.newest()), default=None)


def _minutes(rows: Rows, key: str, start_ms: int, at_ms: int) -> tuple[RollupRow, ...]:
    try:
        return rows.rollup(key, Step.MINUTE, start_ms, at_ms)
    except NotFoundError:  # a series without a usable value has no roll-up yet
        return ()


def _weather_keys(weather: WeatherSet) -> tuple[str, ...]:
    return tuple(series_key(weather.id, name) for name in (WIND, WIND_FROM, TEMPERATURE))


def _last_value(newest: StoredValue, series: Sequence[StoredValue], at_ms: int) -> LastValue:
    candidates = [newest, *reversed([row for row in series if row.time_ms <= at_ms])]
    good = next((row for row in candidates if row.quality is Quality.GOOD), None)
    return LastValue(
        series_key=newest.series_key,
        value=None if good is None else good.value,
        age_s=None if good is None else (at_ms - good.time_ms - good.interval_ms) / 1000.0,
        quality=newest.quality,
        origin=newest.origin,
    )


def _wind_samples(
    weather: WeatherSet, series: Mapping[str, Sequence[StoredValue]], at_ms: int
) -> list[WindSample]:
    speed_key, from_key, kelvin_key = _weather_keys(weather)
    directions = _good_by_time(series.get(from_key, ()))
    kelvins = _good_by_time(series.get(kelvin_key, ()))
    samples = []
    for row in series.get(speed_key, ()):
        if row.quality is not Quality.GOOD or row.value is None or row.time_ms > at_ms:
            continue
        direction = directions.get(row.time_ms)
        if direction is None:
            continue
        samples.append(
            WindSample(
                sensor_id=weather.id,
                place=Place(x_m=weather.place.x_m, y_m=weather.place.y_m, z_m=weather.place.z_m),
                height_m=weather.height_m,
                time_ms=min(row.time_ms + row.interval_ms // 2, at_ms),
                wind_speed_m_s=row.value,
                wind_from_deg=direction,
                air_temperature_k=kelvins.get(row.time_ms),
                origin=row.origin,
            )
        )
    return samples


def _good_by_time(rows: Sequence[StoredValue]) -> dict[int, float]:
    return {row.time_ms: row.value for row in rows if row.quality is Quality.GOOD and row.value is not None}


def _beam_windows(
    park: Park, history: History, values: Mapping[str, LastValue], at_ms: int
) -> dict[str, tuple[BeamWindow, ...]]:
    found: dict[str, list[BeamWindow]] = {}
    for beam in park.beams:
        for key, rows in history.minutes.items():
            sensor_id, _, quantity = key.partition("/")
            substance = substance_of(quantity)
            if sensor_id != beam.id or substance is None or key not in values:
                continue
            used = [row for row in rows if row.mean is not None and row.start_ms < at_ms]
            if not used:
                continue
            centres = [min(row.start_ms + row.step.length_ms // 2, at_ms) for row in used]
            window = BeamWindow(
                sensor_id=sensor_id,
                series_key=key,
                times_ms=frozen(centres),
                conc_kg_m3=frozen([row.mean for row in used if row.mean is not None]),
                origin=values[key].origin,
            )
            found.setdefault(substance, []).append(window)
    return {substance: tuple(windows) for substance, windows in found.items()}
