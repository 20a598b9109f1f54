"""Metrics in Prometheus' text form, one registry per app.

What other processes know (frames, errors, commits) is read from the ledger when somebody asks.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from twin.core.clock import Clock
from twin.core.errors import ParkTwinError
from twin.store.backup import newest_backup
from twin.store.reader import LedgerReader
from twin.store.results import ResultReader
from twin.store.rows import WaterKind
from twin.store.snapshots import PARTS, snapshot_of
from web.follow import Follower
from web.hub import Hub

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_PREFIX = "park_twin_"
_COMMIT_LE = "commit_seconds_le:"
_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_DEVICE_STATES = ("online", "silent", "offline", "never")

# Every metric and what it says; docs/metrics.md holds the same list and a test compares them.
METRICS: Mapping[str, str] = MappingProxyType(
    {
        "frames": "Frames received by ingest, by what became of them",
        "values": "Values written by ingest, by what became of them",
        "line_errors": "Bytes on the instruments' lines that were no frame, by kind",
        "commit_seconds": "Time of a durable commit of ingest",
        "ingest_age_seconds": "Age of the sign of life of ingest",
        "worker_age_seconds": "Age of the sign of life of the model worker",
        "data_age_seconds": "Age of the newest observation",
        "backup_age_seconds": "Age of the newest good backup",
        "part_alive": "Whether a part of ingest works (1) or waits to be started again (0), by part",
        "part_failures": "Times a part of ingest has failed since ingest started, by part",
        "plume_age_seconds": "Age of the newest plume, by substance",
        "groundwater_age_seconds": "Age of the newest now-cast of the groundwater",
        "groundwater_cpu_seconds": "CPU time that the newest now-cast of the groundwater took",
        "devices": "Registered devices, by state",
        "stream_clients": "Open live streams",
        "stream_events": "Events published to the live stream",
        "stream_dropped": "Events that a slow client lost",
        "stream_resets": "Times a client was told to fetch the state again",
        "stream_refused": "Streams refused because too many were open",
        "follower_lag_seconds": "Age of the newest event when it was published",
        "follower_failures": "Times the ledgers could not be followed",
        "http_seconds": "Time until the head of the answer, by route, method and status class",
    }
)


class HubCollector(Collector):
    """The live stream and its follower."""

    def __init__(self, hub: Hub, follower: Follower) -> None:
        self._hub, self._follower = hub, follower

    def collect(self) -> Iterable[Metric]:
        """Metrics as of now."""
        counts = self._hub.counts
        yield _gauge("stream_clients", self._hub.clients)
        yield _counter("stream_events", counts.published)
        yield _counter("stream_dropped", counts.dropped)
        yield _counter("stream_resets", counts.resets)
        yield _counter("stream_refused", counts.refused)
        yield _gauge("follower_lag_seconds", self._follower.counts.lag_s)
        yield _counter("follower_failures", self._follower.counts.failures)


class LedgerCollector(Collector):
    """What ingest counted, and how old everything is. Silent about a ledger that is not there."""

    def __init__(self, ledger: LedgerReader, results: ResultReader, clock: Clock, backups: Path) -> None:
        self._ledger, self._results, self._clock = ledger, results, clock
        self._backups = backups

    def collect(self) -> Iterable[Metric]:
        """Metrics as of now."""
        for question in (
            self._counters,
            self._line_errors,
            self._ages,
            self._backup_age,
            self._result_ages,
            self._devices,
            self._parts,
        ):
            try:
                yield from question()
            except ParkTwinError:
                continue

    def _counters(self) -> Iterator[Metric]:
        counted = self._ledger.counters()
        for name in ("frames", "values"):
            found = {
                key.removeprefix(f"{name}_"): value
                for key, value in counted.items()
                if key.startswith(f"{name}_")
            }
            yield _labelled(CounterMetricFamily, name, "outcome", found)
        yield _commit_histogram(counted)

    def _line_errors(self) -> Iterator[Metric]:
        counts = {row.kind: float(row.count) for row in self._ledger.line_errors()}
        yield _labelled(CounterMetricFamily, "line_errors", "kind", counts)

    def _ages(self) -> Iterator[Metric]:
        now_ms = self._clock.now_ms()
        beat, span = self._ledger.beat(), self._ledger.span()
        if beat is not None:
            yield _gauge("ingest_age_seconds", (now_ms - beat.beat_ms) / 1000.0)
        if span is not None:
            yield _gauge("data_age_seconds", (now_ms - span.to_ms) / 1000.0)

    def _backup_age(self) -> Iterator[Metric]:
        newest = newest_backup(self._backups)
        if newest is not None:
            yield _gauge("backup_age_seconds", (self._clock.now_ms() - newest.made_ms) / 1000.0)

    def _result_ages(self) -> Iterator[Metric]:
        now_ms = self._clock.now_ms()
        beat = self._results.beat()
        if beat is not None:
            yield _gauge("worker_age_seconds", (now_ms - beat.beat_ms) / 1000.0)
        ages = {row.substance_id: (now_ms - row.time_ms) / 1000.0 for row in self._results.newest_plumes()}
        yield _labelled(GaugeMetricFamily, "plume_age_seconds", "substance", ages)
        newest = self._results.newest_water(WaterKind.NOW_CAST)
        age_s = None if newest is None else (now_ms - newest.time_ms) / 1000.0
        yield _gauge("groundwater_age_seconds", age_s)
        yield _gauge("groundwater_cpu_seconds", None if newest is None else newest.body.get("cpu_s"))

    def _devices(self) -> Iterator[Metric]:
        states = [row.status.value for row in self._ledger.devices()]
        counts = {state: float(states.count(state)) for state in _DEVICE_STATES}
        yield _labelled(GaugeMetricFamily, "devices", "state", counts)

    def _parts(self) -> Iterator[Metric]:
        found = snapshot_of(self._ledger, PARTS)
        rows = {} if found is None else found[1]
        alive = {name: float(row["alive"]) for name, row in rows.items()}
        yield _labelled(GaugeMetricFamily, "part_alive", "part", alive)
        failures = {name: float(row["failures"]) for name, row in rows.items()}
        yield _labelled(CounterMetricFamily, "part_failures", "part", failures)


class Metrics:
    """The registry of one app."""

    def __init__(self, *collectors: Collector) -> None:
        self.registry = CollectorRegistry()
        for collector in collectors:
            self.registry.register(collector)
        self._http_s = Histogram(
            _PREFIX + "http_seconds",
            METRICS["http_seconds"],
            ["route", "method", "status"],
            buckets=_BUCKETS_S,
            registry=self.registry,
        )

    def text(self) -> bytes:
        """All metrics in text form."""
        return generate_latest(self.registry)

    def watch(self, app: Flask) -> None:
        """Measure every request of an app."""
        app.before_request(_note_start)
        app.after_request(self._measured)

    def _measured(self, response: Response) -> Response:
        started_s = g.pop("started_s", None)
        if started_s is not None:
            # Only routes and known methods become labels: a scanner must not grow the registry.
            route = request.url_rule.rule if request.url_rule else "none"
            method = request.method if request.method in ("GET", "HEAD", "OPTIONS") else "other"
            status = f"{response.status_code // 100}xx"
            self._http_s.labels(route, method, status).observe(time.perf_counter() - started_s)
        return response


def _note_start() -> None:
    g.started_s = time.perf_counter()


def _gauge(name: str, value: float | None) -> Metric:
    return GaugeMetricFamily(_PREFIX + name, METRICS[name], value=value)


def _counter(name: str, value: float) -> Metric:
    return CounterMetricFamily(_PREFIX + name, METRICS[name], value=value)


def _labelled(
    kind: type[CounterMetricFamily | GaugeMetricFamily], name: str, label: str, values: Mapping[str, float]
) -> Metric:
    family = kind(_PREFIX + name, METRICS[name], labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def _commit_histogram(counted: Mapping[str, float]) -> Metric:
    """The writer keeps cumulative counts by upper bound, as the text form wants them."""
    bounds = sorted(
        (key.removeprefix(_COMMIT_LE) for key in counted if key.startswith(_COMMIT_LE)), key=float
    )
    buckets = [(bound, counted[_COMMIT_LE + bound]) for bound in bounds]
    buckets.append(("+Inf", counted.get("commit_seconds_count", 0.0)))
    family = HistogramMetricFamily(_PREFIX + "commit_seconds", METRICS["commit_seconds"])
    family.add_metric([], buckets, sum_value=counted.get("commit_seconds_sum", 0.0))
    return family
