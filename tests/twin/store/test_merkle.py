"""Merkle trees against the vectors of certificate transparency and against the definition."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.store.merkle import (
    EMPTY_ROOT,
    Frontier,
    Leaves,
    consistency_proof,
    is_consistent,
    leaf_hash,
    node_hash,
    range_proof,
    root_of_range,
    tree_root,
)

# Leaves and roots of the reference tests of certificate-transparency (RFC 6962's own implementation).
DATA = [
    bytes.fromhex(row)
    for row in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
MOST = 70
LAWS = settings(max_examples=60, deadline=None)


def data(size: int) -> list[bytes]:
    return [number.to_bytes(2, "big") for number in range(size)]


def source(rows: list[bytes]) -> Leaves:
    def leaves(first: int, last: int) -> Iterable[bytes]:
        return rows[first:last]

    return leaves


def by_definition(rows: list[bytes]) -> bytes:
    """MTH, word for word as RFC 6962 defines it."""
    if not rows:
        return hashlib.sha256().digest()
    if len(rows) == 1:
        return leaf_hash(rows[0])
    k = 1
    while k * 2 < len(rows):
        k *= 2
    return node_hash(by_definition(rows[:k]), by_definition(rows[k:]))


def test_roots_of_the_reference() -> None:
    grown = Frontier()
    assert grown.root() == EMPTY_ROOT
    for row, root in zip(DATA, ROOTS, strict=True):
        grown.add(row)
        assert grown.root().hex() == root


def test_reference_audit_path() -> None:
    # Leaf 5 (from 0) of 8: its path leaf-to-root in the reference tests, here in the order of the tree.
    path = {
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    }
    proof = range_proof(source(DATA), 5, 6, 8)
    assert {row.hex() for row in proof} == path


def test_a_frontier_is_the_definition() -> None:
    rows = data(MOST)
    grown = Frontier()
    for size in range(1, MOST + 1):
        grown.add(rows[size - 1])
        assert grown.root() == by_definition(rows[:size]) == tree_root(source(rows), 0, size)
        assert Frontier(grown.size, grown.peaks).root() == grown.root()


def test_peaks_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="3 leaves"):
        Frontier(3, [b"x"])


@LAWS
@given(st.integers(1, MOST), st.data())
def test_a_range_and_its_proof_give_the_root_and_nothing_else_does(size: int, draw: st.DataObject) -> None:
    rows = data(size)
    first = draw.draw(st.integers(0, size - 1))
    last = draw.draw(st.integers(first + 1, size))
    proof = range_proof(source(rows), first, last, size)
    root = by_definition(rows)
    assert root_of_range(rows[first:last], first, size, proof) == root
    changed = rows[first:last]
    changed[draw.draw(st.integers(0, len(changed) - 1))] = b"x"
    assert root_of_range(changed, first, size, proof) != root
    assert root_of_range(rows[first:last], first, size, [*proof, b"x" * 32]) is None
    if proof:
        assert root_of_range(rows[first:last], first, size, proof[:-1]) is None
        assert root_of_range(rows[first:last], first + 1, size, proof) != root


def test_every_older_tree_is_shown_to_be_the_beginning_of_every_newer_one() -> None:
    rows = data(33)
    roots = [by_definition(rows[:size]) for size in range(34)]
    for size in range(1, 34):
        for old in range(1, size + 1):
            proof = consistency_proof(source(rows), old, size)
            assert is_consistent(old, roots[old], size, roots[size], proof)
            assert not is_consistent(old, roots[old - 1], size, roots[size], proof)
            assert not is_consistent(old, roots[old], size, roots[old - 1], proof)
            if proof:
                assert not is_consistent(old, roots[old], size, roots[size], proof[:-1])
                assert not is_consistent(old, roots[old], size, roots[size], [*proof, roots[0]])


def test_a_tree_of_other_leaves_has_no_consistency() -> None:
    rows = data(20)
    forged = [*rows[:7], b"x", *rows[8:]]
    proof = consistency_proof(source(forged), 10, 20)
    assert not is_consistent(10, by_definition(rows[:10]), 20, by_definition(forged), proof)


def test_sizes_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="within"):
        consistency_proof(source(data(3)), 0, 3)
    with pytest.raises(ValueError, match="leaves instead"):
        tree_root(source(data(3)), 0, 4)
    assert not is_consistent(4, b"", 3, b"", [])
    assert root_of_range([], 0, 3, []) is None
