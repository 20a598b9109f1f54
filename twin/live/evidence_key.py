"""The key that signs checkpoints: Ed25519 (RFC 8032), in ``evidence_key.pem`` (mode 600)."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from twin.core.errors import SettingsError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KEY_FILE = "evidence_key.pem"


@dataclass(frozen=True, slots=True)
class EvidenceKey:
    """A private key and its public half (32 bytes)."""

    _private: Ed25519PrivateKey
    public: bytes

    def sign(self, text: str) -> bytes:
        """Signature of a text, 64 bytes."""
        return self._private.sign(text.encode())


def key_id(public: bytes) -> str:
    """Short name of a public key: the first 16 digits of its SHA-256."""
    return hashlib.sha256(public).hexdigest()[:16]


def ensure_key(data_dir: Path) -> EvidenceKey:
    """The key of a park, made at the first start. Raises SettingsError for a file that is no such key."""
    path = data_dir / KEY_FILE
    if not path.exists():
        _make(path)
    return _read(path)


def read_public_key(data_dir: Path) -> bytes | None:
    """Public key of a park; None as long as there is none."""
    path = data_dir / KEY_FILE
    return _read(path).public if path.exists() else None


def is_signed(public: bytes, text: str, signature: bytes) -> bool:
    """Whether a text was signed with the private half of a public key."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, text.encode())
    except (InvalidSignature, ValueError):
        return False
    return True


def _make(path: Path) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(pem)
        out.flush()
        os.fsync(out.fileno())
    draft.replace(path)


def _read(path: Path) -> EvidenceKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    try:
        if path.stat().st_mode & 0o077:
            raise _unusable(path, "others may open it; expected mode 600")
        found = serialization.load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _unusable(path, str(error)) from None
    if not isinstance(found, Ed25519PrivateKey):
        raise _unusable(path, "it is no Ed25519 key")
    return EvidenceKey(found, found.public_key().public_bytes_raw())


def _unusable(path: Path, why: str) -> SettingsError:
    return SettingsError(
        f"evidence key {path} cannot be used: {why}",
        message_zh=f"存证密钥 {path} 无法使用：{why}",
        field="evidence_key",
        value=str(path),
        source=str(path),
    )
