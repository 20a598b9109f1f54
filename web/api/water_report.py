"""The risk assessment report of the newest now-cast of the groundwater, as Word and PDF."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response

from twin.core.errors import NotFoundError, ServiceUnavailableError
from twin.core.text import Text
from twin.stage.water.report import MIMETYPES, Format, write_report
from twin.stage.water.report_wire import report_of
from twin.store.rows import WaterKind
from web.reply import Operation, serve
from web.services import Services, services

water_report = APIBlueprint("water_report", __name__, url_prefix="/api/v1", tag="Models")
_UNNAMED = Text(zh="园区", en="the park")


def get_report_docx() -> Response:
    """Risk assessment report of the newest now-cast, Word."""
    return _report("docx")


def get_report_pdf() -> Response:
    """Risk assessment report of the newest now-cast, PDF."""
    return _report("pdf")


def _report(form: Format) -> Response:
    own = services()
    if not own.exports.acquire(blocking=False):
        msg = "two exports are being made already; try again in a moment"
        raise ServiceUnavailableError(msg, message_zh="已有两个导出正在进行，请稍后再试", field="export")
    try:
        name, body = _made(own, form)
    finally:
        own.exports.release()
    response = Response(body, mimetype=MIMETYPES[form])
    response.headers["Content-Disposition"] = f'attachment; filename="groundwater-{name}.{form}"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _made(own: Services, form: Format) -> tuple[str, bytes]:
    row = own.results.newest_water(WaterKind.NOW_CAST)
    if row is None:
        msg = "no now-cast of the groundwater yet; expected at least one"
        raise NotFoundError(msg, message_zh="尚无地下水推演结果；应至少有一次", field="nowcast")
    compared = own.results.newest_water(WaterKind.COMPARISON, row.time_ms)
    report = report_of(row.payload(), None if compared is None else compared.payload(), park=_park_name(own))
    return f"{row.run}-{row.k}", write_report(report, form)


def _park_name(own: Services) -> Text:
    try:
        found = own.bundles.scene()["name"]
        return Text(zh=found["zh"], en=found["en"])
    except (ServiceUnavailableError, NotFoundError, KeyError):
        return _UNNAMED


_FILE = Operation(mimetype="*/*", errors=(404, 503))
serve(water_report, "/water/report.docx", get_report_docx, _FILE)
serve(water_report, "/water/report.pdf", get_report_pdf, _FILE)
