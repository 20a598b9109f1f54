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
        self._trial_passwords: dict[str, tuple[str, ...]] = {}
        self._trial_keys: dict[str, tuple[bytes, ...]] = {}

    def device(self, mn: str) -> Device | None:
        """Registered device, or None."""
        return self._devices.get(mn)

    def password(self, mn: str) -> str | None:
        """Password of a device; None where any is taken."""
        return self._passwords.get(mn) or None

    def passwords(self, mn: str) -> tuple[str, ...]:
        """All that are taken from a device now; empty where any is."""
        present, trials = self._passwords.get(mn, ""), self._trial_passwords.get(mn, ())
        return (present, *trials) if present and "" not in trials else ()

    def set_trial_passwords(self, mn: str, passwords: tuple[str, ...]) -> None:
        """Take these besides the present one."""
        self._trial_passwords[mn] = passwords

    def set_password(self, mn: str, password: str) -> None:
        """Expect another password from now on."""
        self._passwords[mn] = password

    def sm4_key(self, mn: str) -> bytes | None:
        """SM4 key for what is sent to a device, or None."""
        keys = self._sm4_keys.get(mn)
        return keys[0] if keys else None

    def sm4_keys(self, mn: str) -> tuple[bytes, ...]:
        """SM4 keys for what comes from a device, the present one first."""
        present, trials = self._sm4_keys.get(mn, ()), self._trial_keys.get(mn, ())
        return tuple(dict.fromkeys((*present[:1], *trials, *present[1:]))) if trials else present

    def set_trial_keys(self, mn: str, keys: tuple[bytes, ...]) -> None:
        """Read what comes with these besides the present one and those before it."""
        self._trial_keys[mn] = keys

    def set_sm4_key(self, mn: str, key: bytes) -> None:
        """Use another key from now on; the old ones still open what was sent before."""
        old = tuple(row for row in self._sm4_keys.get(mn, ()) if row != key)
        self._sm4_keys[mn] = (key, *old)
