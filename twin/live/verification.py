"""Verifying the evidence of a park: what is trusted, where the copy is, how the outcome is told."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial

from twin.core.errors import NotFoundError
from twin.live.evidence_copy import read_copies
from twin.live.evidence_key import is_signed
from twin.live.settings import Settings
from twin.store.audit import Question, Report, audit
from twin.store.reader import LedgerReader

VERIFIED = "evidence.verified"
EVER_MS = 2**62


def verify_evidence(
    settings: Settings,
    reader: LedgerReader,
    public: bytes | None,
    *,
    now_ms: int,
    from_ms: int = 0,
    to_ms: int = EVER_MS,
) -> tuple[Report, float]:
    """Verify chains, trees, signatures and copy; the report and the seconds it took. Blocks.

    ``public``: the key to be trusted. Raises NotFoundError when there is none.
    """
    if public is None:
        raise no_key()
    started_s = time.perf_counter()
    report = audit(
        reader,
        Question(
            is_signed=partial(is_signed, public),
            copies=read_copies(settings.evidence_copy),
            now_ms=now_ms,
            from_ms=from_ms,
            to_ms=to_ms,
        ),
    )
    return report, time.perf_counter() - started_s


def told(report: Report, seconds: float) -> dict[str, object]:
    """A report as it is written down and shown."""
    findings: list[Mapping[str, object]] = [asdict(row) for row in report.findings]
    return {
        "good": report.is_good,
        "frames": report.frames,
        "acts": report.acts,
        "checkpoints": report.checkpoints,
        "copies": report.copies,
        "took_s": round(seconds, 3),
        "findings": findings,
    }


def no_key() -> NotFoundError:
    """The error of a park that has no key yet."""
    return NotFoundError(
        "there is no evidence key yet; ingest makes it at its first start",
        message_zh="尚无存证密钥；采集进程首次启动时生成",
        field="evidence_key",
    )
