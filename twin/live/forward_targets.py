"""``forward.toml``: other platforms that get the packets untouched (一点多传), one table per target.

```toml
[[targets]]
name = "province"
host = "10.1.2.3"
port = 9300
```
"""

from __future__ import annotations

import fnmatch
import hashlib
import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from twin.core.device import Device
from twin.core.errors import SettingsError
from twin.store.rows import StoredFrame

Patterns = Annotated[list[Annotated[str, Field(min_length=1, max_length=64)]], Field(min_length=1)]
_ANSWERS = frozenset({"9011", "9012", "9013", "9014"})


class Target(BaseModel):
    """One platform. Patterns are of the shell (``*``, ``?``); a packet must match one of each list.

    ``origins``: kinds of device whose packets it takes; exercise and simulated ones only when they stand
    here. ``start``: a new target begins with what comes from now on, or with everything that is stored.
    ``window``: packets that may wait for their answers. ``skip_after``: a packet that the target does not
    answer on so many connections, on each of which it answers others, is passed over (0: never).
    """

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, frozen=True)

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
    host: Annotated[str, Field(min_length=1, max_length=253)]
    port: Annotated[int, Field(ge=1, le=65_535)]
    origins: Annotated[list[Literal["measured", "simulated", "exercise"]], Field(min_length=1)] = ["measured"]
    mns: Patterns = ["*"]
    sts: Patterns = ["*"]
    cns: Patterns = ["2*"]
    start: Literal["now", "beginning"] = "now"
    window: Annotated[int, Field(ge=1, le=256)] = 32
    max_frames_per_s: Annotated[float, Field(gt=0.0, le=5_000.0)] = 500.0
    over_time_s: Annotated[float, Field(ge=0.1, le=600.0)] = 10.0
    recount: Annotated[int, Field(ge=0, le=20)] = 3
    max_back_off_s: Annotated[float, Field(ge=0.1, le=3_600.0)] = 60.0
    skip_after: Annotated[int, Field(ge=0, le=1_000)] = 10

    def wants(self, frame: StoredFrame, device: Device | None) -> bool:
        """Whether a stored frame is for this target. Frames of unknown devices are for nobody."""
        if device is None or not self.takes_from(device):
            return False
        if frame.cn in _ANSWERS:  # answers to our own requests; the target has asked nothing
            return False
        pairs = ((frame.st, self.sts), (frame.cn, self.cns))
        return all(any(fnmatch.fnmatchcase(text, row) for row in rows) for text, rows in pairs)

    def takes_from(self, device: Device) -> bool:
        """Whether packets of a device may be for this target."""
        if device.origin.value not in self.origins or device.protocol != "hj212":
            return False
        return any(fnmatch.fnmatchcase(device.mn, row) for row in self.mns)

    def fingerprint(self) -> str:
        """Changes when a setting of this target changes."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]


class _File(BaseModel):
    """The whole file."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    targets: Annotated[list[Target], Field(max_length=32)] = []


def read_targets(path: Path) -> tuple[Target, ...]:
    """Targets of a file; none where there is no file. Raises SettingsError that names what is wrong."""
    try:
        rows = _File.model_validate(tomllib.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _unusable(path, str(error), None) from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise _unusable(path, f"{place}: {first['msg']}", first["input"]) from None
    names = [row.name for row in rows.targets]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise _unusable(path, f"two targets are called {twice!r}", twice)
    return tuple(rows.targets)


def _unusable(path: Path, why: str, value: object) -> SettingsError:
    return SettingsError(
        f"{path.name} cannot be used: {why}; expected [[targets]] with name, host, port",
        message_zh=f"{path.name} 无法使用：{why}；应为含 name、host、port 的 [[targets]]",
        field="forward_file",
        value=None if value is None else str(value)[:200],
        source=str(path),
    )
