"""Files that people have sent, and the index of lidar scans: writing (as deeds) and reading."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import sqlalchemy as sa

from twin.core.errors import NotFoundError
from twin.store.reading import Reader
from twin.store.upload_schema import LIDAR_SCAN, UPLOAD

_U, _L = UPLOAD.c, LIDAR_SCAN.c


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadRow:
    """A file with who sent it and what was in it. ``seq`` 0: not written yet."""

    frame_seq: int
    mn: str
    time_ms: int
    actor: str
    filename: str
    format: str
    sha256: str
    n_rows: int
    n_good: int
    n_values: int
    analyst: str = ""
    method: str = ""
    note: str = ""
    seq: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LidarRow:
    """A lidar scan in the index; ``low`` and ``high`` in ``unit``, None where no gate has a value."""

    sha256: str
    frame_seq: int
    mn: str
    station_id: str
    origin: str
    time_ms: int
    end_ms: int
    rays: int
    gates: int
    gate_m: float
    first_gate_m: float
    quantity: str
    unit: str
    low: float | None
    high: float | None
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreUpload:
    """Deed: note a file, and the scan in it, if it is one. Gives the number of the upload."""

    row: UploadRow
    scan: LidarRow | None = None

    def apply(self, connection: sa.Connection, _now_ms: int) -> int:
        """Write both; a scan that is known stays as it is."""
        newest = sa.select(sa.func.coalesce(sa.func.max(_U.seq), 0))
        seq = int(connection.execute(newest).scalar_one()) + 1
        connection.execute(UPLOAD.insert(), asdict(self.row) | {"seq": seq})
        if self.scan is not None:
            known = sa.select(_L.sha256).where(_L.sha256 == self.scan.sha256)
            if connection.execute(known).first() is None:
                connection.execute(LIDAR_SCAN.insert(), asdict(self.scan))
        return seq


def uploads(reader: Reader, mn: str | None, limit: int) -> tuple[UploadRow, ...]:
    """Files, newest first."""
    asked = sa.select(UPLOAD).order_by(_U.seq.desc()).limit(limit)
    if mn is not None:
        asked = asked.where(_U.mn == mn)
    with reader.snapshot() as connection:
        return tuple(UploadRow(**row._mapping) for row in connection.execute(asked))


def scans(
    reader: Reader, *, mn: str | None = None, from_ms: int = 0, to_ms: int = 2**62, limit: int = 200
) -> tuple[LidarRow, ...]:
    """Scans that begin in a span, newest first."""
    asked = sa.select(LIDAR_SCAN).where(_L.time_ms >= from_ms, _L.time_ms < to_ms)
    asked = asked.order_by(_L.time_ms.desc(), _L.sha256).limit(limit)
    if mn is not None:
        asked = asked.where(_L.mn == mn)
    with reader.snapshot() as connection:
        return tuple(LidarRow(**row._mapping) for row in connection.execute(asked))


def scan(reader: Reader, sha256: str) -> LidarRow:
    """One scan of the index. Raises NotFoundError."""
    with reader.snapshot() as connection:
        row = connection.execute(sa.select(LIDAR_SCAN).where(_L.sha256 == sha256)).first()
    if row is None:
        raise NotFoundError(
            f"there is no lidar scan {sha256[:16]!r}",
            message_zh=f"没有激光雷达扫描 {sha256[:16]!r}",
            field="sha256",
            value=sha256[:64],
        )
    return LidarRow(**row._mapping)
