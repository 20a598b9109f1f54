"""The one catalogue of errors. Every message names the field, the value and what was expected."""

from __future__ import annotations


class ParkTwinError(Exception):
    """Root of all errors that Park Twin raises on purpose.

    ``message_zh`` is shown to Chinese readers, ``str(error)`` to all others. ``field`` and
    ``value`` say what was wrong, ``source`` in which file, frame or request.
    """

    def __init__(
        self,
        message: str,
        *,
        message_zh: str = "",
        field: str = "",
        value: object = None,
        source: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.message_zh = message_zh or message
        self.field = field
        self.value = value
        self.source = source


class SceneError(ParkTwinError):
    """A file of a scene is missing, unreadable or breaks a rule."""


class SceneProblems(SceneError):
    """Several problems of one scene, found together; see ``problems``."""

    def __init__(self, problems: tuple[SceneError, ...], *, source: str = "") -> None:
        text = "\n".join(p.message for p in problems)
        text_zh = "\n".join(p.message_zh for p in problems)
        super().__init__(text, message_zh=text_zh, source=source)
        self.problems = problems


class RasterError(SceneError):
    """An elevation raster cannot be used (no CRS, holes, feet, upside-down, not a raster, ...)."""


class VectorError(SceneError):
    """A vector file cannot be used."""


class CrsError(ParkTwinError):
    """A coordinate reference system is unknown, or a coordinate lies outside its area of use."""


class OutsideTerrainError(ParkTwinError):
    """A place lies outside the terrain of the park."""


class StrataError(ParkTwinError):
    """Boreholes do not allow layers to be built."""


class FrameError(ParkTwinError):
    """Bytes on an instrument's line are not a frame; ``kind`` is the machine-readable reason."""

    def __init__(self, kind: str, message: str, **details: object) -> None:
        super().__init__(
            message,
            field=str(details.get("field", "")),
            value=details.get("value"),
            source=str(details.get("source", "")),
            message_zh=str(details.get("message_zh", "")),
        )
        self.kind = kind


class UnitError(ParkTwinError):
    """A unit is unknown, or two units measure different things."""


class SettingsError(ParkTwinError):
    """A setting is unknown or has a value that cannot be used."""


class StoreError(ParkTwinError):
    """The ledger cannot do what was asked."""


class NotFoundError(ParkTwinError):
    """No such thing (sensor, series, frame, scene)."""


class BadRequestError(ParkTwinError):
    """A request names a field with a value that cannot be served."""


class ConflictError(ParkTwinError):
    """What was asked does not fit what is: it is done already, or something else is under way."""


class NotSignedInError(ParkTwinError):
    """Nobody is known by this token."""


class NotAllowedError(ParkTwinError):
    """The role of a person is not enough for what was asked."""


class TooManyError(ParkTwinError):
    """More was asked than is taken at a time; try again later."""


class SolverError(ParkTwinError):
    """A solver did not converge or was used outside its validity; a result to be shown."""


class UnknownSolverError(SolverError):
    """No row of the table of solvers has this name."""


class ServiceUnavailableError(ParkTwinError):
    """A part that is needed (ledger, scene bundle) is not there yet; try again."""


class ToolMissingError(ParkTwinError):
    """A program or library that a command needs is not installed."""
