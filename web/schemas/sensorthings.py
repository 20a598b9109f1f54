"""Query options of the SensorThings interface, as texts; web.sensorthings reads what stands in them."""

from __future__ import annotations

from pydantic import Field

from web.schemas.base import Query


class SensorThingsQuery(Query):
    """Options of OGC SensorThings 1.1, part 1, 9.3."""

    filter: str | None = Field(default=None, alias="$filter", max_length=2000)
    orderby: str | None = Field(default=None, alias="$orderby", max_length=500)
    expand: str | None = Field(default=None, alias="$expand", max_length=2000)
    select: str | None = Field(default=None, alias="$select", max_length=500)
    top: str | None = Field(default=None, alias="$top", pattern=r"^[0-9]{1,9}$")
    skip: str | None = Field(default=None, alias="$skip", pattern=r"^[0-9]{1,9}$")
    count: str | None = Field(default=None, alias="$count", pattern=r"^(true|false)$")
    resultFormat: str | None = Field(default=None, alias="$resultFormat", pattern=r"^dataArray$")  # noqa: N815

    def texts(self) -> dict[str, str]:
        """The options that were given, under the names of the standard."""
        given: dict[str, str] = self.model_dump(by_alias=True, exclude_none=True)
        return given
