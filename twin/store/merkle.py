"""Merkle trees of RFC 6962 (Laurie, Langley & Kasper, 2013), section 2.1, over SHA-256.

``MTH({}) = SHA-256()``, ``leaf = SHA-256(0x00 || data)``, ``node = SHA-256(0x01 || left || right)``; a tree
of n leaves has the largest power of two below n on its left.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256().digest()

# Data of the leaves ``first`` to ``last``, the last one excluded, counted from 0.
Leaves = Callable[[int, int], Iterable[bytes]]


def leaf_hash(data: bytes) -> bytes:
    """Hash of a leaf, 32 bytes."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node, 32 bytes."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """A tree that grows at its end and remembers only the roots of its full subtrees, largest first.

    There is one for each bit that is set in ``size``; 20 hashes hold a million leaves.
    """

    def __init__(self, size: int = 0, peaks: Iterable[bytes] = ()) -> None:
        self.size = size
        self._peaks = list(peaks)
        if len(self._peaks) != size.bit_count():
            msg = f"{len(self._peaks)} peaks do not belong to a tree of {size} leaves"
            raise ValueError(msg)

    @property
    def peaks(self) -> tuple[bytes, ...]:
        """Roots of the full subtrees."""
        return tuple(self._peaks)

    def add(self, data: bytes) -> None:
        """Append a leaf."""
        sha256 = hashlib.sha256
        found = sha256(b"\x00" + data).digest()
        peaks, size = self._peaks, self.size
        while size & 1:
            found = sha256(b"\x01" + peaks.pop() + found).digest()
            size >>= 1
        peaks.append(found)
        self.size += 1

    def root(self) -> bytes:
        """Root of the tree as it is now."""
        if not self._peaks:
            return EMPTY_ROOT
        *others, found = self._peaks
        for peak in reversed(others):
            found = node_hash(peak, found)
        return found


def tree_root(leaves: Leaves, first: int, last: int) -> bytes:
    """Root of the tree over the leaves ``first`` to ``last``, the last one excluded; one pass."""
    grown = Frontier()
    for data in leaves(first, last):
        grown.add(data)
    if grown.size != last - first:
        msg = f"{grown.size} leaves instead of {last - first}"
        raise ValueError(msg)
    return grown.root()


def range_proof(leaves: Leaves, first: int, last: int, size: int) -> list[bytes]:
    """All of a tree of ``size`` leaves that is not above the leaves ``first`` to ``last``.

    The largest subtrees wholly outside, from left to right: with the leaves inside they give the root.
    With ``last = first + 1`` these are the nodes of RFC 6962's audit path, in their order in the tree.
    """
    return [tree_root(leaves, start, end) for start, end in _outside(0, size, first, last)]


def root_of_range(inside: Sequence[bytes], first: int, size: int, proof: Sequence[bytes]) -> bytes | None:
    """Root that leaves (their data) and their proof lead to; None when the proof does not fit."""
    last, given = first + len(inside), iter(proof)

    def build(start: int, end: int) -> bytes:
        if end <= first or start >= last:
            return next(given)
        if end - start == 1:
            return leaf_hash(inside[start - first])
        middle = start + _left_part(end - start)
        return node_hash(build(start, middle), build(middle, end))

    if not 0 <= first < last <= size:
        return None
    try:
        root = build(0, size)
    except (StopIteration, RuntimeError):
        return None
    return root if next(given, None) is None else None


def consistency_proof(leaves: Leaves, old_size: int, size: int) -> list[bytes]:
    """Proof of RFC 6962, 2.1.2, that the tree of ``old_size`` leaves is the beginning of that of ``size``."""
    if not 0 < old_size <= size:
        msg = f"old size {old_size} is not within 1..{size}"
        raise ValueError(msg)
    return [tree_root(leaves, start, end) for start, end in _between(old_size, 0, size, whole=True)]


def _between(old_size: int, start: int, end: int, *, whole: bool) -> Iterator[tuple[int, int]]:
    """SUBPROOF of RFC 6962; ``old_size`` counts from ``start``."""
    size = end - start
    if old_size == size:
        if not whole:
            yield start, end
        return
    left = _left_part(size)
    if old_size <= left:
        yield from _between(old_size, start, start + left, whole=whole)
        yield start + left, end
    else:
        yield from _between(old_size - left, start + left, end, whole=False)
        yield start, start + left


def is_consistent(old_size: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether a proof shows that a tree is the beginning of a larger one (RFC 9162, 2.1.4.2)."""
    if not 0 < old_size <= size:
        return False
    if old_size == size:
        return not proof and old_root == root
    path = list(proof)
    if old_size & (old_size - 1) == 0:
        path.insert(0, old_root)
    if not path:
        return False
    fn, sn = old_size - 1, size - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    old_found = found = path[0]
    for node in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            old_found, found = node_hash(node, old_found), node_hash(node, found)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            found = node_hash(found, node)
        fn, sn = fn >> 1, sn >> 1
    return old_found == old_root and found == root and sn == 0


def _outside(start: int, end: int, first: int, last: int) -> Iterator[tuple[int, int]]:
    if end <= first or start >= last:
        yield start, end
    elif end - start > 1:
        middle = start + _left_part(end - start)
        yield from _outside(start, middle, first, last)
        yield from _outside(middle, end, first, last)


def _left_part(size: int) -> int:
    """Largest power of two below ``size`` (at least 2)."""
    return 1 << ((size - 1).bit_length() - 1)
