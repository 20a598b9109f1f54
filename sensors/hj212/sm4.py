"""SM4 in the data area, HJ 212-2025: what stands between ``CP=&&`` and the closing ``&&``.

SM4 (GB/T 32907-2016) in ECB mode without padding: whole blocks of 16 bytes are encrypted, the last
``len mod 16`` bytes travel as they are. The length stays, and the check sum is that of the plain
segment. Header fields, MN among them, are never encrypted, so the key is found by MN. (Edition 2025,
A.1 and A.2, read through public implementations; the first cipher bytes of A.2 recomputed.) Binary
bytes travel inside the area: it ends where the length says, never at the first ``&&``.
"""

from __future__ import annotations

import re

from twin.core.errors import SettingsError

BLOCK_LEN = 16
KEY_LEN = 16

_OPEN = b"CP=&&"
_CLOSE = b"&&"
_FLAG = re.compile(rb"Flag=([0-9]{1,3})(?:;|,|$)")
_BINARY = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_HEX_KEY = re.compile(r"[0-9A-Fa-f]{32}", re.ASCII)
_VERSION_2025 = 2


def key_of(text: str) -> bytes:
    """Key from its written form: 32 hexadecimal digits or 16 ASCII characters. Raises SettingsError.

    >>> key_of("0000000000000000") == key_of("30" * 16)
    True
    """
    if _HEX_KEY.fullmatch(text):
        return bytes.fromhex(text)
    if len(text) == KEY_LEN and text.isascii():
        return text.encode("ascii")
    raise SettingsError(
        f"an SM4 key has {KEY_LEN} ASCII characters or {2 * KEY_LEN} hexadecimal digits",
        message_zh="SM4 密钥应为 16 个 ASCII 字符或 32 位十六进制数字",
        field="sm4_keys",
        value=f"{len(text)} characters",
    )


def should_encrypt(cn: str) -> bool:
    """Whether edition 2025 wants the data area of this command encrypted (2000-2999, 1014, 3020)."""
    return cn in ("1014", "3020") or (len(cn) == 4 and cn[0] == "2" and cn.isdigit())


def encrypt(segment: bytes, key: bytes) -> bytes:
    """Segment with its data area encrypted; unchanged where it has none. Raises ValueError for a bad key."""
    return _swapped(segment, key, forth=True)


def decrypt(segment: bytes, key: bytes) -> bytes:
    """Segment with its data area decrypted; unchanged where it has none. Raises ValueError for a bad key."""
    return _swapped(segment, key, forth=False)


def area_of(segment: bytes) -> bytes | None:
    """What stands between ``CP=&&`` and the ``&&`` at the very end, or None."""
    _, opened, rest = segment.partition(_OPEN)
    if not opened or not rest.endswith(_CLOSE):
        return None
    return rest[: -len(_CLOSE)]


def is_binary(segment: bytes) -> bool:
    """Whether the data area holds bytes that no text of any device holds."""
    area = area_of(segment)
    return area is not None and len(area) >= BLOCK_LEN and not is_text(area)


def is_text(area: bytes) -> bool:
    """Whether bytes are text of a data area: UTF-8 or (old loggers) GB 18030, no control bytes."""
    if _BINARY.search(area):
        return False
    if area.isascii():
        return True
    try:
        area.decode("utf-8")
    except UnicodeDecodeError:
        return b"=" in area and _is_gb18030(area)
    return True


def _is_gb18030(area: bytes) -> bool:
    try:
        area.decode("gb18030")
    except UnicodeDecodeError:
        return False
    return True


def looks_encrypted(segment: bytes) -> bool:
    """Whether a segment that nobody could read is one of edition 2025 (Flag 8-11) with a binary area."""
    flag = _FLAG.search(segment.partition(_OPEN)[0])
    return flag is not None and int(flag.group(1)) >> 2 == _VERSION_2025 and is_binary(segment)


def plain_of(segment: bytes, keys: tuple[bytes, ...]) -> bytes | None:
    """Plain form of a segment, the same where it is text (or not of edition 2025), None where no key fits.

    The check sum cannot tell a wrong key (it passes one in 256), so what comes out must be text.
    """
    if not is_binary(segment):
        return segment
    for key in keys:
        plain = decrypt(segment, key)
        if not is_binary(plain):
            return plain
    return None if looks_encrypted(segment) else segment


def _swapped(segment: bytes, key: bytes, *, forth: bool) -> bytes:
    area = area_of(segment)
    if area is None or len(area) < BLOCK_LEN:
        return segment
    whole = len(area) - len(area) % BLOCK_LEN
    start = len(segment) - len(_CLOSE) - len(area)
    return segment[:start] + _blocks(area[:whole], key, forth=forth) + segment[start + whole :]


def _blocks(data: bytes, key: bytes, *, forth: bool) -> bytes:
    # Loaded when the first encrypted frame comes: most lines never see one.
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    cipher = Cipher(algorithms.SM4(key), modes.ECB())  # noqa: S305 - the standard's own mode
    side = cipher.encryptor() if forth else cipher.decryptor()
    return side.update(data) + side.finalize()
