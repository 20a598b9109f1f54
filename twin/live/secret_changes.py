"""New passwords (1072) and SM4 keys (1014): no station is locked out by an answer that is lost.

A new secret is durable as a candidate before it is sent. From then on the device may speak under the
old one or under the candidate. A frame decides: what it is under is in use, what was there before it
falls away, and what came after it and was not taken for long falls away too. What the station answers
(9012) only says which one commands go out under meanwhile. All of it follows from the frames, their
times of receipt and the file, so a restart changes nothing. No secret stands in an act or in the log.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sensors.hj212.commands import Request
from sensors.hj212.exchange import Outcome, Progress
from sensors.hj212.session import Delivery
from sensors.hj212.sm4 import is_binary, key_of, plain_of
from twin.core.clock import DAY_MS, Clock
from twin.core.device import Device
from twin.core.errors import ConflictError, ParkTwinError
from twin.live.exchange import Books
from twin.live.passwords import Candidate, What, read_secrets, with_key, write_secrets
from twin.live.registry import SceneRegistry
from twin.store.acts import Act, ActDeed

_log = logging.getLogger(__name__)
_ACTOR = "system"
# More than so many that nobody has confirmed are a fault to be looked at, not to be gone on with.
CANDIDATES_MAX = 4
# A station may take a new password at its next start only.
PATIENCE_MS = DAY_MS
_WHATS: Mapping[str, tuple[What, str]] = {"1072": ("password", "password"), "1014": ("sm4_key", "key")}
# They repeat the password of the request, right or wrong, so they show nothing.
_ANSWERS = frozenset({"9011", "9012", "9013", "9014"})
_WRONG_PW, _UNKNOWN = 3, 100
_NEVER_MS = 2**62


@dataclass(frozen=True, slots=True)
class Line:
    """Secrets of one device and kind, oldest first, of which ``present`` is used for sending."""

    present: str
    rows: tuple[Candidate, ...]

    def with_new(self, new: Candidate) -> Line:
        """The same with another candidate. Raises ConflictError when too many are open already."""
        rows = tuple(row for row in self.rows if row.text != new.text)
        if len(rows) > CANDIDATES_MAX:
            raise ConflictError(
                f"{CANDIDATES_MAX} new secrets were sent and none has shown itself in a frame; "
                "look after the station first",
                message_zh=f"已下发 {CANDIDATES_MAX} 个新密码或密钥，均未在报文中得到确认；请先检查现场机",
                field="cn",
            )
        return Line(self.present, (*rows, new))

    def heard(self, text: str, now_ms: int) -> Line:
        """A frame came under this one: older ones are gone, overdue newer ones were not taken."""
        at = next((k for k, row in enumerate(self.rows) if row.text == text), None)
        if at is None:
            return self
        kept = tuple(row for row in self.rows[at + 1 :] if now_ms < row.drop_after_ms)
        return Line(text, (self.rows[at], *kept))

    def refused(self, text: str, now_ms: int) -> Line:
        """The station said that it does not want it: the next frame under an older one drops it."""
        rows = (
            dataclasses.replace(row, drop_after_ms=now_ms) if row.text == text else row for row in self.rows
        )
        return Line(self.present, tuple(rows))

    @property
    def is_settled(self) -> bool:
        """Whether nothing is open any more."""
        return len(self.rows) < 2


class SecretChanges:
    """Keeps the candidates of all devices of a park, in the file and in the registry."""

    def __init__(self, path: Path, registry: SceneRegistry, books: Books, clock: Clock) -> None:
        self._path = path
        self._registry = registry
        self._books = books
        self._clock = clock
        self._lines: dict[str, dict[What, Line]] = {}
        self._tasks: set[asyncio.Task[object]] = set()
        for mn, rows in read_secrets(path).changes.items():
            for what in ("password", "sm4_key"):
                mine = tuple(row for row in rows if row.what == what)
                if mine:
                    self._lines.setdefault(mn, {})[what] = Line(self._present(mn, what), mine)
                    self._show(mn, what)

    async def close(self) -> None:
        """Let what is being written down be written."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def check(self, device: Device, request: Request) -> None:
        """Whether a command may be queued. Raises ConflictError."""
        found = _meant(request)
        if found is not None:
            self._line(device.mn, found[0]).with_new(_candidate(found, 0))

    def propose(self, device: Device, request: Request) -> None:
        """A new secret goes out next: it counts beside the old one, durably. Raises ParkTwinError."""
        found = _meant(request)
        if found is None:
            return
        what, text = found
        before = self._line(device.mn, what)
        if text != before.present:
            new = _candidate(found, self._clock.now_ms() + PATIENCE_MS)
            self._put(device.mn, what, before.with_new(new), why="sent")

    def ended(self, device: Device, request: Request, progress: Progress) -> None:
        """What the station said to it."""
        found = _meant(request)
        line = None if found is None else self._lines.get(device.mn, {}).get(found[0])
        if found is None or line is None or all(row.text != found[1] for row in line.rows):
            return
        what, text = found
        try:
            if progress.outcome is Outcome.DONE:
                self._put(device.mn, what, Line(text, line.rows), why="result")
            elif _is_refusal(progress):
                self._put(device.mn, what, line.refused(text, self._clock.now_ms()), why="refused")
        except ParkTwinError as error:  # the candidate stays: a frame decides
            _log.error("a change of %s of %s could not be kept: %s", what, device.mn, error.message)

    def delivered(self, delivery: Delivery) -> None:
        """A frame is durable."""
        lines = self._lines.get(delivery.frame.mn)
        if not lines or delivery.frame.cn in _ANSWERS:
            return
        for what, line in list(lines.items()):
            text = _shown(what, line, delivery)
            after = line if text is None else line.heard(text, delivery.frame.received_ms)
            if after == line:
                continue
            try:
                self._put(delivery.frame.mn, what, after, why="frame")
            except ParkTwinError as error:  # the next frame tries again
                _log.error(
                    "a change of %s of %s could not be kept: %s", what, delivery.frame.mn, error.message
                )

    def _line(self, mn: str, what: What) -> Line:
        known = self._lines.get(mn, {}).get(what)
        if known is not None:
            return known
        present = self._present(mn, what)
        return Line(present, (Candidate(what=what, text=present, drop_after_ms=_NEVER_MS),))

    def _present(self, mn: str, what: What) -> str:
        if what == "password":
            return self._registry.password(mn) or ""
        key = self._registry.sm4_key(mn)
        return "" if key is None else key.hex()

    def _put(self, mn: str, what: What, line: Line, *, why: str) -> None:
        """File first, then what counts, then the book of acts. Raises SettingsError."""
        before = self._line(mn, what)
        self._save(mn, what, line)
        mine = self._lines.setdefault(mn, {})
        if line.is_settled:
            mine.pop(what, None)
        else:
            mine[what] = line
        if not mine:
            del self._lines[mn]
        if line.present != before.present:
            self._use(mn, what, line.present)
        self._show(mn, what)
        self._note(mn, what, before, line, why)

    def _save(self, mn: str, what: What, line: Line) -> None:
        file = read_secrets(self._path)
        others = tuple(row for row in file.changes.get(mn, ()) if row.what != what)
        rows = others if line.is_settled else (*others, *line.rows)
        changes = {key: row for key, row in {**file.changes, mn: rows}.items() if row}
        passwords, keys = file.passwords, file.keys
        if what == "password":
            passwords = {**passwords, mn: line.present}
        elif line.present:
            keys = {**keys, mn: with_key(tuple(keys.get(mn, ())), key_of(line.present))}
        write_secrets(self._path, dataclasses.replace(file, passwords=passwords, keys=keys, changes=changes))

    def _use(self, mn: str, what: What, text: str) -> None:
        if what == "password":
            self._registry.set_password(mn, text)
        else:
            self._registry.set_sm4_key(mn, key_of(text))

    def _show(self, mn: str, what: What) -> None:
        """Tell the registry what may be used besides the present one."""
        line = self._lines.get(mn, {}).get(what)
        texts = () if line is None else tuple(row.text for row in line.rows if row.text != line.present)
        if what == "password":
            self._registry.set_trial_passwords(mn, texts)
        else:
            self._registry.set_trial_keys(mn, tuple(key_of(text) for text in texts if text))

    def _note(self, mn: str, what: What, before: Line, after: Line, why: str) -> None:
        kind = "secret.candidate" if len(after.rows) > len(before.rows) else "secret.open"
        if len(after.rows) < len(before.rows):
            changed = after.rows[0].text != before.rows[0].text
            kind = "secret.promoted" if changed else "secret.dropped"
        body = {"mn": mn, "what": what, "why": why, "open": max(0, len(after.rows) - 1)}
        act = Act(kind=kind, actor=_ACTOR, time_ms=self._clock.now_ms(), body=body)
        task = asyncio.ensure_future(self._books.perform(ActDeed(act=act)))
        self._tasks.add(task)
        task.add_done_callback(self._noted)

    def _noted(self, task: asyncio.Task[object]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _log.warning("a change of a secret could not be written down: %s", task.exception())


def _meant(request: Request) -> tuple[What, str] | None:
    """Kind and text of the secret that a command sets, None for all other commands."""
    row = _WHATS.get(request.row.cn)
    if row is None:
        return None
    what, name = row
    text = str(request.arguments[name])
    return what, text if what == "password" else key_of(text).hex()


def _candidate(found: tuple[What, str], drop_after_ms: int) -> Candidate:
    return Candidate(what=found[0], text=found[1], drop_after_ms=drop_after_ms)


def _is_refusal(progress: Progress) -> bool:
    """Whether the station has plainly not taken it.

    After a second sending, "wrong PW" or "unknown error" may well mean that the first one was taken.
    """
    if progress.sends != 1:
        return False
    if progress.outcome is Outcome.REFUSED:
        return progress.qn_return not in (_WRONG_PW, _UNKNOWN)
    return progress.outcome is Outcome.FAILED


def _shown(what: What, line: Line, delivery: Delivery) -> str | None:
    """Under which secret of the line a frame came, None where it does not show."""
    texts: Sequence[str] = [row.text for row in line.rows]
    if what == "password":
        given = delivery.message.pw or ""
        # An empty one in the file means that any is taken.
        return given if given in texts else "" if "" in texts else None
    segment = delivery.frame.segment
    if not is_binary(segment):
        return None
    for text in texts:
        plain = plain_of(segment, (key_of(text),)) if text else None
        if plain is not None and plain is not segment:
            return text
    return None
