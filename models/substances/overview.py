"""What people look up: levels at an exposure time, and which numbers stand on one source only."""

from __future__ import annotations

from dataclasses import dataclass

from models.substances.levels import Kind, LevelAt
from models.substances.substance import SubstanceData
from models.substances.table import substances

HOUR_S = 3600.0
# The order in which a level of each kind is taken when somebody asks for one.
ORDER = (Kind.AEGL, Kind.ERPG, Kind.PAC, Kind.IDLH, Kind.MAC, Kind.TWA, Kind.STEL)
_OWN_TIME = frozenset({Kind.ERPG, Kind.PAC, Kind.IDLH, Kind.MAC, Kind.TWA, Kind.STEL})


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """A substance with its levels at an exposure time and the names of its unverified numbers."""

    row: SubstanceData
    exposure_s: float
    levels: tuple[LevelAt, ...]
    unverified: tuple[str, ...]
    verified_count: int


def levels_at(row: SubstanceData, exposure_s: float = HOUR_S) -> tuple[LevelAt, ...]:
    """All levels: AEGL for the exposure asked for, the others at the time they are made for."""
    found = []
    for kind in ORDER:
        own = [level.exposure_s for level in row.levels if level.kind is kind]
        time_s = (own[0] or exposure_s) if kind in _OWN_TIME and own else exposure_s
        found += [row.level(level, time_s, kind=kind) for level in (1, 2, 3)]
    return tuple(level for level in found if level is not None)


def unverified(row: SubstanceData) -> tuple[str, ...]:
    """Names of the numbers, laws and levels that stand on fewer than two independent sources."""
    numbers = [name for name, found in row.numbers.items() if not found.verified]
    laws = [name for name, law in row.laws.items() if not law.verified]
    levels = [
        f"{level.kind.value}-{level.level}" + (f" {level.exposure_s / 60:g} min" if level.exposure_s else "")
        for level in row.levels
        if not level.printed.verified
    ]
    return (*numbers, *laws, *levels)


def overview(row: SubstanceData, exposure_s: float = HOUR_S) -> Overview:
    """One substance at an exposure time. Raises SolverError for an exposure that is not positive."""
    open_names = unverified(row)
    total = len(row.numbers) + len(row.laws) + len(row.levels)
    return Overview(
        row=row,
        exposure_s=exposure_s,
        levels=levels_at(row, exposure_s),
        unverified=open_names,
        verified_count=total - len(open_names),
    )


def overviews(exposure_s: float = HOUR_S) -> tuple[Overview, ...]:
    """All substances at an exposure time, by id."""
    return tuple(overview(row, exposure_s) for row in substances())
