"""One source for numpy and torch: the names that both have, and what they name differently.

The code of the layer calls only functions that both libraries give under one name with one meaning
(``where``, ``sqrt``, ``log``, ``clip(x, min=, max=)``, ``minimum``, ``maximum``, ``take``, slices). torch is
imported when it is asked for, never before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from twin.core.geometry import FloatArray

Array = Any  # a numpy array or a torch tensor; both libraries type their own only
Precision = Literal["float32", "float64"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrays:
    """An array library ``xp`` with its number type; ``device`` is where torch puts its tensors."""

    xp: Any
    dtype: Any
    index_type: Any
    device: str = "cpu"
    name: str = "numpy"

    def put(self, values: npt.ArrayLike) -> Array:
        """Copy of the values in the library's own arrays."""
        if self.name == "numpy":
            return np.array(values, dtype=self.dtype)
        return self.xp.asarray(np.array(values, dtype=np.float64), device=self.device).to(self.dtype)

    def zeros(self, *shape: int) -> Array:
        """Zeros of the number type."""
        if self.name == "numpy":
            return np.zeros(shape, dtype=self.dtype)
        return self.xp.zeros(shape, dtype=self.dtype, device=self.device)

    def empty(self, *shape: int) -> Array:
        """Array of the number type, not yet filled."""
        if self.name == "numpy":
            return np.empty(shape, dtype=self.dtype)
        return self.xp.empty(shape, dtype=self.dtype, device=self.device)

    def get(self, array: Array) -> FloatArray:
        """Copy as float64 numpy."""
        if self.name == "numpy":
            return np.array(array, dtype=np.float64)
        return np.array(array.detach().cpu().numpy(), dtype=np.float64)

    def index(self, array: Array) -> Array:
        """Whole numbers (cut off) to look up a table with."""
        return array.astype(self.index_type) if self.name == "numpy" else array.to(self.index_type)


def arrays(name: str = "numpy", precision: Precision = "float32", device: str = "cpu") -> Arrays:
    """Array library by name, ``numpy`` or ``torch``.

    Raises ValueError for another name. torch on ``device`` (``cpu``, ``cuda``); numpy ignores it.
    """
    if name == "numpy":
        return Arrays(xp=np, dtype=np.dtype(precision), index_type=np.intp)
    if name == "torch":
        import torch  # heavy: only when asked for

        return Arrays(
            xp=torch, dtype=getattr(torch, precision), index_type=torch.int64, device=device, name="torch"
        )
    msg = f"array library {name!r} is unknown; expected numpy or torch"
    raise ValueError(msg)
