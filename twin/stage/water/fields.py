"""What leaves the house: fields of a run with place, units, origin and inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from models.water.grid import Grid
from models.water.result import WaterResult
from twin.core.errors import BadRequestError
from twin.core.geometry import FloatArray
from twin.core.origin import Origin

if TYPE_CHECKING:
    from models.water.case.result import CaseResult


@dataclass(frozen=True, slots=True, kw_only=True)
class WaterFrame:
    """Where the local frame lies. ``crs`` is WKT or an EPSG code as text; empty: nowhere on the earth.

    Projected coordinates are local ones plus ``easting_m`` and ``northing_m``.
    """

    crs: str = ""
    easting_m: float = 0.0
    northing_m: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WaterFields:
    """Fields of a run, SI, row 0 = south.

    ``head_m`` (nt, nl, nr, nc), NaN where dry or inactive; ``concs_kg_m3`` by substance, the same shape.
    ``times_s`` (nt,) since ``start_ms`` (since 1970), or since the start of the run where that is None.
    """

    id: str
    grid: Grid
    times_s: FloatArray
    head_m: FloatArray
    concs_kg_m3: Mapping[str, FloatArray]
    origin: Origin
    solver: str
    version: str
    frame: WaterFrame = field(default_factory=WaterFrame)
    start_ms: int | None = None
    inputs: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    title: str = ""

    def __post_init__(self) -> None:
        expected = (len(self.times_s), *self.grid.shape)
        for name, values in {"head_m": self.head_m, **self.concs_kg_m3}.items():
            if values.shape != expected:
                raise BadRequestError(
                    f"fields {self.id}, {name}: shape {values.shape}; expected {expected}",
                    message_zh=f"场 {self.id} 的 {name}：形状 {values.shape}；应为 {expected}",
                    field=name,
                    value=values.shape,
                )

    @property
    def arrays(self) -> Mapping[str, tuple[FloatArray, str]]:
        """All fields by the name of their variable, with units. Heads that nobody computed are left out."""
        found: dict[str, tuple[FloatArray, str]] = {}
        if np.isfinite(self.head_m).any():
            found["head"] = (self.head_m, "m")
        found |= {f"conc_{name}": (values, "kg m-3") for name, values in self.concs_kg_m3.items()}
        return found


def fields_of_run(
    run: WaterResult, grid: Grid, species: tuple[str, ...], *, name: str, origin: Origin, **more: object
) -> WaterFields:
    """Fields of a run; ``more`` are other fields of ``WaterFields``."""
    conc = run.conc_kg_m3
    concs = {} if conc is None else {key: conc[:, n] for n, key in enumerate(species)}
    words = {"solver": "water", "version": "1", "notes": run.notes, **more}
    return WaterFields(
        id=name,
        grid=grid,
        times_s=run.times_s,
        head_m=run.head_m,
        concs_kg_m3=concs,
        origin=origin,
        **words,  # type: ignore[arg-type]
    )


def fields_of_case(result: CaseResult) -> WaterFields:
    """Fields of a case. Raises BadRequestError for a kind without any."""
    run, built = result.run, result.built
    if run is None or built is None:
        raise BadRequestError(
            f"result {result.id} has no fields; expected kind flow or transport",
            message_zh=f"结果 {result.id} 没有场；应为 flow 或 transport",
            field="files",
            value=result.id,
        )
    transport, table = built.problem.transport, built.case.grid
    species = () if transport is None else tuple(row.id for row in transport.species)
    return fields_of_run(
        run,
        built.problem.flow.grid,
        species,
        name=result.id,
        origin=result.origin,
        solver=result.solver,
        version=result.version,
        inputs=result.inputs,
        title=result.title,
        frame=WaterFrame(crs=table.crs or "", easting_m=table.easting_m, northing_m=table.northing_m),
    )
