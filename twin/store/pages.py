"""Many values of one series in one compressed page, column by column, without loss.

A page is ``"PT1"``, the number of rows (u32) and ten columns in a fixed order, each with its length in
front (u32), all little-endian. Whole numbers are kept as differences of order 0, 1 or 2, whatever
compresses best, less their least, as planes of bytes (low bytes first) under deflate. Texts that are plain
decimals are kept as whole numbers; a value that is ``number * factor + offset`` of its own text is kept as
the units in the last place by which it differs from that, which is nearly always 0. What fits none of
these is kept as it is.
"""

from __future__ import annotations

import json
import re
import struct
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from twin.core.errors import StoreError
from twin.core.units import ZERO_CELSIUS_K
from twin.store.columns import EMPTY, Columns, Floats, Ints, Texts

PAGE_ROWS = 4096
_MAGIC = b"PT1"
_LEVEL = 6
_LENGTH = struct.Struct("<I")
_INTS = struct.Struct("<BBq")
_LINEAR = struct.Struct("<dd")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,15})?", re.ASCII)
_MOST_DIGITS = 15  # fewer than 2**53 has: number and power of ten are exact, so is their quotient
_PREDICTED, _NONE, _EXPLICIT = 0, 1, 2
_POWERS = 10.0 ** np.arange(_MOST_DIGITS + 1)
_NO_INTS = np.empty(0, dtype=np.int64)


def encode(columns: Columns, start_ms: int) -> bytes:
    """Body of a page. ``columns`` has at least one row and all properties."""
    numbers, digits, text_parts = _read_texts(columns.raw_text)
    parts = (
        _pack_ints(columns.time_ms - start_ms),
        _pack_ints(columns.interval_ms),
        _pack_ints(columns.version),
        text_parts[0],
        text_parts[1],
        _pack_values(columns.value, numbers, digits),
        _pack_words(columns.mark.tolist()),
        _pack_ints(columns.checks),
        _pack_ints(columns.received_ms - columns.time_ms),
        _pack_ints(columns.frame_seq),
        text_parts[2],
        _pack_words(columns.reason),
    )
    head = _MAGIC + _LENGTH.pack(len(columns))
    return head + b"".join(_LENGTH.pack(len(part)) + part for part in parts)


def decode(body: bytes, start_ms: int, *, whole: bool = True, received: bool = False) -> Columns:
    """The rows of a page; without ``whole`` only what a curve needs, with ``received`` times of receipt.

    Raises StoreError for damage.
    """
    try:
        return _decode(bytes(body), start_ms, whole=whole, received=received or whole)
    except (zlib.error, struct.error, ValueError, IndexError) as error:
        raise StoreError(
            f"a page of values that begins at {start_ms} cannot be read: {error}",
            message_zh=f"起始于 {start_ms} 的数据页无法读取",
            field="page",
            value=start_ms,
        ) from error


def _decode(body: bytes, start_ms: int, *, whole: bool, received: bool) -> Columns:
    if body[:3] != _MAGIC:
        msg = "it does not begin with PT1"
        raise ValueError(msg)
    (n,) = _LENGTH.unpack_from(body, 3)
    parts, at = [], 3 + _LENGTH.size
    while at < len(body):
        (length,) = _LENGTH.unpack_from(body, at)
        at += _LENGTH.size
        parts.append(body[at : at + length])
        at += length
    time_ms = _unpack_ints(parts[0], n) + start_ms
    numbers, digits = _unpack_ints(parts[3], n), _unpack_ints(parts[4], n)
    received_ms, frame_seq = EMPTY.received_ms, EMPTY.frame_seq
    raw_text: Sequence[str] = ()
    reason: Sequence[str] = ()
    if received:
        received_ms = _unpack_ints(parts[8], n) + time_ms
    if whole:
        frame_seq = _unpack_ints(parts[9], n)
        raw_text, reason = _write_texts(numbers, digits, parts[10]), _unpack_words(parts[11], n)
    return Columns(
        time_ms=time_ms,
        interval_ms=_unpack_ints(parts[1], n),
        version=_unpack_ints(parts[2], n),
        value=_unpack_values(parts[5], numbers, digits),
        mark=_unpack_marks(parts[6], n),
        checks=_unpack_ints(parts[7], n),
        received_ms=received_ms,
        frame_seq=frame_seq,
        raw_text=raw_text,
        reason=reason,
    )


def _pack_ints(numbers: Ints) -> bytes:
    """Kind (order, or 255 for one number repeated), width, least, heads, planes."""
    if numbers.min() == numbers.max():
        return _INTS.pack(255, 0, int(numbers[0]))
    best: bytes | None = None
    for order in range(3 if len(numbers) > 3 else 1):
        heads = [np.diff(numbers, n=k)[0] for k in range(order)]
        rest = np.diff(numbers, n=order)
        least, most = int(rest.min()), int(rest.max())
        width = _width(most - least)
        if width is None:
            continue
        plain = (rest - least).astype(f"<u{width}") if width < 8 else rest.astype("<i8")
        base = least if width < 8 else 0
        planes = plain.view(np.uint8).reshape(-1, width).T.tobytes()
        packed = _INTS.pack(order, width, base) + np.array(heads, dtype="<i8").tobytes()
        packed += zlib.compress(planes, _LEVEL)
        if best is None or len(packed) < len(best):
            best = packed
    assert best is not None
    return best


def _width(span: int) -> int | None:
    """Bytes that hold 0..span."""
    return next((width for width in (1, 2, 4) if span < 1 << (8 * width)), 8)


def _unpack_ints(packed: bytes, n: int) -> Ints:
    order, width, base = _INTS.unpack_from(packed)
    if order == 255:
        return np.full(n, base, dtype=np.int64)
    at = _INTS.size + 8 * order
    heads = np.frombuffer(packed, dtype="<i8", count=order, offset=_INTS.size)
    planes = np.frombuffer(zlib.decompress(packed[at:]), dtype=np.uint8)
    plain = np.ascontiguousarray(planes.reshape(width, -1).T).reshape(-1)
    numbers: Ints = plain.view("<i8" if width == 8 else f"<u{width}").astype(np.int64) + base
    for head in reversed(heads.tolist()):
        whole = np.empty(len(numbers) + 1, dtype=np.int64)
        whole[0] = head
        whole[1:] = numbers
        numbers = np.cumsum(whole)
    if len(numbers) != n:
        msg = f"a column has {len(numbers)} rows of {n}"
        raise ValueError(msg)
    return numbers


def _pack_words(words: Sequence[str]) -> bytes:
    """The different words as JSON, then their numbers."""
    numbers: dict[str, int] = {}
    column = np.array([numbers.setdefault(word, len(numbers)) for word in words], dtype=np.int64)
    table = zlib.compress(json.dumps(list(numbers)).encode(), _LEVEL)
    return _LENGTH.pack(len(table)) + table + _pack_ints(column)


def _unpack_marks(packed: bytes, n: int) -> Texts:
    """As ``_unpack_words``, side by side."""
    (length,) = _LENGTH.unpack_from(packed)
    at = _LENGTH.size
    words = np.array(json.loads(zlib.decompress(packed[at : at + length])), dtype=np.str_)
    if len(words) == 1:
        return np.full(n, words[0])
    return words[_unpack_ints(packed[at + length :], n)]


def _unpack_words(packed: bytes, n: int) -> list[str]:
    (length,) = _LENGTH.unpack_from(packed)
    at = _LENGTH.size
    words: list[str] = json.loads(zlib.decompress(packed[at : at + length]))
    if len(words) == 1:
        return words * n
    return [words[i] for i in _unpack_ints(packed[at + length :], n).tolist()]


def _read_texts(texts: Sequence[str]) -> tuple[Ints, Ints, tuple[bytes, bytes, bytes]]:
    """Whole number and digits behind the point of every text (-1: it is no plain decimal)."""
    numbers: list[int] = []
    digits: list[int] = []
    others: list[tuple[int, str]] = []
    whole = dict[str, tuple[int, int]]()
    for i, text in enumerate(texts):
        found = whole.get(text)
        if found is None:
            found = whole[text] = _decimal(text)
        if found[1] < 0:
            others.append((i, text))
            numbers.append(numbers[-1] if numbers else 0)
        else:
            numbers.append(found[0])
        digits.append(found[1])
    rest = zlib.compress(json.dumps(others).encode(), _LEVEL) if others else b""
    column, places = np.array(numbers, dtype=np.int64), np.array(digits, dtype=np.int64)
    return column, places, (_pack_ints(column), _pack_ints(places), rest)


def _decimal(text: str) -> tuple[int, int]:
    """Digits without the point and how many stand behind it; (0, -1) for what would not come back."""
    if not _DECIMAL.fullmatch(text):
        return 0, -1
    before, _, behind = text.partition(".")
    number = int(before + behind)
    if len(before) + len(behind) > _MOST_DIGITS or (not number and text[0] == "-"):
        return 0, -1
    return number, len(behind)


def _write_texts(numbers: Ints, digits: Ints, rest: bytes) -> list[str]:
    texts = [_text(number, k) for number, k in zip(numbers.tolist(), digits.tolist(), strict=True)]
    for i, text in json.loads(zlib.decompress(rest)) if rest else ():
        texts[i] = text
    return texts


def _text(number: int, digits: int) -> str:
    if digits <= 0:
        return str(number)
    sign = "-" if number < 0 else ""
    whole = str(abs(number)).rjust(digits + 1, "0")
    return f"{sign}{whole[:-digits]}.{whole[-digits:]}"


def _pack_values(values: Floats, numbers: Ints, digits: Ints) -> bytes:
    """Factor and offset, state of each row, last places of the predicted, then the explicit ones."""
    known = ~np.isnan(values)
    plain = known & (digits >= 0)
    factor, offset, places = _best_line(values[plain], numbers[plain] / _POWERS[digits[plain]])
    state = np.where(known, _EXPLICIT, _NONE)
    explicit = values[known & ~plain]
    if places is None:
        explicit, places = values[known], _NO_INTS
    else:
        state[plain] = _PREDICTED
    packed = _pack_ints(state)
    tail = _pack_ints(places) if len(places) else b""
    floats = np.ascontiguousarray(explicit, dtype="<f8").view(np.uint8).reshape(-1, 8).T.tobytes()
    return b"".join(
        (
            _LINEAR.pack(factor, offset),
            _LENGTH.pack(len(packed)),
            packed,
            _LENGTH.pack(len(tail)),
            tail,
            zlib.compress(floats, _LEVEL) if floats else b"",
        )
    )


def _best_line(values: Floats, numbers: Floats) -> tuple[float, float, Ints | None]:
    """The line with the fewest rows off it; None where none holds the values within some last places."""
    best: tuple[int, float, float, Ints] | None = None
    for factor, offset in _lines(values, numbers):
        places = values.view(np.int64) - (numbers * factor + offset).view(np.int64)
        off = int(np.count_nonzero(places))
        if np.abs(places).max() < 1 << 20 and (best is None or off < best[0]):
            best = (off, factor, offset, places)
    return (0.0, 0.0, None) if best is None else best[1:]


def _lines(values: Floats, numbers: Floats) -> list[tuple[float, float]]:
    """Conversions that the farthest value allows; rounded ones first, as unit tables have them."""
    if not len(values):
        return []
    far = int(np.argmax(np.abs(numbers)))
    number, value = float(numbers[far]), float(values[far])
    if not number:
        return [(1.0, 0.0)]
    slopes = [(value / number, 0.0), ((value - ZERO_CELSIUS_K) / number, ZERO_CELSIUS_K)]
    rounded = [(float(f"{factor:.12g}"), offset) for factor, offset in slopes]
    return [*rounded, *slopes]


def _unpack_values(packed: bytes, numbers: Ints, digits: Ints) -> Floats:
    factor, offset = _LINEAR.unpack_from(packed)
    at = _LINEAR.size
    (length,) = _LENGTH.unpack_from(packed, at)
    at += _LENGTH.size
    state = _unpack_ints(packed[at : at + length], len(numbers))
    at += length
    (length,) = _LENGTH.unpack_from(packed, at)
    at += _LENGTH.size
    tail, floats = packed[at : at + length], packed[at + length :]
    values = np.full(len(numbers), np.nan)
    plain = state == _PREDICTED
    if plain.any():
        line = numbers[plain] / _POWERS[digits[plain]] * factor + offset
        values[plain] = (line.view(np.int64) + _unpack_ints(tail, len(line))).view(np.float64)
    if floats:
        planes: npt.NDArray[Any] = np.frombuffer(zlib.decompress(floats), dtype=np.uint8).reshape(8, -1)
        values[state == _EXPLICIT] = np.ascontiguousarray(planes.T).reshape(-1).view("<f8")
    return values
