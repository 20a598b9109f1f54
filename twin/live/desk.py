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
from twin.core.errors import ServiceUnavailableError
from twin.core.park import Park
from twin.live.desk_errors import bad_args
from twin.live.registry import SceneRegistry
from twin.live.settings import Settings
from twin.live.sink import LedgerSink
from twin.store.acts import Act, ActDeed, canonical
from twin.store.reader import LedgerReader

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
    """One thing that one person asks for, and what the verb may reach for it.

    ``secret``: secrets may stand in ``args``, so no error may tell what was submitted.
    """

    verb: str
    actor: Actor
    args: Mapping[str, object]
    office: Office
    asked_seq: int = 0
    secret: bool = False

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
            raise bad_args(error, known=frozenset(kind.model_fields), secret=self.secret) from None

    async def note(self, kind: str, body: Mapping[str, object]) -> int:
        """Write an act of this person by itself; its number when it is durable."""
        act = Act(kind=kind, actor=self.actor.name, time_ms=self.clock.now_ms(), body=body)
        return int(str(await self.sink.perform(ActDeed(act=act))))


Run = Callable[[DeskCall], Awaitable[Mapping[str, object]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskVerb:
    """Something that may be asked for, and by whom.

    ``changes``: whether the asking and the outcome are written into the book of acts. ``secret``:
    arguments with keys or passwords; where there are some, only those of ``open`` are written there, an
    error is noted by its kind alone, and nothing that was submitted beside ``open`` appears in errors
    or in the log. ``limit_s``: when it is given up.
    """

    name: str
    role: Role
    run: Run
    changes: bool = True
    secret: frozenset[str] = frozenset()
    open: frozenset[str] = frozenset()
    limit_s: float = 60.0
