"""``park-twin rules``: the rules of data quality and statistics, from JSON to JSON."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from web.commands import exits
from web.commands.json_source import JsonSource, read_json


def rules(
    file: JsonSource = None,
    check: Annotated[bool, typer.Option("--check", help="与 expect 比较 / Compare with expect")] = False,
    list_: Annotated[bool, typer.Option("--list", help="列出规则 / List the rules")] = False,
) -> None:
    """按规则计算：一例或一组 JSON 案例。 Apply data rules to one JSON case or to a set of them."""
    from sensors.rulebook.table import RULES, apply_case

    if list_:
        typer.echo("\n".join(sorted(RULES)))
        return
    asked = read_json(file)
    if isinstance(asked, dict) and "cases" not in asked:
        if not check:
            typer.echo(_text(apply_case(asked)))
            return
        asked = [asked]
    cases = asked["cases"] if isinstance(asked, dict) else asked
    if not isinstance(cases, list):
        raise _unusable(asked, "cases", "a list of cases", "案例列表")
    results = [_result(case, check=check) for case in cases]
    typer.echo(_text({"results": results}))
    if any("error" in row or row.get("ok") is False for row in results):
        raise typer.Exit(exits.FAILED)


def _result(case: Any, *, check: bool) -> dict[str, Any]:
    """Answer of one case, or its error; a bad case does not stop the others."""
    from sensors.rulebook.compare import agrees
    from sensors.rulebook.table import apply_case
    from twin.core.errors import ParkTwinError

    known = case if isinstance(case, dict) else {}
    row: dict[str, Any] = {key: known[key] for key in ("id", "rule") if key in known}
    try:
        row["output"] = apply_case(case)
    except ParkTwinError as error:
        row["error"] = {"field": error.field, "message": error.message, "message_zh": error.message_zh}
    if check:
        row["ok"] = "output" in row and agrees(row["output"], known.get("expect"))
    return row


def _text(body: Any) -> str:
    return json.dumps(body, ensure_ascii=False, allow_nan=False)


def _unusable(found: object, field: str, expected: str, expected_zh: str) -> Exception:
    from twin.core.errors import BadRequestError

    shown = str(found)[:200]
    return BadRequestError(
        f"{field}: {shown}; expected {expected}",
        message_zh=f"{field}：{shown}；应为{expected_zh}",
        field=field,
        value=shown,
    )
