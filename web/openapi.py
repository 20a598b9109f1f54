"""Finishing touches to the OpenAPI document that APIFlask makes."""

from __future__ import annotations

from typing import Any

from web.schemas.error import ErrorOut


def complete(spec: dict[str, Any]) -> dict[str, Any]:
    """The document with the one error shape among its schemas."""
    schemas: dict[str, Any] = spec.setdefault("components", {}).setdefault("schemas", {})
    schemas["ErrorOut"] = ErrorOut.model_json_schema()
    return spec
