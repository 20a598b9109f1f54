"""The desk: how what people want reaches the one process that writes.

A verb is something that may be asked for. Its room declares it (``twin/live/<room>_verbs.py``),
``twin.live.verbs`` lists all, the desk's server asks who it is, whether the role is enough, writes
down that it was asked, runs it, and writes down what came of it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from sensors.hj212.server import Hj212Server
from twin.core.actor import Actor, Role
from twin.core.clock import Clock
from twin.core.errors import BadRequestError, ServiceUnavailableError
from twin.core.park import Park
from twin.live.registry import SceneRegistry
from twin.live.settings import Settings
from twin.live.sink import LedgerSink
from twin.store.acts import Act, ActDeed, canonical
from twin.store.reader import LedgerReader

_VALUE_CHARS = 200
Part = TypeVar("Part")
Read = TypeVar("Read", bound="DeskArgs")


class DeskArgs(BaseModel):
    """What a verb is told: strict, nothing unknown, finite numbers."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, frozen=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """All that verbs may reach. ``parts`` are the services of single rooms, one of a kind."""

    settings: Settings
    park: Park
    sink: LedgerSink
    reader: LedgerReader
    registry: SceneRegistry
    clock: Clock
    server: Hj212Server
    parts: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskCall:
    """One thing that one person asks for, and what the verb may reach for it."""

    verb: str
    actor: Actor
    args: Mapping[str, object]
    office: Office
    asked_seq: int = 0

    @property
    def settings(self) -> Settings:
        """Settings of the process."""
        return self.office.settings

    @property
    def park(self) -> Park:
        """The park."""
        return self.office.park

    @property
    def sink(self) -> LedgerSink:
        """Where frames and deeds become durable."""
        return self.office.sink

    @property
    def reader(self) -> LedgerReader:
        """Reader of the ledger; it blocks, so ask it in ``asyncio.to_thread``."""
        return self.office.reader

    @property
    def registry(self) -> SceneRegistry:
        """Devices that may speak."""
        return self.office.registry

    @property
    def clock(self) -> Clock:
        """The time."""
        return self.office.clock

    @property
    def server(self) -> Hj212Server:
        """The lines to the instruments."""
        return self.office.server

    def part(self, kind: type[Part]) -> Part:
        """Service of a room, by its class. Raises ServiceUnavailableError when this process has none."""
        for row in self.office.parts:
            if isinstance(row, kind):
                return row
        raise ServiceUnavailableError(
            f"this process has no {kind.__name__}; {self.verb} cannot be done",
            message_zh=f"本进程没有 {kind.__name__}，无法执行 {self.verb}",
            field="verb",
            value=self.verb,
        )

    def read(self, kind: type[Read]) -> Read:
        """Arguments as a model. Raises BadRequestError that names the first bad one."""
        try:
            return kind.model_validate_json(canonical(self.args))
        except ValidationError as error:
            raise _bad_args(error) from None

    async def note(self, kind: str, body: Mapping[str, object]) -> int:
        """Write an act of this person by itself; its number when it is durable."""
        act = Act(kind=kind, actor=self.actor.name, time_ms=self.clock.now_ms(), body=body)
        return int(str(await self.sink.perform(ActDeed(act=act))))


Run = Callable[[DeskCall], Awaitable[Mapping[str, object]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskVerb:
    """Something that may be asked for, and by whom.

    ``changes``: whether the asking and the outcome are written into the book of acts. ``secret``:
    arguments that are not written there (keys, passwords). ``limit_s``: when it is given up.
    """

    name: str
    role: Role
    run: Run
    changes: bool = True
    secret: frozenset[str] = frozenset()
    limit_s: float = 60.0


def _bad_args(error: ValidationError) -> BadRequestError:
    first = error.errors(include_url=False)[0]
    field = ".".join(str(part) for part in first["loc"]) or "args"
    value = "" if first["type"] == "missing" else str(first["input"])[:_VALUE_CHARS]
    return BadRequestError(
        f"{field}: {first['msg']}; got {value!r}",
        message_zh=f"参数 {field} 不可用：{first['msg']}；得到 {value!r}",
        field=field,
        value=value,
    )
