"""The web application."""

from __future__ import annotations

from apiflask import APIFlask

from twin.core.clock import Clock
from twin.live.settings import Settings
from web import errors, security
from web.api.air import air
from web.api.desk import desk
from web.api.devices import devices
from web.api.evidence import evidence
from web.api.exchange import exchange
from web.api.export import exports
from web.api.frames import frames
from web.api.lidar import lidar
from web.api.lines import lines
from web.api.live import live
from web.api.operation import operations
from web.api.park import park
from web.api.plume_downloads import plume_downloads
from web.api.plumes import plumes
from web.api.quality import quality
from web.api.registry import registry
from web.api.review import review_queue
from web.api.scene import scene
from web.api.sensorthings import sensorthings
from web.api.series import series
from web.api.solvers import solvers
from web.api.state import state
from web.api.statistics import statistics
from web.api.substances import substance_table
from web.api.uploads import upload
from web.api.versions import versions
from web.api.water import water
from web.api.water_report import water_report
from web.api.watertables import watertables
from web.openapi import complete
from web.release import release
from web.services import EXTENSION, StreamLimits, make_services

BLUEPRINTS = (
    park,
    state,
    series,
    exports,
    plumes,
    plume_downloads,
    watertables,
    water,
    water_report,
    air,
    solvers,
    substance_table,
    devices,
    registry,
    exchange,
    lines,
    frames,
    desk,
    evidence,
    live,
    operations,
    sensorthings,
    review_queue,
    statistics,
    quality,
    scene,
    versions,
    upload,
    lidar,
)


def create_app(
    settings: Settings, *, clock: Clock | None = None, limits: StreamLimits | None = None
) -> APIFlask:
    """Web application of a park.

    It reads the ledgers and the scene bundle and writes nothing itself: what people want goes to the
    desk of the ingest process (``web.desk``). Background work begins with
    ``app.extensions["park_twin"].start()``, which the server calls after it has forked.
    """
    app = APIFlask(
        __name__,
        title="Park Twin",
        version=release(),
        json_errors=False,
        docs_path=None,
        static_folder=None,
    )
    app.config.update(
        OPENAPI_VERSION="3.1.0",
        AUTO_404_RESPONSE=False,
        AUTO_VALIDATION_ERROR_RESPONSE=False,
        AUTO_OPERATION_ID=True,
        AUTO_AUTH_ERROR_RESPONSE=False,
        SECURITY_SCHEMES={"bearer": {"type": "http", "scheme": "bearer"}},
        SYNC_LOCAL_SPEC=False,
    )
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    own = make_services(settings, version=release(), clock=clock, limits=limits)
    app.extensions[EXTENSION] = own
    errors.register(app)
    security.register(app)
    own.metrics.watch(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)

    app.spec_processor(complete)
    return app
