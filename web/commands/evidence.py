"""``park-twin evidence``: verify what is kept, hand it out, name the public key."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from twin.core.errors import BadRequestError
from web.commands import exits
from web.commands.shell import ConfigOption, open_shell

_KEY_BYTES = 32

app = typer.Typer(
    name="evidence",
    help="存证：验证、导出、公钥。 Evidence: verify, export, public key.",
    no_args_is_help=True,
    add_completion=False,
)

FromOption = Annotated[
    str | None, typer.Option("--from", help="起始时间 (ISO 8601) / Start", show_default=False)
]
ToOption = Annotated[
    str | None, typer.Option("--to", help="截止时间，不含 (ISO 8601) / End, excluded", show_default=False)
]


@app.command()
def verify(
    from_: FromOption = None,
    to: ToOption = None,
    key: Annotated[
        str | None,
        typer.Option(
            "--key", help="所信任的公钥 (64 位十六进制) / Public key to be trusted", show_default=False
        ),
    ] = None,
    config: ConfigOption = None,
) -> None:
    """验证链、默克尔树、签名和副本。 Verify chains, trees, signatures and copy; exit code 1 for findings."""
    from twin.core.clock import SystemClock
    from twin.live.evidence_key import read_public_key
    from twin.live.verification import EVER_MS, verify_evidence
    from twin.store.reader import LedgerReader

    shell = open_shell(config)
    public = read_public_key(shell.settings.data_dir) if key is None else _key(key)
    report, seconds = verify_evidence(
        shell.settings,
        LedgerReader(shell.settings.ledger, shell.settings.archive),
        public,
        now_ms=SystemClock().now_ms(),
        from_ms=0 if from_ is None else _time_ms("from", from_),
        to_ms=EVER_MS if to is None else _time_ms("to", to),
    )
    for row in report.findings:
        text = row.message_zh if shell.speaker.language == "zh" else row.message
        shell.out.print(f"{row.kind}: {text}", style="red", markup=False, highlight=False, soft_wrap=True)
    shell.out.print(
        shell.say(
            "evidence_good" if report.is_good else "evidence_bad",
            frames=report.frames,
            acts=report.acts,
            checkpoints=report.checkpoints,
            copies=report.copies,
            findings=len(report.findings),
            seconds=f"{seconds:.1f}",
        ),
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
    if public is not None:
        shell.out.print(shell.say("evidence_key", public=public.hex()), highlight=False, soft_wrap=True)
    if not report.is_good:
        raise typer.Exit(exits.FAILED)


@app.command()
def export(
    out: Annotated[Path, typer.Argument(help="ZIP 文件 / ZIP file to be written", show_default=False)],
    mn: Annotated[
        str, typer.Option("--mn", help="只给此设备的报文 / Frames of this device only", show_default=False)
    ] = "",
    from_: FromOption = None,
    to: ToOption = None,
    config: ConfigOption = None,
) -> None:
    """导出报文、操作记录和证明。 Write frames, acts, proofs and a verifier; noted as an act."""
    from twin.live.local_notes import leave_note
    from twin.live.verification import EVER_MS
    from twin.store.evidence_export import Wanted, export_evidence
    from twin.store.reader import LedgerReader

    shell = open_shell(config)
    wanted = Wanted(
        from_ms=0 if from_ is None else _time_ms("from", from_),
        to_ms=EVER_MS if to is None else _time_ms("to", to),
        mn=mn,
    )
    told = export_evidence(LedgerReader(shell.settings.ledger, shell.settings.archive), wanted, out)
    shell.err.print(
        shell.say(
            "evidence_exported",
            frames=told.frames,
            acts=told.acts,
            checkpoints=told.checkpoints,
            out=out,
        ),
        markup=False,
        highlight=False,
    )
    if told.frames:
        shell.err.print(
            shell.say("evidence_holds_pw", out=out),
            style="yellow",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
    span = {"from": from_ or "", "to": to or "", "mn": mn}
    leave_note(shell.settings.data_dir, "evidence_exported", {**asdict(told), **span, "file": out.name})


@app.command()
def key(config: ConfigOption = None) -> None:
    """打印公钥；请事先公布。 Print the public key; state it to others beforehand."""
    from twin.live.evidence_key import read_public_key
    from twin.live.verification import no_key

    shell = open_shell(config)
    public = read_public_key(shell.settings.data_dir)
    if public is None:
        raise no_key()
    shell.out.print(public.hex(), highlight=False, soft_wrap=True)


def _time_ms(name: str, text: str) -> int:
    """Time of an option; without a zone it is that of this machine. Raises BadRequestError."""
    try:
        return round(datetime.fromisoformat(text).timestamp() * 1000)
    except ValueError:
        raise _bad(name, text, "an ISO 8601 time such as 2026-11-22T08:00+08:00") from None


def _key(text: str) -> bytes:
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) == _KEY_BYTES:
        return found
    expected = "64 hexadecimal digits"
    name = "key"
    raise _bad(name, text, expected)


def _bad(name: str, value: str, expected: str) -> BadRequestError:
    return BadRequestError(
        f"--{name} {value}: expected {expected}",
        message_zh=f"--{name} {value} 不可用；应为 {expected}",
        field=name,
        value=value,
    )
