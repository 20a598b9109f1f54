"""Raw frames as they may be shown: whatever stands where a password or key stands, as stars.

HJ 212 sends PW in clear text with every frame. Who may look at frames may not for that speak for the
instruments; wrong passwords are often right ones of another device.
"""

from __future__ import annotations

import re

_NAMES = rb"(?:New)?(?:PW|PWD|PassWd|PassWord|SM4Key)|NewKey"
# As HJ 212 writes pairs; a value may hold spaces.
_PAIR = re.compile(rb"(?<![A-Za-z0-9])((?:" + _NAMES + rb")\s*=)([^;,&]*)", re.IGNORECASE)
# As JSON does, in messages of other ways in; a cut one has no closing quote.
_JSON = re.compile(rb"(\"(?:" + _NAMES + rb")\"\s*:\s*)(\"(?:[^\"\\]|\\.)*\"?|[^,}\s]*)", re.IGNORECASE)
_FIELD = re.compile(_NAMES, re.IGNORECASE)
_STARS = 6
HIDDEN = "*" * _STARS


def without_password(segment: bytes) -> bytes:
    """Segment of the same length with stars in place of its passwords and keys."""
    for pattern in (_PAIR, _JSON):
        segment = pattern.sub(lambda found: found[1] + b"*" * len(found[2]), segment)
    return segment


def as_text(segment: bytes) -> str:
    r"""Segment for people: UTF-8 where it is, ``\xNN`` where it is not, without passwords and keys."""
    for pattern in (_PAIR, _JSON):
        segment = pattern.sub(rb"\1" + HIDDEN.encode(), segment)
    return segment.decode("utf-8", errors="backslashreplace")


def field_text(key: str, text: str) -> str:
    """Text of a pair; stars where its name is that of a password or key."""
    if _FIELD.fullmatch(key.strip().encode("utf-8", "replace")):
        return HIDDEN
    return as_text(text.encode("utf-8", "replace"))


def shown_hash(segment: bytes, sha256: str) -> str:
    """SHA-256 of a segment; empty where something in it is hidden.

    Six characters are found again in minutes by whoever has the hash of them and of all the rest.
    """
    return sha256 if without_password(segment) == segment else ""
