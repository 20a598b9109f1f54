"""The book of acts and the state of the evidence."""

from __future__ import annotations

from apiflask import APIBlueprint

from twin.live.evidence_copy import newest_copy
from twin.live.evidence_key import key_id
from twin.live.verification import VERIFIED
from twin.store.acts_reader import StoredAct, acts_before
from twin.store.checkpoints import Checkpoint, LogHead, newest_checkpoints, record_counts
from web.desk import forward_as, receive
from web.reply import Operation, serve
from web.schemas.evidence import (
    ActOut,
    ActsOut,
    ActsQuery,
    CheckpointOut,
    EvidenceOut,
    EvidenceQuery,
    LogHeadOut,
    VerifiedOut,
    VerifyBody,
)
from web.services import services

evidence = APIBlueprint("evidence", __name__, url_prefix="/api/v1", tag="Evidence")


def get_acts(query: ActsQuery) -> ActsOut:
    """Book of acts: what people and the system did, newest first."""
    found = acts_before(
        services().ledger,
        before_seq=query.before,
        kind=query.kind or "",
        actor=query.actor or "",
        limit=query.limit,
    )
    more = len(found) == query.limit and found[-1].seq > 1
    return ActsOut(acts=[_act(row) for row in found], next_before=found[-1].seq if more else None)


def get_evidence(query: EvidenceQuery) -> EvidenceOut:
    """Newest checkpoints, their age, the public key, and the last verification."""
    own = services()
    with own.ledger.snapshot() as connection:
        found = newest_checkpoints(connection, query.limit)
        counts = record_counts(connection)
    verified = acts_before(own.ledger, kind=VERIFIED, limit=1)
    copied = newest_copy(own.settings.evidence_copy)
    newest = found[0] if found else None
    return EvidenceOut(
        public_key=None if newest is None else newest.key.hex(),
        key_id=None if newest is None else key_id(newest.key),
        age_s=None if newest is None else max(0.0, (own.clock.now_ms() - newest.time_ms) / 1000),
        frames_since=counts.frames - (newest.frames.size if newest else 0),
        acts_since=counts.acts - (newest.acts.size if newest else 0),
        copied_seq=None if copied is None else copied.seq,
        checkpoints=[_checkpoint(row) for row in found],
        verified=_verified(verified[0]) if verified else None,
    )


def post_verify(body: VerifyBody) -> VerifiedOut:
    """Verify chains, trees, signatures and copy now; the outcome is an act."""
    return forward_as(VerifiedOut, "evidence.verify", body.model_dump(exclude_none=True))


def _act(row: StoredAct) -> ActOut:
    return ActOut(
        seq=row.seq,
        time_ms=row.time_ms,
        kind=row.kind,
        actor=row.actor,
        body=row.body,
        body_sha256=row.body_sha256.hex(),
        hash=row.hash.hex(),
    )


def _verified(row: StoredAct) -> VerifiedOut:
    return VerifiedOut.model_validate({"time_ms": row.time_ms, "actor": row.actor, **row.body})


def _checkpoint(row: Checkpoint) -> CheckpointOut:
    return CheckpointOut(
        seq=row.seq,
        time_ms=row.time_ms,
        frames=_head(row.frames),
        acts=_head(row.acts),
        signature=row.signature.hex(),
    )


def _head(row: LogHead) -> LogHeadOut:
    return LogHeadOut(size=row.size, root=row.root.hex(), head=row.head.hex())


serve(evidence, "/acts", get_acts, Operation(gives=ActsOut, reads=ActsQuery, errors=(503,)))
serve(evidence, "/evidence", get_evidence, Operation(gives=EvidenceOut, reads=EvidenceQuery, errors=(503,)))
receive(evidence, "/evidence/verify", post_verify, Operation(gives=VerifiedOut), VerifyBody)
