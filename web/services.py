"""What the operations of one app share: readers, hub, follower, metrics."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from threading import BoundedSemaphore
from typing import cast

from flask import Flask, current_app

from twin.core.clock import Clock, SystemClock
from twin.live.settings import Settings
from twin.store.reader import LedgerReader
from twin.store.results import ResultReader
from web.bundle import Bundles
from web.follow import Follower
from web.hub import Hub
from web.metrics import HubCollector, LedgerCollector, Metrics
from web.sensorthings.shapes import ShapeBook

EXTENSION = "park_twin"
BUNDLES = "bundles"


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamLimits:
    """Sizes and times of the live stream.

    ``ring``: events kept for clients that come back; ``queue``: events that may wait for one client;
    ``poll_s``: pause between two looks at the ledgers; ``write_timeout_s``: a client that takes nothing
    for so long is given up.
    """

    ring: int = 4000
    queue: int = 256
    poll_s: float = 0.03
    heartbeat_s: float = 15.0
    write_timeout_s: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything behind one app. Opening costs nothing; ledgers are opened at the first question."""

    settings: Settings
    limits: StreamLimits
    clock: Clock
    ledger: LedgerReader
    results: ResultReader
    bundles: Bundles
    shapes: ShapeBook
    hub: Hub
    follower: Follower
    metrics: Metrics
    version: str
    viewer_dir: Path
    # Files for download are made by at most so many threads at a time: live screens come first.
    exports: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(2))

    def start(self) -> None:
        """Begin to follow the ledgers; once per process, after any fork."""
        self.follower.start()

    def stop(self) -> None:
        """End all live streams and the follower."""
        self.hub.close()
        self.follower.stop()


def make_services(
    settings: Settings, *, version: str, clock: Clock | None = None, limits: StreamLimits | None = None
) -> Services:
    """Services of an app with these settings."""
    clock, limits = clock or SystemClock(), limits or StreamLimits()
    ledger = LedgerReader(settings.ledger, settings.archive)
    results = ResultReader(settings.results, settings.data_dir)
    # A stream holds its thread; the other half answers ordinary requests.
    hub = Hub(ring_size=limits.ring, queue_size=limits.queue, clients_max=settings.web_threads // 2)
    follower = Follower(
        hub,
        ledger,
        results,
        clock=clock,
        poll_s=limits.poll_s,
        remember=limits.ring,
    )
    bundles = Bundles(settings.data_dir / BUNDLES)
    return Services(
        settings=settings,
        limits=limits,
        clock=clock,
        ledger=ledger,
        results=results,
        bundles=bundles,
        shapes=ShapeBook(bundles),
        hub=hub,
        follower=follower,
        metrics=Metrics(
            HubCollector(hub, follower), LedgerCollector(ledger, results, clock, settings.backups)
        ),
        version=version,
        viewer_dir=Path(__file__).parent / "static" / "viewer",
    )


def services_of(app: Flask) -> Services:
    """What stands behind an app."""
    return cast("Services", app.extensions[EXTENSION])


def services() -> Services:
    """Services of the app that answers now."""
    return services_of(current_app)
