"""Who is there, and the lock after wrong tokens (seed 002, 5.7.3: warn and lock by itself)."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from twin.core.actor import Actor, Role
from twin.core.errors import NotAllowedError, NotSignedInError, TooManyError
from twin.live.operators import Operator, find_actor, read_operators

_log = logging.getLogger(__name__)
WRONG_MAX = 10
LOCK_MS = 300_000
PEERS_MAX = 1_000


@dataclass(slots=True)
class _Peer:
    wrong: int
    last_ms: int


class Doorkeeper:
    """Knows people by their tokens; reads the file again when it has changed.

    ``WRONG_MAX`` wrong tokens of one peer, with less than ``LOCK_MS`` from one to the next, lock that
    peer out until ``LOCK_MS`` after the last. At most ``PEERS_MAX`` peers are remembered, those that
    were wrong last.
    """

    def __init__(self, file: Path, now_ms: Callable[[], int]) -> None:
        self._file = file
        self._now_ms = now_ms
        self._stamp: tuple[int, int, int] | None = None
        self._people: tuple[Operator, ...] = ()
        self._peers: OrderedDict[str, _Peer] = OrderedDict()

    def people(self) -> tuple[Operator, ...]:
        """Who may act now. Raises SettingsError for a file that cannot be used; then nobody may."""
        stamp = _stamp(self._file)
        if stamp != self._stamp:
            self._people, self._stamp = (), None
            self._people = read_operators(self._file)
            self._stamp = stamp
        return self._people

    def admit(self, token: str, peer: str, needed: Role) -> Actor:
        """Who has this token, when the role is enough.

        Raises TooManyError for a peer that is locked out, NotSignedInError for a token that nobody
        has, NotAllowedError (with the name in ``source``) for a role that is not enough.
        """
        self._check_lock(peer)
        actor = find_actor(self.people(), token) if token else None
        if actor is None:
            self._remember_wrong(peer, guessed=bool(token))
            raise not_signed_in()
        self._peers.pop(peer, None)
        if not actor.role.may(needed):
            raise NotAllowedError(
                f"{actor.name} is {actor.role}; this needs the role {needed}",
                message_zh=f"{actor.name} 的角色为 {actor.role}，此操作需要 {needed}",
                field="role",
                value=str(actor.role),
                source=actor.name,
            )
        return actor

    def is_locked(self, peer: str) -> bool:
        """Whether this peer has given too many wrong tokens."""
        row = self._peers.get(peer)
        return row is not None and row.wrong >= WRONG_MAX and self._now_ms() - row.last_ms < LOCK_MS

    def _check_lock(self, peer: str) -> None:
        if self.is_locked(peer):
            raise TooManyError(
                f"too many wrong tokens from {peer or 'here'}; locked for {LOCK_MS // 60_000} minutes",
                message_zh=f"{peer or '本机'} 多次使用错误令牌，已锁定 {LOCK_MS // 60_000} 分钟",
                field="token",
            )

    def _remember_wrong(self, peer: str, *, guessed: bool) -> None:
        """No token at all is no guess: a screen that is not signed in must not lock anybody out."""
        if not guessed:
            return
        now_ms = self._now_ms()
        row = self._peers.pop(peer, None)
        if row is None or now_ms - row.last_ms >= LOCK_MS:
            row = _Peer(wrong=0, last_ms=now_ms)
        row.wrong, row.last_ms = row.wrong + 1, now_ms
        self._peers[peer] = row
        if len(self._peers) > PEERS_MAX:
            self._peers.popitem(last=False)
        if row.wrong == WRONG_MAX:
            _log.warning("too many wrong tokens from %s: locked out", peer or "the local socket")


def not_signed_in() -> NotSignedInError:
    """The error of who gives no token, or one that nobody has."""
    return NotSignedInError(
        "this needs a valid token; expected the header Authorization: Bearer <token>",
        message_zh="需要有效的操作员令牌（请求头 Authorization: Bearer <令牌>）",
        field="token",
    )


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except FileNotFoundError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size
