"""Values of one series side by side: one array per property, in the order (time, interval, version)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from twin.core.observation import Check, Mark, Quality, quality_of

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Texts = npt.NDArray[np.str_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """All versions of the values of one series in a span of time.

    ``value`` is NaN where there is none. ``raw_text``, ``received_ms``, ``frame_seq`` and ``reason`` are
    empty unless they were asked for.
    """

    time_ms: Ints
    interval_ms: Ints
    version: Ints
    value: Floats
    mark: Texts
    checks: Ints
    received_ms: Ints
    frame_seq: Ints
    raw_text: Sequence[str]
    reason: Sequence[str]

    def __len__(self) -> int:
        return len(self.time_ms)

    def take(self, which: Any) -> Columns:
        """Some of the rows, by slice, mask or numbers."""
        numbers = np.arange(len(self))[which]
        return Columns(
            time_ms=self.time_ms[which],
            interval_ms=self.interval_ms[which],
            version=self.version[which],
            value=self.value[which],
            mark=self.mark[which],
            checks=self.checks[which],
            received_ms=self.received_ms[which] if len(self.received_ms) else self.received_ms,
            frame_seq=self.frame_seq[which] if len(self.frame_seq) else self.frame_seq,
            raw_text=[self.raw_text[i] for i in numbers] if self.raw_text else (),
            reason=[self.reason[i] for i in numbers] if self.reason else (),
        )

    def between(self, from_ms: int, to_ms: int) -> Columns:
        """Rows with ``from_ms <= time < to_ms``."""
        first, end = np.searchsorted(self.time_ms, [from_ms, to_ms])
        if first == 0 and end == len(self):
            return self
        return self.take(slice(int(first), int(end)))

    def last(self) -> Columns:
        """Newest version of every value."""
        if len(self) < 2:
            return self
        differs = (np.diff(self.time_ms) != 0) | (np.diff(self.interval_ms) != 0)
        if differs.all():
            return self
        return self.take(np.append(differs, True))

    def usable(self) -> Columns:
        """Values that a model may eat."""
        good = self.good()
        return self if good.all() else self.take(good)

    def good(self) -> npt.NDArray[np.bool_]:
        """For every row whether its quality is good."""
        qualities = self.qualities()
        return np.asarray(qualities == Quality.GOOD.value)

    def qualities(self) -> Texts:
        """Quality of every row, as text."""
        marks, mark_no = np.unique(self.mark, return_inverse=True)
        checks, check_no = np.unique(self.checks, return_inverse=True)
        table = np.array(
            [[quality_of(0.0, Mark(str(m)), Check(int(c))).value for c in checks] for m in marks],
            dtype=np.str_,
        ).reshape(len(marks), len(checks))
        found = table[mark_no, check_no] if len(self) else np.empty(0, dtype="<U13")
        return np.where(np.isnan(self.value), Quality.MISSING.value, found)

    def ordered(self) -> Columns:
        """Sorted by time, interval and version."""
        order = np.lexsort((self.version, self.interval_ms, self.time_ms))
        if np.array_equal(order, np.arange(len(order))):
            return self
        return self.take(order)

    def light(self, *, received: bool = False) -> Columns:
        """Without what only the history of a value needs; times of receipt stay where ``received``."""
        none = np.empty(0, dtype=np.int64)
        kept = self.received_ms if received else none
        return replace(self, received_ms=kept, frame_seq=none, raw_text=(), reason=())


EMPTY = Columns(
    time_ms=np.empty(0, dtype=np.int64),
    interval_ms=np.empty(0, dtype=np.int64),
    version=np.empty(0, dtype=np.int64),
    value=np.empty(0),
    mark=np.empty(0, dtype="<U1"),
    checks=np.empty(0, dtype=np.int64),
    received_ms=np.empty(0, dtype=np.int64),
    frame_seq=np.empty(0, dtype=np.int64),
    raw_text=(),
    reason=(),
)


def of_rows(rows: Sequence[Sequence[Any]]) -> Columns:
    """From rows of ``observation`` without their series, in the order of its columns."""
    if not rows:
        return EMPTY
    time_ms, interval_ms, version, value, mark, checks, raw_text, received_ms, frame_seq, reason = zip(
        *rows, strict=True
    )
    return Columns(
        time_ms=np.array(time_ms, dtype=np.int64),
        interval_ms=np.array(interval_ms, dtype=np.int64),
        version=np.array(version, dtype=np.int64),
        value=np.array(value, dtype=np.float64),
        mark=np.array(mark, dtype=np.str_),
        checks=np.array(checks, dtype=np.int64),
        received_ms=np.array(received_ms, dtype=np.int64),
        frame_seq=np.array(frame_seq, dtype=np.int64),
        raw_text=raw_text,
        reason=reason,
    )


def joined(parts: Sequence[Columns]) -> Columns:
    """Several pieces, one after the other, in order of time."""
    kept = [part for part in parts if len(part)]
    if len(kept) <= 1:
        return kept[0] if kept else EMPTY
    return Columns(
        time_ms=np.concatenate([part.time_ms for part in kept]),
        interval_ms=np.concatenate([part.interval_ms for part in kept]),
        version=np.concatenate([part.version for part in kept]),
        value=np.concatenate([part.value for part in kept]),
        mark=np.concatenate([part.mark for part in kept]),
        checks=np.concatenate([part.checks for part in kept]),
        received_ms=np.concatenate([part.received_ms for part in kept]),
        frame_seq=np.concatenate([part.frame_seq for part in kept]),
        raw_text=[text for part in kept for text in part.raw_text],
        reason=[text for part in kept for text in part.reason],
    ).ordered()
