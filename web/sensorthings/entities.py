"""Entities of SensorThings 1.1 (part 1, clause 8) as plain properties and links.

An entity knows what it links to by name; collections are only made when somebody asks for them.
Observations are numerous, so theirs is the only collection that is not a tuple.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from web.sensorthings.options import Options


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Part of a collection. ``total`` is None where it was not asked for."""

    entities: tuple[Entity, ...]
    more: bool
    total: int | None


Collection = Callable[[Options], Page]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """One entity. ``one`` links to single entities, ``many`` to collections."""

    kind: str
    id: str
    properties: Mapping[str, Any]
    one: Mapping[str, Callable[[], Entity]] = field(default_factory=dict)
    many: Mapping[str, Collection] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """Address below the root of the service."""
        return f"{self.kind}('{self.id}')"

    def resolve(self, path: tuple[str, ...]) -> Any:
        """Value of a path such as ``('Datastream', 'unitOfMeasurement', 'name')``; None if absent."""
        name, rest = path[0], path[1:]
        if name in ("id", "@iot.id") and not rest:
            return self.id
        if name in self.one:
            return self.one[name]().resolve(rest or ("id",))
        found: Any = self.properties.get(name)
        for step in rest:
            found = found.get(step) if isinstance(found, Mapping) else None
        return found
