"""A wind field with one more thing to say of itself."""

from __future__ import annotations

from dataclasses import dataclass

from models.contract import SurfaceLayer, WindField
from models.timed import timed
from twin.core.geometry import FloatArray
from twin.core.origin import Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class NotedWind:
    """``wind`` with ``note`` among its notes; nothing else is changed."""

    wind: WindField
    note: str

    @property
    def origin(self) -> Origin:
        """Origin of the observations behind the field."""
        return self.wind.origin

    @property
    def inputs(self) -> tuple[str, ...]:
        """Series and times behind the field."""
        return self.wind.inputs

    @property
    def notes(self) -> tuple[str, ...]:
        """Warnings on validity, and the note."""
        return (*self.wind.notes, self.note)

    def at(
        self, x_m: FloatArray, y_m: FloatArray, time_ms: int, height_m: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Grid vector (u east, v north) in m/s."""
        return self.wind.at(x_m, y_m, time_ms, height_m)

    def at_times(
        self, x_m: FloatArray, y_m: FloatArray, times_ms: FloatArray, height_m: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """As ``at``, each place at its own moment; see ``models.contract.TimedWind``."""
        return timed(self.wind).at_times(x_m, y_m, times_ms, height_m)

    def air(self, time_ms: int) -> SurfaceLayer:
        """Turbulence at a moment."""
        return self.wind.air(time_ms)

    def air_at(self, times_ms: FloatArray) -> SurfaceLayer:
        """Turbulence at many moments; see ``models.contract.TimedWind``."""
        return timed(self.wind).air_at(times_ms)
