"""Who knocks and is not registered: what its frames hold, and a record made ready for the scene.

The record is a proposal to be read by a person: units are the usual ones of the list of codes, ranges
are left to who knows the instrument.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sensors.hj212.codec import Message, parse
from sensors.hj212.decode import factor_fields, stamp_ms
from sensors.hj212.edition import command, edition_of_flag
from sensors.hj212.factor_codes import NO_LETTERS, Letters, explain_code
from sensors.hj212.sm4 import looks_encrypted
from twin.core.text import Text

_SAMPLES = 5
_MOST_FACTORS = 200
_SAFE_MN = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Knock:
    """One frame of somebody unknown."""

    received_ms: int
    peer: str
    segment: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenFactor:
    """A factor of an unknown device: proposals (empty where none) and some of its values as sent."""

    code: str
    name: Text
    unit: str
    quantity: str
    values: tuple[str, ...]
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stranger:
    """An unknown device, as far as its frames tell. ``block`` is ready for devices.toml."""

    mn: str
    frames: int
    first_ms: int
    last_ms: int
    peer: str
    st: str
    editions: tuple[str, ...]
    commands: tuple[str, ...]
    encrypted: bool
    interval_s: float | None
    factors: tuple[SeenFactor, ...]
    block: str


@dataclass(slots=True)
class _Factor:
    values: list[str] = field(default_factory=list)
    fields: set[str] = field(default_factory=set)


def describe_stranger(
    mn: str, knocks: Sequence[Knock], utc_offset_h: float, letters: Letters = NO_LETTERS
) -> Stranger:
    """What the frames of one unknown number say; ``knocks`` is not empty."""
    messages = [parse(row.segment) for row in knocks]
    encrypted = any(looks_encrypted(row.segment) for row in knocks)
    factors = () if encrypted else _factors(messages, letters)
    bits = [message.version_bits for message in messages if message.version_bits is not None]
    editions = sorted({found.value for found in map(edition_of_flag, bits) if found is not None})
    st = next(iter(Counter(m.st for m in messages if m.st).most_common(1)), ("", 0))[0] or ""
    interval_s = _interval_s(messages, utc_offset_h)
    last = max(knocks, key=lambda row: row.received_ms)
    return Stranger(
        mn=mn,
        frames=len(knocks),
        first_ms=min(row.received_ms for row in knocks),
        last_ms=last.received_ms,
        peer=last.peer,
        st=st,
        editions=tuple(editions),
        commands=tuple(sorted({message.cn for message in messages if message.cn})),
        encrypted=encrypted,
        interval_s=interval_s,
        factors=factors,
        block=_block(mn, st, editions, interval_s, factors),
    )


def _factors(messages: Iterable[Message], letters: Letters) -> tuple[SeenFactor, ...]:
    seen: dict[str, _Factor] = {}
    for message in messages:
        row = command(message.cn or "")
        if not row.fields:
            continue
        for code, fields in factor_fields(message.groups).items():
            if len(seen) >= _MOST_FACTORS and code not in seen:
                continue
            factor = seen.setdefault(code, _Factor())
            factor.fields |= set(fields)
            text = next((fields[name] for name in row.fields if name in fields), None)
            if text is not None and text not in factor.values and len(factor.values) < _SAMPLES:
                factor.values.append(text)
    return tuple(_seen(code, factor, letters) for code, factor in sorted(seen.items()))


def _seen(code: str, factor: _Factor, letters: Letters) -> SeenFactor:
    meaning = explain_code(code, letters)
    return SeenFactor(
        code=code,
        name=meaning.name,
        unit=meaning.row.unit if meaning.row is not None else "",
        quantity=meaning.row.quantity if meaning.row is not None else "",
        values=tuple(factor.values),
        fields=tuple(sorted(factor.fields)),
    )


def _interval_s(messages: Iterable[Message], utc_offset_h: float) -> float | None:
    """Usual distance of real-time data, None where fewer than two came."""
    texts = (message.data_time for message in messages if message.cn == "2011")
    times = sorted({time for text in texts if text and (time := stamp_ms(text, utc_offset_h)) is not None})
    steps = Counter(later - earlier for earlier, later in zip(times, times[1:], strict=False))
    return steps.most_common(1)[0][0] / 1000.0 if steps else None


def _block(
    mn: str, st: str, editions: Sequence[str], interval_s: float | None, factors: Sequence[SeenFactor]
) -> str:
    """Lines for devices.toml; what has to be filled in by a person says so."""
    lines = ["# Proposed from frames in quarantine; check units and ranges against the instrument.", ""]
    lines += ["[factor_sets]", "new_device = ["]
    for row in factors:
        known = row.quantity and row.unit
        body = (
            f"code = {_toml(row.code)}, quantity = {_toml(row.quantity or 'FILL IN')}, "
            f"unit = {_toml(row.unit or 'FILL IN')}"
        )
        samples = ", ".join(row.values)
        note = f"# {row.name.en or 'unknown code'}; sent: {_one_line(samples)}"
        lines.append(f"  {'' if known else '# '}{{ {body} }},  {note}")
    lines += ["]", "", "[[devices]]", f"mn = {_toml(mn)}"]
    if not (len(mn) == 24 and set(mn) <= set("0123456789ABCDEF")):
        lines.append("mn_outside_standard = true")
    if not mn or not set(mn) <= _SAFE_MN:
        lines.append("# This number cannot be registered: only letters, digits, _ and - are allowed.")
    lines += [
        'sensor_id = "FILL IN"',
        'station_id = "FILL IN"',
        f"st = {_toml(st)}",
        'origin = "measured"',
        f"edition = {_toml(editions[0] if len(editions) == 1 else '2017')}",
        'crc_mode = "hj212"',
        f"interval_s = {interval_s if interval_s is not None else 60.0}",
        'factors = "new_device"',
        "",
    ]
    return "\n".join(lines)


def _toml(text: str) -> str:
    return json.dumps(text, ensure_ascii=True)


def _one_line(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)[:120]
