"""The few array operations that differ between numpy and torch; everything else is operators."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from twin.core.errors import SolverError
from twin.core.geometry import FloatArray

# Arrays of either library: the operators are the same, their types are not.
Array = Any


class Backend(Protocol):
    """Arrays in float32 on one device, and random numbers from one seed."""

    name: str

    def array(self, values: FloatArray) -> Array:
        """Copy to the device."""
        ...

    def normal(self, count: int) -> Array:
        """Standard normal numbers."""
        ...

    def take(self, table: Array, place: Array) -> Array:
        """Cells of a table at places (floats), clipped to its ends."""
        ...

    def where(self, condition: Array, yes: Array, no: Array) -> Array:
        """Element-wise choice."""
        ...

    def joined(self, parts: list[Array]) -> Array:
        """Arrays one after the other."""
        ...

    def numpy(self, values: Array) -> FloatArray:
        """Copy back as float64."""
        ...


class NumpyBackend:
    """numpy, one core."""

    name = "numpy"

    def __init__(self, seed: int) -> None:
        self._rng = np.random.Generator(np.random.SFC64(seed))

    def array(self, values: FloatArray) -> Array:
        """See ``Backend``."""
        return np.array(values, dtype=np.float32)

    def normal(self, count: int) -> Array:
        """See ``Backend``."""
        return self._rng.standard_normal(count, dtype=np.float32)

    def take(self, table: Array, place: Array) -> Array:
        """See ``Backend``."""
        return table.take(place.astype(np.int32), mode="clip")

    def where(self, condition: Array, yes: Array, no: Array) -> Array:
        """See ``Backend``."""
        return np.where(condition, yes, no)

    def joined(self, parts: list[Array]) -> Array:
        """See ``Backend``."""
        return np.concatenate(parts)

    def numpy(self, values: Array) -> FloatArray:
        """See ``Backend``."""
        return np.asarray(values, dtype=np.float64)


class TorchBackend:
    """torch on a device, ``cuda`` where there is one unless told."""

    name = "torch"

    def __init__(self, seed: int, device: str | None = None) -> None:
        import torch

        self._torch = torch
        self._device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        self._rng = torch.Generator(device=self._device).manual_seed(seed)

    def array(self, values: FloatArray) -> Array:
        """See ``Backend``."""
        return self._torch.tensor(np.array(values), dtype=self._torch.float32, device=self._device)

    def normal(self, count: int) -> Array:
        """See ``Backend``."""
        return self._torch.randn(count, generator=self._rng, device=self._device, dtype=self._torch.float32)

    def take(self, table: Array, place: Array) -> Array:
        """See ``Backend``."""
        return table[place.to(self._torch.int64).clamp_(0, table.numel() - 1)]

    def where(self, condition: Array, yes: Array, no: Array) -> Array:
        """See ``Backend``."""
        return self._torch.where(condition, yes, no)

    def joined(self, parts: list[Array]) -> Array:
        """See ``Backend``."""
        return self._torch.cat(parts)

    def numpy(self, values: Array) -> FloatArray:
        """See ``Backend``."""
        return np.asarray(values.cpu().numpy(), dtype=np.float64)


def backend(name: str, seed: int, device: str | None = None) -> Backend:
    """``numpy`` or ``torch``. Raises SolverError for another name."""
    if name == "numpy":
        return NumpyBackend(seed)
    if name == "torch":
        return TorchBackend(seed, device)
    raise SolverError(
        f"backend {name!r} is unknown; expected numpy or torch",
        message_zh=f"未知计算后端 {name!r}；应为 numpy 或 torch",
        field="backend",
        value=name,
    )
