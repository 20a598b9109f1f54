"""Heads (.hds), concentrations (.ucn) and budgets (.bud) of MODFLOW 6 as arrays, row 0 in the south."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from models.water.modflow.extra import flopy_module, refused
from models.water.modflow.mirror import turned
from models.water.modflow.units import Units
from models.water.result import BudgetRow, WaterResult
from twin.core.geometry import FloatArray
from twin.core.origin import Origin

_DRY = 1e29  # heads of dry and inactive cells are +-1e30
_HEADS, _CONCS = "HEAD", "CONCENTRATION"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fields:
    """Fields of a file: ``times_s`` (nt,), ``values`` (nt, nl, nr, nc), NaN where dry or inactive.

    ``quantity`` is head_m or conc_kg_m3. They were computed elsewhere: ``origin`` is modelled.
    """

    quantity: str
    times_s: FloatArray
    values: FloatArray
    source: str
    origin: Origin = Origin.MODELLED


def read_fields(path: str | Path, *, units: Units | None = None) -> Fields:
    """Read all moments of a .hds or .ucn file; ``units`` are those of the model (metres, seconds, kg).

    Raises ToolMissingError without flopy, BadRequestError for a file that is none.
    """
    utils = flopy_module("flopy.utils")
    file, used = Path(path), units or Units()
    quantity = _quantity(file)
    try:
        body: Any = utils.HeadFile(str(file), text=quantity)
        try:
            times = np.asarray(body.get_times(), dtype=np.float64)
            values = np.asarray([body.get_data(totim=t) for t in times], dtype=np.float64)
        finally:
            body.close()
    except (OSError, ValueError, IndexError, EOFError) as error:
        raise refused(f"{file.name}", error, "a file of heads or concentrations", "水头或浓度文件") from None
    factor = used.length_m if quantity == _HEADS else used.conc_kg_m3
    values = np.where(np.abs(values) < _DRY, values, np.nan)
    return Fields(
        quantity="head_m" if quantity == _HEADS else "conc_kg_m3",
        times_s=times * used.time_s,
        values=turned(values) * factor,
        source=file.name,
    )


def read_budget(path: str | Path, *, units: Units | None = None) -> tuple[FloatArray, list[list[BudgetRow]]]:
    """Water (or mass) that packages brought and took at every saved moment, by their names.

    Rates of a .ucn model's budget are mass per time and come out in m3 of the file's mass unit; use it for
    flow. Raises ToolMissingError without flopy, BadRequestError for a file that is none.
    """
    utils = flopy_module("flopy.utils")
    file, used = Path(path), units or Units()
    try:
        body: Any = utils.CellBudgetFile(str(file))
        try:
            times = np.asarray(body.get_times(), dtype=np.float64)
            names = [name.decode().strip() for name in body.get_unique_record_names()]
            rows = [_budget(body, names, t, used) for t in times]
        finally:
            body.close()
    except (OSError, ValueError, IndexError, EOFError) as error:
        raise refused(f"{file.name}", error, "a budget file", "水均衡文件") from None
    return times * used.time_s, rows


def write_fields(
    path: str | Path, times_s: Sequence[float] | FloatArray, values: FloatArray, *, quantity: str,
    units: Units | None = None,
) -> Path:  # fmt: skip
    """Write ``values`` (nt, nl, nr, nc), SI, row 0 = south, as MODFLOW 6 writes .hds and .ucn; the path.

    ``quantity`` is head_m or conc_kg_m3. Every moment counts as a stress period of one step. NaN becomes
    1e30, as inactive cells have it.
    """
    used, file = units or Units(), Path(path)
    if quantity not in ("head_m", "conc_kg_m3"):
        raise refused(f"quantity of {file.name}", quantity, "head_m or conc_kg_m3", "head_m 或 conc_kg_m3")
    text = _HEADS if quantity == "head_m" else _CONCS
    factor = used.length_m if quantity == "head_m" else used.conc_kg_m3
    body = turned(np.where(np.isfinite(values), values / factor, 1e30))
    _, layers, rows, columns = body.shape
    with file.open("wb") as out:
        for n, time_s in enumerate(np.asarray(times_s, dtype=np.float64)):
            moment = float(time_s / used.time_s)
            for k in range(layers):
                head = struct.pack(
                    "<2i2d16s3i", 1, n + 1, moment, moment, text.rjust(16).encode(), columns, rows, k + 1
                )
                out.write(head + body[n, k].astype("<f8").tobytes())
    return file


def write_result_fields(
    run: WaterResult, species: Sequence[str], folder: str | Path, *, units: Units | None = None
) -> tuple[Path, ...]:
    """Write a run's fields: ``head.hds`` and ``<species>.ucn``; the paths."""
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    paths = [write_fields(place / "head.hds", run.times_s, run.head_m, quantity="head_m", units=units)]
    if run.conc_kg_m3 is not None:
        for n, name in enumerate(species):
            values = run.conc_kg_m3[:, n]
            path = place / f"{name}.ucn"
            paths.append(write_fields(path, run.times_s, values, quantity="conc_kg_m3", units=units))
    return tuple(paths)


def _quantity(file: Path) -> str:
    """What the first record says it is."""
    try:
        head = file.read_bytes()[:64]
    except OSError as error:
        raise refused(f"{file.name}", error, "a readable file", "可读的文件") from None
    text = head[24:40].decode("ascii", errors="replace").strip().upper()
    if text not in (_HEADS, _CONCS):
        raise refused(f"{file.name}", repr(text), "HEAD or CONCENTRATION", "HEAD 或 CONCENTRATION")
    return text


def _budget(body: Any, names: Sequence[str], time: float, units: Units) -> list[BudgetRow]:
    found = []
    rate = units.length_m**3 / units.time_s
    for name in names:
        if name.startswith(("FLOW-JA-FACE", "DATA-")):
            continue
        flow = np.concatenate(
            [_flows(record) for record in body.get_data(text=name, totim=time)] or [np.zeros(0)]
        )
        found.append(
            BudgetRow(
                name=name.lower(),
                in_m3_s=float(flow[flow > 0.0].sum() * rate),
                out_m3_s=float(-flow[flow < 0.0].sum() * rate),
            )
        )
    return found


def _flows(record: Any) -> FloatArray:
    array = np.asarray(record)
    return np.asarray(array["q"] if array.dtype.names else array, dtype=np.float64).ravel()
