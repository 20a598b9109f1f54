"""How the service is: health, metrics, and a page that describes the API."""

from __future__ import annotations

from html import escape
from typing import Any

from apiflask import APIBlueprint, APIFlask
from flask import Response, current_app

from web.health import health_of
from web.metrics import CONTENT_TYPE
from web.reply import Operation, json_response, serve
from web.schemas.health import HealthOut
from web.services import services

operations = APIBlueprint("operation", __name__, tag="Operation")

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>body{{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:64rem;padding:0 1rem}}
table{{border-collapse:collapse;width:100%}}td,th{{border-bottom:1px solid #ccc;padding:.4rem;text-align:left;
vertical-align:top}}code{{font-size:13px}}</style>
<h1>{title}</h1><p>Machine-readable: <a href="/openapi.json">/openapi.json</a></p>
<table><tr><th>Address<th>What<th>Query<th>Answers</tr>{rows}</table></html>
"""


def get_health() -> Response:
    """Whether every needed part is well; 503 with the same body when one is not."""
    body = health_of(services())
    return json_response(body, status=200 if body.ok else 503)


def get_metrics() -> Response:
    """Metrics in Prometheus' text form, see docs/metrics.md."""
    return Response(
        services().metrics.text(), content_type=CONTENT_TYPE, headers={"Cache-Control": "no-store"}
    )


def get_docs() -> Response:
    """All addresses of the API, for people."""
    app = current_app
    assert isinstance(app, APIFlask)  # noqa: S101  (tells the type checker)
    document_: dict[str, Any] = app.spec
    rows = "".join(_row(path, entry["get"]) for path, entry in document_["paths"].items() if "get" in entry)
    page = _PAGE.format(title=escape(document_["info"]["title"]), rows=rows)
    return Response(page, content_type="text/html; charset=utf-8", headers={"Cache-Control": "no-store"})


def _row(path: str, entry: dict[str, Any]) -> str:
    names = ", ".join(row["name"] for row in entry["parameters"] if row["in"] == "query")
    answers = ", ".join(sorted(entry["responses"]))
    cells = (f"<code>{escape(path)}</code>", escape(entry["summary"]), escape(names), answers)
    return "<tr>" + "".join(f"<td>{cell}" for cell in cells) + "</tr>"


serve(operations, "/health", get_health, Operation(gives=HealthOut, also_at=(503,)))
serve(operations, "/metrics", get_metrics, Operation(mimetype="text/plain"))
serve(operations, "/docs", get_docs, Operation(mimetype="text/html"))
