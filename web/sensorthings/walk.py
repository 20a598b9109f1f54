"""Addresses of SensorThings: ``Things('B1')/Datastreams``, ``.../Thing/name``, ``.../$value``."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from web.sensorthings.catalogue import KINDS, Catalogue
from web.sensorthings.entities import Entity, Page
from web.sensorthings.options import Options
from web.sensorthings.render import missing

_STEP = re.compile(r"(?P<name>[A-Za-z]+)(?:\('(?P<id>[^'/]{1,200})'\))?", re.ASCII)
_STEPS_MAX = 8
ROOTS = (*KINDS, "Observations", "HistoricalLocations")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What an address leads to: exactly one of the three is set."""

    entity: Entity | None = None
    collection: Callable[[Options], Page] | None = None
    value: tuple[str, Any] | None = None
    bare: bool = False


def walk(catalogue: Catalogue, path: str) -> Found:
    """What stands at an address. Raises NotFoundError."""
    steps = path.strip("/").split("/")
    bare = steps[-1] in ("$value", "$ref")
    last = steps.pop() if bare else ""
    if not steps or len(steps) > _STEPS_MAX:
        raise missing(path)
    found = _root(catalogue, steps[0], path)
    for step in steps[1:]:
        found = _next(catalogue, found, step, path)
    if last == "$value" and found.value is None:
        raise missing(path)
    return Found(entity=found.entity, collection=found.collection, value=found.value, bare=bare)


def _root(catalogue: Catalogue, step: str, path: str) -> Found:
    name, id_ = _read(step, path)
    if id_ is None:
        return _of(catalogue.kind(name), path)
    return _one(catalogue.entity(name, id_), path)


def _next(catalogue: Catalogue, found: Found, step: str, path: str) -> Found:
    if found.entity is None:
        raise missing(path)
    name, id_ = _read(step, path)
    entity = found.entity
    if id_ is not None:
        if name not in entity.many:
            raise missing(path)
        wanted = catalogue.entity(name, id_)
        return _one(wanted if wanted is not None and _belongs(entity, name, wanted) else None, path)
    if name in entity.one:
        return Found(entity=entity.one[name]())
    if name in entity.many:
        return Found(collection=entity.many[name])
    if name in entity.properties:
        return Found(value=(name, entity.properties[name]))
    raise missing(path)


def _belongs(entity: Entity, name: str, wanted: Entity) -> bool:
    """Whether ``wanted`` links back to the entity that it was asked of."""
    if entity.id == wanted.id and name in ("Locations", "Things"):
        return True
    back = {link().address for link in wanted.one.values()}
    return entity.address in back


def _read(step: str, path: str) -> tuple[str, str | None]:
    match = _STEP.fullmatch(step)
    if match is None:
        raise missing(path)
    return match["name"], match["id"]


def _of(collection: Callable[[Options], Page] | None, path: str) -> Found:
    if collection is None:
        raise missing(path)
    return Found(collection=collection)


def _one(entity: Entity | None, path: str) -> Found:
    if entity is None:
        raise missing(path)
    return Found(entity=entity)
