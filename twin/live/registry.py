"""The devices that may speak: those of the scene, with their passwords."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from twin.core.device import Device


class SceneRegistry:
    """Registry (``sensors.contract``) of a scene's devices."""

    def __init__(self, devices: Iterable[Device], passwords: Mapping[str, str]) -> None:
        self._devices = {row.mn: row for row in devices}
        self._passwords = dict(passwords)

    def device(self, mn: str) -> Device | None:
        """Registered device, or None."""
        return self._devices.get(mn)

    def password(self, mn: str) -> str | None:
        """Password of a device; None where any is taken."""
        return self._passwords.get(mn) or None
