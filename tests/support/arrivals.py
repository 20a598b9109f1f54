"""Frames and observations made by hand, for tests of the ledger."""

from __future__ import annotations

import hashlib

from twin.core.observation import Check, Mark, Observation, RawFrame
from twin.core.origin import Origin
from twin.store.ledger import Arrival


def frame(
    qn: str = "1", body: str = "", *, mn: str = "M1", received_ms: int = 1_000, pno: int = 0
) -> RawFrame:
    segment = f"QN={qn};{body}".encode()
    return RawFrame(
        received_ms=received_ms,
        peer="127.0.0.1:1",
        segment=segment,
        mn=mn,
        st="22",
        cn="2011",
        qn=qn,
        pno=pno,
        sha256=hashlib.sha256(segment).hexdigest(),
    )


def value(
    time_ms: int,
    number: float | None,
    *,
    sensor: str = "W1",
    quantity: str = "wind_speed",
    interval_ms: int = 0,
    mark: Mark = Mark.NORMAL,
    checks: Check = Check.NONE,
    origin: Origin = Origin.SIMULATED,
) -> Observation:
    return Observation(
        sensor_id=sensor,
        quantity=quantity,
        time_ms=time_ms,
        interval_ms=interval_ms,
        value=number,
        raw_text="" if number is None else repr(number),
        mark=mark,
        checks=checks,
        origin=origin,
    )


def arrival(qn: str, *values: Observation, body: str = "", received_ms: int = 1_000) -> Arrival:
    return Arrival(frame=frame(qn, body, received_ms=received_ms), observations=values)
