"""The park as OGC SensorThings 1.1 (read only): Things, Datastreams, Observations and their kin."""

from __future__ import annotations

import gzip
import json
from typing import Any
from urllib.parse import urlencode

from apiflask import APIBlueprint
from flask import Response, request

from web.reply import Operation, serve
from web.schemas.sensorthings import SensorThingsQuery
from web.sensorthings.catalogue import Catalogue
from web.sensorthings.options import Options, read_options
from web.sensorthings.render import Renderer
from web.sensorthings.walk import ROOTS, Found, walk
from web.services import services

sensorthings = APIBlueprint("sensorthings", __name__, tag="SensorThings")
ROOT = "/sta/v1.1"
_STANDARD = "http://www.opengis.net/spec/iot_sensing/1.1/req/"
_CONFORMANCE = (
    "datamodel",
    "resource-path/resource-path-to-entities",
    "request-data",
    "data-array/data-array",
)
_GZIP_FROM_BYTES = 1400
_SAFE = "$/(),;='"


def get_root() -> Response:
    """Addresses of the collections, and what of the standard is served."""
    root = _root()
    return _json(
        {
            "value": [{"name": name, "url": f"{root}/{name}"} for name in ROOTS],
            "serverSettings": {"conformance": [_STANDARD + name for name in _CONFORMANCE]},
        }
    )


def get_entities(path: str, query: SensorThingsQuery) -> Response:
    """A collection, an entity, or a property, as its address says."""
    own = services()
    rows = own.ledger.series_rows()
    options = read_options(query.texts())
    found = walk(Catalogue(own.shapes.shapes(), rows, own.ledger), path)
    if found.value is not None:
        return _value(found)
    return _json(_body(found, options, path, query))


def _body(found: Found, options: Options, path: str, query: SensorThingsQuery) -> dict[str, Any]:
    renderer = Renderer(_root())
    if found.entity is not None:
        return (
            {"@iot.selfLink": f"{_root()}/{found.entity.address}"}
            if found.bare
            else renderer.entity(found.entity, options)
        )
    assert found.collection is not None  # noqa: S101  (tells the type checker)
    page = found.collection(options)
    following = query.texts() | {"$top": str(options.top), "$skip": str(options.skip + options.top)}
    link = f"{_root()}/{path}?{urlencode(following, safe=_SAFE)}"
    if found.bare:
        return {"value": [{"@iot.selfLink": f"{_root()}/{row.address}"} for row in page.entities]}
    if options.data_array and all(row.kind == "Observations" for row in page.entities):
        return renderer.data_array(page, options, next_link=link)
    return renderer.page(page, options, next_link=link)


def _value(found: Found) -> Response:
    assert found.value is not None  # noqa: S101  (tells the type checker)
    name, value = found.value
    if found.bare:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        return Response(text, mimetype="text/plain", headers={"Cache-Control": "no-store"})
    return _json({name: value})


def _root() -> str:
    return f"{request.host_url.rstrip('/')}{ROOT}"


def _json(body: dict[str, Any]) -> Response:
    data = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    response = Response(data, mimetype="application/json")
    if len(data) >= _GZIP_FROM_BYTES and request.accept_encodings["gzip"] > 0:
        response.set_data(gzip.compress(data, 4, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["Cache-Control"] = "no-store"
    return response


_ANSWERS = (404, 503)
serve(sensorthings, ROOT, get_root, Operation(errors=_ANSWERS))
serve(sensorthings, f"{ROOT}/<path:path>", get_entities, Operation(reads=SensorThingsQuery, errors=_ANSWERS))
