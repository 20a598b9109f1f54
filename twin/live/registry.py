"""The devices that may speak: those of the scene, with their passwords."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from twin.core.device import Device

SM4Keys = Mapping[str, tuple[bytes, ...]]


class SceneRegistry:
    """Registry (``sensors.contract``) of a scene's devices."""

    def __init__(
        self, devices: Iterable[Device], passwords: Mapping[str, str], sm4_keys: SM4Keys | None = None
    ) -> None:
        self._devices = {row.mn: row for row in devices}
        self._passwords = dict(passwords)
        self._sm4_keys = dict(sm4_keys or {})

    def device(self, mn: str) -> Device | None:
        """Registered device, or None."""
        return self._devices.get(mn)

    def password(self, mn: str) -> str | None:
        """Password of a device; None where any is taken."""
        return self._passwords.get(mn) or None

    def set_password(self, mn: str, password: str) -> None:
        """Expect another password from now on."""
        self._passwords[mn] = password

    def sm4_key(self, mn: str) -> bytes | None:
        """SM4 key for what is sent to a device, or None."""
        keys = self._sm4_keys.get(mn)
        return keys[0] if keys else None

    def sm4_keys(self, mn: str) -> tuple[bytes, ...]:
        """SM4 keys for what comes from a device, the present one first."""
        return self._sm4_keys.get(mn, ())

    def set_sm4_key(self, mn: str, key: bytes) -> None:
        """Use another key from now on; the old ones still open what was sent before."""
        old = tuple(row for row in self.sm4_keys(mn) if row != key)
        self._sm4_keys[mn] = (key, *old)
