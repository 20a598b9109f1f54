"""The park as SensorThings: what stands where (Things, Locations), what it measures (Datastreams).

A Thing is a beam, weather set or well; its Datastreams are the series of the ledger. Values are SI, as
everywhere in the API. Every Datastream and Observation says its origin.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from twin.core.quantity import quantity
from twin.store.reader import LedgerReader
from twin.store.rows import SeriesRow, StoredValue
from web.sensorthings.ask import page_of
from web.sensorthings.entities import Entity, Page
from web.sensorthings.observations import Bounds, observations
from web.sensorthings.options import Options
from web.sensorthings.shapes import Shape
from web.sensorthings.times import iso, iso_span

MEASUREMENT = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement"
# UCUM codes of the SI units that series carry.
UCUM: Mapping[str, str] = MappingProxyType(
    {
        "kg/m3": "kg/m3",
        "m/s": "m/s",
        "deg": "deg",
        "K": "K",
        "1": "1",
        "Pa": "Pa",
        "m": "m",
        "pH": "[pH]",
        "S/m": "S/m",
    }
)
KINDS = ("Things", "Locations", "Datastreams", "Sensors", "ObservedProperties", "FeaturesOfInterest")


class Catalogue:
    """All entities but observations, from one scene and one list of series."""

    def __init__(self, shapes: Mapping[str, Shape], rows: Iterable[SeriesRow], ledger: LedgerReader) -> None:
        self._ledger = ledger
        self._rows = {_stream_id(row.key): row for row in rows}
        self._shapes = dict(shapes)
        for row in self._rows.values():
            self._shapes.setdefault(row.sensor_id, _unknown_shape(row.sensor_id))
        found = ledger.span()
        self._span = (
            Bounds(from_ms=0, to_ms=0)
            if found is None
            else Bounds(from_ms=found.from_ms, to_ms=found.to_ms + 1)
        )
        self._makers: dict[str, tuple[Iterable[str], Callable[[str], Entity]]] = {
            "Things": (self._shapes, self.thing),
            "Locations": (self._shapes, self.location),
            "Datastreams": (self._rows, self.datastream),
            "Sensors": (self._shapes, self.sensor),
            "ObservedProperties": (
                sorted({_property_id(row.quantity) for row in self._rows.values()}),
                self.observed,
            ),
            "FeaturesOfInterest": (self._shapes, self.feature),
        }

    def kind(self, name: str) -> Callable[[Options], Page] | None:
        """Collection by its name; None where there is none."""
        if name == "Observations":
            return self._all_observations
        if name == "HistoricalLocations":
            return _nothing
        if name not in self._makers:
            return None
        ids, make = self._makers[name]
        return lambda options: page_of((make(id_) for id_ in ids), options)

    def entity(self, kind: str, id_: str) -> Entity | None:
        """Entity by kind and id; None where there is none."""
        if kind == "Observations":
            return self._observation_by_id(id_)
        if kind not in self._makers:
            return None
        ids, make = self._makers[kind]
        return make(id_) if id_ in set(ids) else None

    def thing(self, id_: str) -> Entity:
        """Beam, weather set or well."""
        shape = self._shapes[id_]
        return Entity(
            kind="Things",
            id=id_,
            properties={
                "name": shape.name["en"],
                "description": shape.name["zh"],
                "properties": {"kind": shape.kind, "name_zh": shape.name["zh"]},
            },
            many={
                "Locations": lambda options: page_of([self.location(id_)], options),
                "HistoricalLocations": _nothing,
                "Datastreams": lambda options: page_of(self._streams_of(id_), options),
            },
        )

    def location(self, id_: str) -> Entity:
        """Where a Thing stands."""
        shape = self._shapes[id_]
        return Entity(
            kind="Locations",
            id=id_,
            properties=_named(shape) | {"encodingType": "application/geo+json", "location": shape.place},
            many={
                "Things": lambda options: page_of([self.thing(id_)], options),
                "HistoricalLocations": _nothing,
            },
        )

    def feature(self, id_: str) -> Entity:
        """What is observed: the air along a path, the air or water at a place."""
        shape = self._shapes[id_]
        return Entity(
            kind="FeaturesOfInterest",
            id=id_,
            properties=_named(shape) | {"encodingType": "application/geo+json", "feature": shape.place},
            many={"Observations": lambda options: self._merged(self._ids_of(id_), options)},
        )

    def sensor(self, id_: str) -> Entity:
        """The instrument behind a Thing."""
        shape = self._shapes[id_]
        return Entity(
            kind="Sensors",
            id=id_,
            properties=_named(shape) | {"encodingType": "text/plain", "metadata": shape.kind},
            many={"Datastreams": lambda options: page_of(self._streams_of(id_), options)},
        )

    def observed(self, id_: str) -> Entity:
        """What is measured."""
        row = quantity(_quantity_key(id_))
        streams = [key for key, series in self._rows.items() if _property_id(series.quantity) == id_]
        return Entity(
            kind="ObservedProperties",
            id=id_,
            properties={
                "name": row.name.en,
                "description": row.name.zh,
                "definition": f"urn:park-twin:quantity:{row.key}",
            },
            many={"Datastreams": lambda options: page_of(map(self.datastream, streams), options)},
        )

    def datastream(self, id_: str) -> Entity:
        """One series."""
        row = self._rows[id_]
        return Entity(
            kind="Datastreams",
            id=id_,
            properties=self._stream_properties(row),
            one={
                "Thing": partial(self.thing, row.sensor_id),
                "Sensor": partial(self.sensor, row.sensor_id),
                "ObservedProperty": partial(self.observed, _property_id(row.quantity)),
            },
            many={"Observations": partial(self._of_stream, id_)},
        )

    def _stream_properties(self, row: SeriesRow) -> dict[str, Any]:
        measured = quantity(row.quantity)
        shape = self._shapes[row.sensor_id]
        properties = {
            "name": f"{shape.name['en']}: {measured.name.en}",
            "description": f"{shape.name['zh']}：{measured.name.zh}",
            "observationType": MEASUREMENT,
            "unitOfMeasurement": {
                "name": row.si_unit,
                "symbol": row.si_unit,
                "definition": f"ucum:{UCUM.get(row.si_unit, row.si_unit)}",
            },
            "properties": {"origin": row.origin.value, "key": row.key, "quantity": row.quantity},
        }
        if shape.place is not None:
            properties["observedArea"] = shape.place
        return properties

    def _streams_of(self, sensor_id: str) -> Iterable[Entity]:
        return map(self.datastream, self._ids_of(sensor_id))

    def _ids_of(self, sensor_id: str) -> list[str]:
        return [key for key, row in self._rows.items() if row.sensor_id == sensor_id]

    def _of_stream(self, id_: str, options: Options) -> Page:
        key = self._rows[id_].key
        return observations(self._ledger, key, self._span, partial(self._observation, id_))(options)

    def _all_observations(self, options: Options) -> Page:
        return self._merged(list(self._rows), options)

    def _merged(self, ids: list[str], options: Options) -> Page:
        """Observations of several series, one series after the other."""
        kept: list[Entity] = []
        total, skip = 0, options.skip
        for id_ in ids:
            room = options.top - len(kept)
            if room < 0 and not options.count:
                break
            part = self._of_stream(id_, _windowed(options, skip + max(room, 0) + 1))
            total += part.total or 0
            kept += part.entities[skip:]
            skip = max(0, skip - len(part.entities))
        return Page(
            entities=tuple(kept[: options.top]),
            more=len(kept) > options.top,
            total=total if options.count else None,
        )

    def _observation(self, id_: str, value: StoredValue) -> Entity:
        row = self._rows[id_]
        end_ms = value.time_ms + value.interval_ms
        return Entity(
            kind="Observations",
            id=f"{id_}:{value.time_ms}:{value.interval_ms}",
            properties={
                "phenomenonTime": iso_span(value.time_ms, value.interval_ms),
                "resultTime": iso(end_ms),
                "result": value.value,
                "resultQuality": value.quality.value,
                "parameters": {
                    "origin": value.origin.value,
                    "mark": value.mark.value,
                    "checks": int(value.checks),
                    "version": value.version,
                    "receivedTime": iso(value.received_ms),
                },
            },
            one={
                "Datastream": partial(self.datastream, id_),
                "FeatureOfInterest": partial(self.feature, row.sensor_id),
            },
        )

    def _observation_by_id(self, id_: str) -> Entity | None:
        stream, _, rest = id_.rpartition(":")
        stream, _, time_text = stream.rpartition(":")
        if stream not in self._rows or not (time_text + rest).isascii() or not (time_text + rest).isdigit():
            return None
        time_ms = int(time_text[:16])
        found = self._ledger.series(
            self._rows[stream].key, time_ms, time_ms + 1, interval_ms=int(rest[:12] or 0)
        )
        return self._observation(stream, found[-1]) if found else None


def _unknown_shape(sensor_id: str) -> Shape:
    return Shape(id=sensor_id, kind="instrument", name={"zh": sensor_id, "en": sensor_id}, place=None)


def _named(shape: Shape) -> dict[str, Any]:
    return {"name": shape.name["en"], "description": shape.name["zh"]}


def _stream_id(key: str) -> str:
    """A slash inside an id would be a step of the address."""
    return key.replace("/", ":", 1)


def _property_id(quantity_key: str) -> str:
    return quantity_key.replace(":", ".", 1)


def _quantity_key(id_: str) -> str:
    return id_.replace(".", ":", 1)


def _windowed(options: Options, top: int) -> Options:
    return Options(
        filter=options.filter,
        order=options.order,
        top=top,
        skip=0,
        count=options.count,
    )


def _nothing(options: Options) -> Page:
    """Collection without entities: nothing in a park of fixed instruments has moved."""
    return page_of((), options)
