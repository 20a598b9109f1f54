"""The chain of raw frames: each link seals its frame and all frames before it.

``chain_n = SHA-256(chain_(n-1) || header_n || SHA-256(segment_n))``, ``chain_0`` = 32 zero bytes.

``header_n`` is, without gaps, all integers big-endian:

=========================  ======================================================================
``"PTF1"``                 4 bytes
seq, received_ms           8 bytes each, signed
pno, body_no               8 bytes each, signed
peer, mn, st, cn, qn       each: 4 bytes length (unsigned), then that many bytes of UTF-8
=========================  ======================================================================

Sequence numbers start at 1 and have no gaps, so that a removed frame shows twice. The construction is the
usual linked log (Haber & Stornetta, 1991, J. Cryptology 3, 99-111).
"""

from __future__ import annotations

import hashlib
import struct
from functools import lru_cache

GENESIS = bytes(32)
_NUMBERS = struct.Struct(">4sqqqq")
_LENGTH = struct.Struct(">I")
_MAGIC = b"PTF1"


def frame_header(
    seq: int, received_ms: int, pno: int, body_no: int, peer: str, mn: str, st: str, cn: str, qn: str
) -> bytes:
    """Canonical bytes of what is known of a frame besides its segment."""
    last = qn.encode("utf-8", "surrogatepass")
    numbers = _NUMBERS.pack(_MAGIC, seq, received_ms, pno, body_no)
    return b"".join((numbers, _line_texts(peer, mn, st, cn), _LENGTH.pack(len(last)), last))


@lru_cache(maxsize=4096)
def _line_texts(*texts: str) -> bytes:
    """Texts that all frames of a line share; they need not be written anew for each."""
    parts = []
    for text in texts:
        data = text.encode("utf-8", "surrogatepass")
        parts.append(_LENGTH.pack(len(data)))
        parts.append(data)
    return b"".join(parts)


def link(previous: bytes, header: bytes, segment_sha256: bytes) -> bytes:
    """Next link, 32 bytes, from the link before, a header and the segment's SHA-256 (32 bytes)."""
    return hashlib.sha256(previous + header + segment_sha256).digest()
