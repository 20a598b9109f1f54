"""Entities and pages as the JSON of SensorThings 1.1: control information, ``$select``, ``$expand``."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from twin.core.errors import NotFoundError
from web.sensorthings.entities import Entity, Page
from web.sensorthings.options import Options
from web.sensorthings.wrong import wrong

_COLUMNS = ("id", "phenomenonTime", "resultTime", "result")
_EXPANDED_MAX = 20_000
_SAFE = "/()':.-_"


class Renderer:
    """Writes one answer. ``root`` is the address of the service without a slash at its end."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._left = _EXPANDED_MAX

    def entity(self, entity: Entity, options: Options) -> dict[str, Any]:
        """One entity with what was asked to stand inside it."""
        body: dict[str, Any] = {}
        if not options.select or {"id", "@iot.id"} & set(options.select):
            body["@iot.id"] = entity.id
            body["@iot.selfLink"] = self._link(entity.address)
        chosen = {name.split("/")[0] for name in options.select}
        body |= {k: v for k, v in entity.properties.items() if not chosen or k in chosen}
        asked = dict(options.expand)
        for name in (*entity.one, *entity.many):
            if name in asked:
                self._expand(body, entity, name, asked.pop(name))
            elif not chosen:
                body[f"{name}@iot.navigationLink"] = self._link(f"{entity.address}/{name}")
        if asked:
            expected = ", ".join((*entity.one, *entity.many)) or "nothing"
            raise wrong(next(iter(asked)), "$expand", f"one of {expected}")
        return body

    def page(self, page: Page, options: Options, *, next_link: str) -> dict[str, Any]:
        """A collection. ``next_link`` is given when there is more."""
        body: dict[str, Any] = {} if page.total is None else {"@iot.count": page.total}
        body["value"] = [self.entity(row, options) for row in page.entities]
        if page.more:
            body["@iot.nextLink"] = next_link
        return body

    def data_array(self, page: Page, options: Options, *, next_link: str) -> dict[str, Any]:
        """Observations as rows of a table (part 1, clause 12)."""
        streams: dict[str, list[list[Any]]] = {}
        for row in page.entities:
            cells = [row.id, *(row.properties[name] for name in _COLUMNS[1:])]
            streams.setdefault(row.one["Datastream"]().address, []).append(cells)
        body: dict[str, Any] = {} if page.total is None else {"@iot.count": page.total}
        body["value"] = [
            {
                "Datastream@iot.navigationLink": self._link(address),
                "components": list(_COLUMNS),
                "dataArray@iot.count": len(rows),
                "dataArray": rows,
            }
            for address, rows in streams.items()
        ]
        if page.more:
            body["@iot.nextLink"] = next_link
        return body

    def _expand(self, body: dict[str, Any], entity: Entity, name: str, options: Options) -> None:
        if name in entity.one:
            body[name] = self.entity(entity.one[name](), options)
            return
        page = entity.many[name](options)
        self._left -= len(page.entities)
        if self._left < 0:
            raise wrong(name, "$expand", f"at most {_EXPANDED_MAX} entities in one answer; use $top")
        address = f"{entity.address}/{name}"
        if page.total is not None:
            body[f"{name}@iot.count"] = page.total
        body[name] = [self.entity(row, options) for row in page.entities]
        body[f"{name}@iot.navigationLink"] = self._link(address)
        if page.more:
            step = f"?$top={options.top}&$skip={options.skip + options.top}"
            body[f"{name}@iot.nextLink"] = self._link(address) + step

    def _link(self, address: str) -> str:
        return f"{self._root}/{quote(address, safe=_SAFE)}"


def missing(path: str) -> NotFoundError:
    """Error of an address that leads nowhere."""
    return NotFoundError(
        f"SensorThings has nothing at {path[:200]!r}",
        message_zh=f"SensorThings 中没有 {path[:200]!r}",
        field="path",
        value=path[:200],
    )
