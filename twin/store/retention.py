"""How long each class of data stays, and what sees to it.

The least times are those of the seeds: HJ 212 guide 001 (5.1, 6.3.3: minutes 30 days on site; 8.2:
conditions and electricity a year), 002 (5.5.3) and 003 (13.4: operation and maintenance two years,
calibration and faults three), 004 (annex 2-2: operation records six months), 000 (the three years of
service). Raw frames, values, acts and checkpoints are evidence: no rule removes them at all, a closed
month only changes its place. The four classes of 003 (12.3) are basic, monitoring, business, management.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import sqlalchemy as sa

from twin.core.clock import DAY_MS
from twin.store import ledger_schema as t
from twin.store.archive_schema import ARCHIVED_MONTH
from twin.store.archiver import month_after, month_start
from twin.store.backup import backups
from twin.store.quarantine import HELD_MAX
from twin.store.reader import LedgerReader

DataClass = Literal["basic", "monitoring", "business", "management"]
FOR_EVER = 0

MINUTE_D, CONDITION_D, MAINTENANCE_D, CALIBRATION_D, OPERATION_D = 30, 365, 730, 1095, 183


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A class of data. ``least_d`` and ``kept_d`` in days; 0: for ever. ``setting`` "" : fixed."""

    name: str
    data_class: DataClass
    least_d: int
    kept_d: int
    setting: str
    kept_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepTimes:
    """How long the site wants to keep what it must keep for a while; days."""

    minute_d: int
    condition_d: int
    maintenance_d: int
    calibration_d: int
    operation_d: int

    @property
    def longest_d(self) -> int:
        """The longest of them."""
        return max(self.minute_d, self.condition_d, self.maintenance_d, self.calibration_d, self.operation_d)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What there is now. ``free_months`` are older than every keep time: people may hand them over."""

    frames: int
    first_ms: int | None
    archived: tuple[str, ...]
    free_months: tuple[str, ...]
    quarantined: int
    backups: int
    backups_to_go: int


def rules(keep: KeepTimes, *, results_h: float, backup_keep: int) -> tuple[Rule, ...]:
    """The table of retention."""

    def moved(name: str, least_d: int, kept_d: int, setting: str) -> Rule:
        return Rule(
            name=name,
            data_class="monitoring" if setting in ("keep_minute_d", "keep_condition_d") else "business",
            least_d=least_d,
            kept_d=kept_d,
            setting=setting,
            kept_by="moved_never_removed",
        )

    def left(name: str, least_d: int, kept_d: int, setting: str) -> Rule:
        """What ``twin.store.pruning`` takes out: its evidence stays for ever."""
        return Rule(
            name=name,
            data_class="business",
            least_d=least_d,
            kept_d=kept_d,
            setting=setting,
            kept_by="said_by_evidence",
        )

    return (
        _for_ever("scene", "basic", "files_of_the_park"),
        _for_ever("raw_frames", "monitoring", "append_only"),
        _for_ever("values", "monitoring", "versions"),
        moved("minutes", MINUTE_D, keep.minute_d, "keep_minute_d"),
        moved("conditions", CONDITION_D, keep.condition_d, "keep_condition_d"),
        moved("maintenance", MAINTENANCE_D, keep.maintenance_d, "keep_maintenance_d"),
        moved("calibration", CALIBRATION_D, keep.calibration_d, "keep_calibration_d"),
        moved("operations", OPERATION_D, keep.operation_d, "keep_operation_d"),
        left("facts", CALIBRATION_D, keep.calibration_d, "keep_calibration_d"),
        left("tallies", CALIBRATION_D, keep.calibration_d, "keep_calibration_d"),
        left("holes", OPERATION_D, keep.operation_d, "keep_operation_d"),
        left("steps", MAINTENANCE_D, keep.maintenance_d, "keep_maintenance_d"),
        _for_ever("exchanges", "business", "never_removed"),
        _for_ever("reviews", "monitoring", "never_removed"),
        _for_ever("acts", "management", "append_only"),
        _for_ever("checkpoints", "management", "append_only"),
        Rule(
            name="results",
            data_class="business",
            least_d=0,
            kept_d=max(1, round(results_h / 24)),
            setting="results_retention_h",
            kept_by="thinned",
        ),
        Rule(
            name="quarantine",
            data_class="management",
            least_d=0,
            kept_d=FOR_EVER,
            setting="",
            kept_by="newest_10000",
        ),
        Rule(
            name="packet_sums",
            data_class="management",
            least_d=0,
            kept_d=FOR_EVER,
            setting="",
            kept_by="until_passed_on",
        ),
        Rule(
            name="backups",
            data_class="management",
            least_d=7,
            kept_d=7 * backup_keep,
            setting="backup_keep",
            kept_by="newest_backups",
        ),
    )


def holding(
    reader: LedgerReader, keep: KeepTimes, backup_dir: Path, backup_keep: int, now_ms: int
) -> Holding:
    """What is kept now and what would go. Raises ServiceUnavailableError when there is no ledger."""
    span = reader.span()
    with reader.snapshot() as connection:
        months = tuple(
            connection.execute(sa.select(ARCHIVED_MONTH.c.month).order_by(ARCHIVED_MONTH.c.month)).scalars()
        )
        frames = int(connection.execute(sa.select(sa.func.count()).select_from(t.FRAME_KEY)).scalar_one())
        quarantined = int(
            connection.execute(sa.select(sa.func.count()).select_from(t.QUARANTINE)).scalar_one()
        )
    limit_ms = now_ms - keep.longest_d * DAY_MS
    copies = len(backups(backup_dir))
    return Holding(
        frames=frames,
        first_ms=span.from_ms if span else None,
        archived=months,
        free_months=tuple(month for month in months if month_start(month_after(month)) <= limit_ms),
        quarantined=min(quarantined, HELD_MAX),
        backups=copies,
        backups_to_go=max(0, copies - backup_keep),
    )


def _for_ever(name: str, data_class: DataClass, kept_by: str) -> Rule:
    return Rule(
        name=name, data_class=data_class, least_d=FOR_EVER, kept_d=FOR_EVER, setting="", kept_by=kept_by
    )
