"""Verifies an exported piece of evidence of Park Twin. Needs Python 3.9 or newer and nothing else.

    python verify.py EVIDENCE.zip [PUBLIC_KEY]        验证导出的证据包，无需安装其他软件

PUBLIC_KEY: 64 hexadecimal digits, as the park's operator stated it beforehand; without it the key inside
the file is used, and only who trusts that key may trust the result. Exit code 0: everything holds.

What is shown: each record in the file was sealed in its place of a chain (SHA-256), its chain is part of a
Merkle tree (RFC 6962), and the root of that tree was signed (Ed25519, RFC 8032) at the stated time.
Whether frames were measured or simulated is what the exporting ledger's register says; no seal covers that.
"""

from __future__ import annotations

import hashlib
import json
import struct
import sys
import zipfile
from collections.abc import Iterator
from typing import Any

FORMAT = "park-twin-evidence/1"
LOGS = ("frames", "acts")
ORIGINS = {
    "measured": "实测",
    "simulated": "模拟",
    "exercise": "演练",
    "modelled": "模型计算",
    "unknown": "来源未登记",
}


class Bad(Exception):
    """Something does not hold."""


def need(holds: bool, what: str) -> None:
    """Go on only when something holds."""
    if not holds:
        raise Bad(what)


# Ed25519, RFC 8032, 5.1: the curve -x^2 + y^2 = 1 + d x^2 y^2 over the integers modulo P.
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
Point = tuple[int, int, int, int]  # X, Y, Z, T with x = X/Z, y = Y/Z, xy = T/Z


def _add(p: Point, q: Point) -> Point:
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def _times(number: int, point: Point) -> Point:
    result: Point = (0, 1, 1, 0)
    while number:
        if number & 1:
            result = _add(result, point)
        point, number = _add(point, point), number >> 1
    return result


def _x_of(y: int, sign: int) -> int | None:
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P or (not x and sign):
        return None
    return P - x if x & 1 != sign else x


def _point(data: bytes) -> Point | None:
    number = int.from_bytes(data, "little")
    y = number & (2**255 - 1)
    x = _x_of(y, number >> 255)
    return None if x is None else (x, y, 1, x * y % P)


def is_signed(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether an Ed25519 signature holds (RFC 8032, 5.1.7)."""
    if len(public) != 32 or len(signature) != 64:
        return False
    a, r, s = _point(public), _point(signature[:32]), int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= ORDER:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % ORDER
    base_y = 4 * pow(5, P - 2, P) % P
    base_x = _x_of(base_y, 0) or 0
    left = _times(s, (base_x, base_y, 1, base_x * base_y % P))
    right = _add(r, _times(k, a))
    return not (
        (left[0] * right[2] - right[0] * left[2]) % P or (left[1] * right[2] - right[1] * left[2]) % P
    )


# Merkle trees, RFC 6962, 2.1.


def _sha(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def _left_part(size: int) -> int:
    return 1 << ((size - 1).bit_length() - 1)


def root_of_range(inside: list[bytes], first: int, size: int, proof: list[bytes]) -> bytes:
    """Root of a tree from some neighbouring leaves and the largest subtrees beside them, left to right."""
    last, given = first + len(inside), iter(proof)

    def build(start: int, end: int) -> bytes:
        if end <= first or start >= last:
            node = next(given, None)
            need(node is not None, "the Merkle proof is too short")
            return node or b""
        if end - start == 1:
            return _sha(b"\x00", inside[start - first])
        middle = start + _left_part(end - start)
        return _sha(b"\x01", build(start, middle), build(middle, end))

    need(0 <= first < last <= size, "the records lie outside the signed tree")
    root = build(0, size)
    need(next(given, None) is None, "the Merkle proof is too long")
    return root


def is_consistent(old_size: int, old_root: bytes, size: int, root: bytes, proof: list[bytes]) -> bool:
    """Whether a tree is the beginning of a larger one (RFC 9162, 2.1.4.2)."""
    if old_size == 0:
        return not proof
    if old_size == size:
        return not proof and old_root == root
    path = list(proof) if old_size & (old_size - 1) else [old_root, *proof]
    if old_size > size or not path:
        return False
    fn, sn = old_size - 1, size - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    old_found = found = path[0]
    for node in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            old_found, found = _sha(b"\x01", node, old_found), _sha(b"\x01", node, found)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            found = _sha(b"\x01", found, node)
        fn, sn = fn >> 1, sn >> 1
    return old_found == old_root and found == root and sn == 0


# Records and their chains, docs/evidence.md.


def frame_link(previous: bytes, row: dict[str, Any]) -> bytes:
    """Link of a raw frame."""
    header = struct.pack(">4sqqqq", b"PTF1", row["seq"], row["received_ms"], row["pno"], row["body_no"])
    for name in ("peer", "mn", "st", "cn", "qn"):
        text = row[name].encode("utf-8", "surrogatepass")
        header += struct.pack(">I", len(text)) + text
    return _sha(previous, header, _sha(bytes.fromhex(row["segment"])))


def act_link(previous: bytes, row: dict[str, Any]) -> bytes:
    """Link of an act."""
    header = struct.pack(">Qq", row["seq"], row["time_ms"])
    for name in ("kind", "actor"):
        text = row[name].encode()
        header += struct.pack(">H", len(text)) + text
    return _sha(previous, header, _sha(row["body"].encode()))


def _lines(archive: zipfile.ZipFile, name: str) -> Iterator[dict[str, Any]]:
    with archive.open(name) as lines:
        for line in lines:
            yield json.loads(line.decode("utf-8"))


def origin_lines(archive: zipfile.ZipFile, origins: dict[str, str]) -> list[str]:
    """Where the frames come from, the measured ones last. Raises Bad for a device without a word."""
    counts: dict[str, dict[str, int]] = {}
    for row in _lines(archive, "frames.jsonl"):
        if len(row) > 2:
            need(row["mn"] in origins, f"the manifest does not say where the frames of {row['mn']} come from")
            of_origin = counts.setdefault(origins[row["mn"]], {})
            of_origin[row["mn"]] = of_origin.get(row["mn"], 0) + 1
    lines = []
    for origin in sorted(counts, key=lambda name: (name == "measured", name)):
        zh = ORIGINS.get(origin, origin)
        said = origin if origin == "measured" else origin.upper()
        told = ", ".join(f"{mn} ({count})" for mn, count in sorted(counts[origin].items()))
        lines.append(f"origin 来源: these frames are {said}, 以下报文为{zh}: {told}")
    return lines


def check_log(archive: zipfile.ZipFile, log: str, signed: dict[str, Any]) -> tuple[int, int]:
    """Chain and tree of one log; how many records are told in full, how many only by their links."""
    proof = json.loads(archive.read(log + "_proof.json").decode("utf-8"))
    first, told = int(proof["first_seq"]), 0
    links: list[bytes] = []
    previous = bytes.fromhex(proof["previous"])
    for row in _lines(archive, log + ".jsonl"):
        link, number = bytes.fromhex(row["link"]), first + len(links)
        need(row["seq"] == number, f"{log}: record {row['seq']} stands where {number} should")
        if len(row) > 2:
            made = frame_link(previous, row) if log == "frames" else act_link(previous, row)
            need(made == link, f"{log}: record {number} is not what was sealed")
            told += 1
        links.append(link)
        previous = link
    head = signed[log]
    if not links:
        return 0, 0
    nodes = [bytes.fromhex(node) for node in proof["nodes"]]
    root = root_of_range(links, first - 1, int(head["size"]), nodes)
    need(root.hex() == head["root"], f"{log}: the records are not those whose root was signed")
    return told, len(links) - told


def check_checkpoints(archive: zipfile.ZipFile, key: bytes) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """All checkpoints, oldest first: signed, in a chain, and each tree the beginning of the last one."""
    found: list[dict[str, Any]] = []
    previous = None
    for row in _lines(archive, "checkpoints.jsonl"):
        text = row["body"].encode()
        body = json.loads(row["body"])
        seq = body["seq"]
        signed = is_signed(key, text, bytes.fromhex(row["signature"]))
        need(signed, f"checkpoint {seq} is not signed with this key")
        if found:
            step = seq - found[-1]["seq"]
            need(step > 0, f"checkpoint {seq} is out of order")
            need(step > 1 or body["previous"] == previous, f"checkpoint {seq} does not follow the one before")
        previous = hashlib.sha256(text).hexdigest()
        found.append(body)
    need(bool(found), "there is no checkpoint in the file")
    last = found[-1]
    for row in _lines(archive, "consistency.jsonl"):
        old = next((body for body in found if body["seq"] == row["seq"]), {})
        need(bool(old), "a consistency proof for a checkpoint that is not in the file")
        for log in LOGS:
            heads = old[log], last[log]
            sizes, roots = [int(h["size"]) for h in heads], [bytes.fromhex(h["root"]) for h in heads]
            nodes = [bytes.fromhex(node) for node in row[log]]
            holds = is_consistent(sizes[0], roots[0], sizes[1], roots[1], nodes)
            need(holds, f"{log} of checkpoint {row['seq']} are not the beginning of the last")
    return found, last


def verify(path: str, key: str = "") -> list[str]:
    """What was found to hold, line by line. Raises Bad for the first thing that does not."""
    with zipfile.ZipFile(path) as archive:
        about = json.loads(archive.read("manifest.json").decode("utf-8"))
        need(about.get("format") == FORMAT, f"this is no {FORMAT}")
        inside = str(about["public_key"])
        need(key.lower() in ("", inside), f"signed with the key {inside}, not with the stated one")
        found, last = check_checkpoints(archive, bytes.fromhex(inside))
        lines = ["public key 公钥: " + inside + ("" if key else "  (from the file 取自文件)")]
        lines.append(
            f"checkpoints 检查点: {len(found)}, last 最后 #{last['seq']} "
            f"at {last['time_ms']} ms since 1970-01-01 UTC"
        )
        for log in LOGS:
            told, withheld = check_log(archive, log, last)
            lines.append(f"{log}: {told} records 条 hold, {withheld} more by their links only 仅以链值计入")
        lines += origin_lines(archive, dict(about["origins"]))
    return lines


def main(arguments: list[str]) -> int:
    """Verify and say so in plain words."""
    if not 1 <= len(arguments) <= 2:
        sys.stderr.write(__doc__ or "")
        return 2
    try:
        lines = verify(*arguments)
    except (Bad, OSError, KeyError, ValueError, TypeError, struct.error, zipfile.BadZipFile) as error:
        sys.stdout.write(f"DOES NOT HOLD 验证不通过: {type(error).__name__}: {error}\n")
        return 1
    sys.stdout.write("\n".join([*lines, "HOLDS 验证通过", ""]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
