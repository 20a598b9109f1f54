"""Random bytes and mutated frames through session, joining, decoding and quality.

``python -m tests.bench.fuzz_lines [bytes] [frames] [seed]`` prints what came through, how much memory
grew, and how many changed numbers nobody doubted. Definition of the last: a frame of twelve gases gets one
to four digits of its values replaced; a number is *mutated* when it differs from what was sent. It is
*accepted* when the frame passes the check sum, *unmarked* when range, rate of change (against the value
of the minute before) and all other checks say nothing either.
"""

from __future__ import annotations

import random
import resource
import sys
import time
import tracemalloc
from collections import Counter
from dataclasses import dataclass, field

from sensors.contract import LineLimits
from sensors.hj212 import codec, sm4
from sensors.hj212.crc import hj212_crc
from sensors.hj212.decode import decode, factor_fields, stamp_ms
from sensors.hj212.findings import FindingTally
from sensors.hj212.frame import frame
from sensors.hj212.join import PackageJoiner, is_package
from sensors.hj212.session import Delivery, LineSession
from sensors.hj212.split import SplitTracker
from sensors.quality.stream import Lane, rule_of
from tests.sensors.line_doubles import OpenRegistry
from tests.sensors.tiny_park import make_device
from twin.core.device import Device, Edition, Factor
from twin.core.observation import Check

KEY = b"0" * 16
MN = "010000A8900016F000169DC0"
FACTORS = tuple(
    Factor(
        code=f"a{21001 + k}", quantity=f"conc:g{k}", unit="mg/m3", low=0.0, high=20.0, max_rate_per_min=2.0
    )
    for k in range(12)
)
NOW_MS = stamp_ms("20261122101502", 8) or 0
_SLICE = 65_536
_SPLIT_MS = 60_000


@dataclass
class Tally:
    """What a run has shown."""

    delivered: int = 0
    decoded: int = 0
    events: int = 0
    held_most: int = 0
    grown_bytes: int = 0
    seconds: float = 0.0
    kinds: Counter[str] = field(default_factory=Counter)


@dataclass
class Numbers:
    """Mutated numbers: all, those that the sum lets pass, those that nothing marks."""

    frames: int = 0
    mutated: int = 0
    accepted: int = 0
    unmarked: int = 0

    def share(self, count: int) -> float:
        """Share of the mutated numbers."""
        return count / self.mutated if self.mutated else 0.0


class House:
    """A line with everything behind it that does no input or output."""

    def __init__(self) -> None:
        self.device = make_device(MN, "X", "S", FACTORS, edition=Edition.HJ2025)
        registry = OpenRegistry(self._device, sm4_keys={MN: (KEY,)})
        self.splits = SplitTracker(_SPLIT_MS)
        self.findings = FindingTally()
        self.session = LineSession("fuzz", registry, LineLimits(), self.splits, self.findings)
        self.joiner = PackageJoiner()
        self.tally = Tally()

    def _device(self, mn: str) -> Device:
        return self.device if mn == MN else make_device(mn, "Y", "S", FACTORS)

    def feed(self, data: bytes, now_ms: int) -> None:
        """Bytes in; everything that follows from them is done."""
        for outcome in self.session.read(data, now_ms):
            if not isinstance(outcome, Delivery):
                self.tally.events += 1
                self.tally.kinds[outcome.kind.value] += 1
                continue
            self.tally.delivered += 1
            self._decode(outcome)
        self.tally.held_most = max(self.tally.held_most, self.session.held)

    def _decode(self, delivery: Delivery) -> None:
        message = delivery.message
        self.joiner.expire(delivery.frame.received_ms)
        joined = self.joiner.offer(delivery.frame, message) if is_package(message) else message
        if joined is not None:
            device = self._device(message.mn or "")
            self.tally.decoded += len(decode(joined, device, NOW_MS, 8.0).observations)


def random_bytes(count: int, seed: int) -> Tally:
    """``count`` random bytes, half of them from the alphabet of frames, in reads of random length."""
    dice = random.Random(seed)
    house = House()
    alphabet = b"##0123456789QN=;MNCP&&,ABCDEF-.\r\n"
    house.feed(dice.randbytes(_SLICE), 0)
    tracemalloc.start()
    before, start, fed, now_ms = tracemalloc.get_traced_memory()[0], time.process_time(), 0, 0
    while fed < count:
        data = dice.randbytes(dice.randrange(1, _SLICE))
        if dice.random() < 0.5:
            data = bytes(alphabet[byte % len(alphabet)] for byte in data[:8192])
        now_ms += dice.randrange(2_000)
        house.feed(data, now_ms)
        fed += len(data)
    house.findings.take()
    house.tally.seconds = time.process_time() - start
    house.tally.grown_bytes = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return house.tally


def values_of(dice: random.Random, before: list[float] | None = None) -> list[float]:
    """Plausible numbers, a small step from those of the minute before."""
    if before is None:
        return [dice.uniform(0.5, 15.0) for _ in FACTORS]
    return [min(max(row + dice.gauss(0.0, 0.2), 0.05), 19.0) for row in before]


def upload_of(values: list[float], k: int) -> bytes:
    """Data segment of one minute."""
    stamp = f"2026112210{k // 60 % 60:02d}{k % 60:02d}"
    rows = [
        ((f"{f.code}-Rtd", f"{v:.3f}"), (f"{f.code}-Flag", "N")) for f, v in zip(FACTORS, values, strict=True)
    ]
    groups = [(("DataTime", stamp),), *rows]
    return codec.build(
        qn=f"{stamp}{k % 1000:03d}", st="31", cn="2011", pw="123456", mn=MN, flag=9, groups=groups
    )


def corpus(dice: random.Random) -> list[bytes]:
    """Good frames of all kinds: uploads, encrypted ones, packages, logs, states."""
    rows = [upload_of(values_of(dice), k) for k in range(20)]
    rows += [
        f"QN=20261122100000{n:03d};ST=31;CN=2061;PW=1;MN={MN};Flag=11;PNUM=3;PNO={n};CP=&&"
        f"DataTime=20261122090000;a2100{n}-Min=1,a2100{n}-Avg=2,a2100{n}-Max=3,a2100{n}-Flag=N&&".encode()
        for n in (1, 2, 3)
    ]
    texts = (
        "i11001-Info=//更换液氮罐;正常//",
        "SB1-RS=1;SB2-RS=0",
        "a21001-SampleTime=20261122080000,a21001-Avg=1",
    )
    for cn, text in zip(("3020", "2021", "2013"), texts, strict=True):
        rows.append(
            f"QN=20261122100000001;ST=31;CN={cn};PW=1;MN={MN};Flag=9;CP=&&DataTime=20261122100000;{text}&&".encode()
        )
    sealed = [(sm4.encrypt(row, KEY), hj212_crc(row)) for row in rows]
    return [frame(row) for row in rows] + [b"##%04d%b%04X\r\n" % (len(s), s, c) for s, c in sealed]


def mutated(data: bytes, dice: random.Random) -> bytes:
    """A frame with one to four bytes changed, inserted, deleted, a part doubled, or cut short."""
    bad = bytearray(data)
    for _ in range(dice.randrange(1, 5)):
        at, kind = dice.randrange(len(bad)), dice.randrange(5)
        if kind == 0:
            bad[at] = dice.randrange(256)
        elif kind == 1:
            bad.insert(at, dice.choice(b"0123456789#&;=,"))
        elif kind == 2 and len(bad) > 1:
            del bad[at]
        elif kind == 3:
            bad[at:at] = bad[at : at + dice.randrange(1, 40)]
        elif kind == 4 and len(bad) > 8 and dice.random() < 0.2:
            del bad[at:]
        if not bad:
            bad += b"#"
    return bytes(bad)


def mutated_frames(count: int, seed: int) -> Tally:
    """``count`` mutated frames of all kinds down one line."""
    dice = random.Random(seed)
    house, good = House(), corpus(dice)
    for row in good:
        house.feed(row, 0)
    tracemalloc.start()
    before, start = tracemalloc.get_traced_memory()[0], time.process_time()
    for k in range(count):
        house.feed(mutated(dice.choice(good), dice), k * 100)
        if k % 500 == 0:
            house.findings.take()
    house.feed(b"", count * 100 + 10 * _SPLIT_MS)
    house.joiner.expire(2**60)
    house.findings.take()
    house.tally.seconds = time.process_time() - start
    house.tally.grown_bytes = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return house.tally


def mutated_numbers(count: int, seed: int) -> Numbers:
    """``count`` uploads with digits of their values replaced; which of them anybody doubts."""
    dice = random.Random(seed)
    rules = [rule_of(factor) for factor in FACTORS]
    device = make_device(MN, "X", "S", FACTORS, edition=Edition.HJ2025)
    found = Numbers()
    before = values_of(dice)
    for k in range(count):
        now = values_of(dice, before)
        segment = upload_of(now, k)
        bad = _digits_changed(segment, dice)
        sent, got = _texts(segment), _texts(bad)
        changed = [code for code, text in sent.items() if float(got[code]) != float(text)]
        found.frames += 1
        found.mutated += len(changed)
        if hj212_crc(bad) == hj212_crc(segment):
            found.accepted += len(changed)
            rows = {row.quantity: row for row in decode(codec.parse(bad), device, NOW_MS, 8.0).observations}
            for i, factor in enumerate(FACTORS):
                row, rule = rows[factor.quantity], rules[i]
                assert row.value is not None
                assert rule is not None
                lane = Lane()
                lane.step(rule, 0, before[i] * 1e-6)
                marks = int(row.checks & ~Check.LATE) | lane.step(rule, 60_000, row.value)
                found.unmarked += factor.code in changed and not marks
        before = now
    return found


def _texts(segment: bytes) -> dict[str, str]:
    return {code: fields["Rtd"] for code, fields in factor_fields(codec.parse(segment).groups).items()}


def _digits_changed(segment: bytes, dice: random.Random) -> bytes:
    """One to four digits of values replaced by other digits."""
    text = bytearray(segment)
    places = [
        at
        for start in _value_starts(segment)
        for at in range(start, segment.index(b",", start))
        if chr(segment[at]).isdigit()
    ]
    for at in dice.sample(places, dice.randrange(1, 5)):
        text[at] = dice.choice([digit for digit in b"0123456789" if digit != text[at]])
    return bytes(text)


def _value_starts(segment: bytes) -> list[int]:
    starts, at = [], segment.find(b"-Rtd=")
    while at >= 0:
        starts.append(at + 5)
        at = segment.find(b"-Rtd=", at + 5)
    return starts


def main() -> None:
    """Run and print."""
    given = [int(word) for word in sys.argv[1:4]]
    size, frames, seed = (given + [10_000_000, 100_000, 212][len(given) :])[:3]
    rss_before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for name, tally in (
        ("random bytes", random_bytes(size, seed)),
        ("mutated frames", mutated_frames(frames, seed)),
    ):
        print(
            f"{name}: {size if name[0] == 'r' else frames:,}; {tally.delivered:,} frames delivered, "
            f"{tally.decoded:,} values, {tally.events:,} events, at most {tally.held_most:,} bytes held, "
            f"memory grew by {tally.grown_bytes / 1024:,.0f} KiB, {tally.seconds:.0f} CPU s"
        )
    grown_mib = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - rss_before) / 1024
    print(f"peak memory grew by {grown_mib:.1f} MiB")
    numbers = mutated_numbers(frames, seed)
    print(
        f"{numbers.frames:,} frames, {numbers.mutated:,} numbers changed: "
        f"{100 * numbers.share(numbers.accepted):.3f} % pass the check sum, "
        f"{100 * numbers.share(numbers.unmarked):.3f} % bear no mark either"
    )


if __name__ == "__main__":
    main()
