"""flopy is an optional extra; what is said while it is missing, and what a model may not hold."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from twin.core.errors import BadRequestError, ToolMissingError


def flopy_module(name: str = "flopy") -> Any:
    """flopy, or a module of it. Raises ToolMissingError where it is not installed."""
    if find_spec("flopy") is None:
        msg = "flopy is not installed; MODFLOW 6 files need it: pip install 'park-twin[modflow]'"
        raise ToolMissingError(
            msg,
            message_zh="未安装 flopy；读写 MODFLOW 6 文件需要它：pip install 'park-twin[modflow]'",
            field="modflow",
            value="flopy",
        )
    return import_module(name)


class UnsupportedError(BadRequestError):
    """A MODFLOW 6 model asks for what is not computed here; ``names`` lists it, as ``package.option``."""

    def __init__(self, names: tuple[str, ...], *, source: str) -> None:
        shown = ", ".join(names)
        super().__init__(
            f"{source}: {shown}; expected only what is computed here (see docs/water.md, MODFLOW 6). "
            "Name it in ignore to leave it out knowingly",
            message_zh=f"{source}：{shown}；此处不计算（见 docs/water.md）。确要略去时请写入 ignore",
            field=names[0],
            value=shown,
            source=source,
        )
        self.names = names


def refused(field: str, value: object, expected: str, expected_zh: str = "") -> BadRequestError:
    """The error for a value of a MODFLOW 6 model that cannot be taken over."""
    return BadRequestError(
        f"{field}: {value}; expected {expected}",
        message_zh=f"{field}：{value}；应为 {expected_zh or expected}",
        field=field,
        value=value,
    )
