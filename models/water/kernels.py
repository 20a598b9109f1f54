"""Which kernels compute: numba where it is installed, else torch or numpy with the same numbers."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Literal

from twin.core.errors import BadRequestError

Kernel = Literal["auto", "numba", "torch", "numpy"]
KERNELS: tuple[Kernel, ...] = ("numba", "torch", "numpy")


def chosen(kernel: Kernel) -> Kernel:
    """The kernel that will compute: ``auto`` is the first of numba, torch and numpy that is installed.

    Raises BadRequestError for a name that is not in the list or a kernel that is not installed.
    """
    if kernel == "auto":
        return next(name for name in KERNELS if find_spec(name) is not None)
    if kernel not in KERNELS or find_spec(kernel) is None:
        raise BadRequestError(
            f"kernel: {kernel}; expected one of auto, {', '.join(KERNELS)}, installed",
            message_zh=f"kernel：{kernel}；应为已安装的 auto、{'、'.join(KERNELS)} 之一",
            field="kernel",
            value=kernel,
        )
    return kernel
