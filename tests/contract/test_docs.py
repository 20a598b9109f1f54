"""Promises are tested: what the live objects offer stands in the documents, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
import typer.main
from apiflask import APIFlask

from twin.live.settings import Settings, load_settings
from web.app import create_app
from web.cli import app as command_line
from web.commands import exits
from web.errors import ANSWERS, HTTP_CODES
from web.i18n import catalogue
from web.metrics import METRICS

DOCS = Path(__file__).resolve().parents[2] / "docs"
LIMIT_PATTERN = re.compile(r"`([^`]+)`")


def cells(document: str, column: int) -> list[str]:
    """Cells of one column of all tables of a document."""
    rows = [
        line for line in (DOCS / document).read_text(encoding="utf-8").splitlines() if line.startswith("|")
    ]
    return [re.split(r"(?<!\\)\|", row)[column + 1].strip() for row in rows if not set(row) <= set("|- ")]


@pytest.fixture
def app(tmp_path: Path) -> APIFlask:
    return create_app(load_settings(data_dir=tmp_path))


def routes(app: APIFlask) -> set[str]:
    found = {rule.rule for rule in app.url_map.iter_rules()}
    return {re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule) for rule in found}


def test_every_address_is_documented(app: APIFlask) -> None:
    documented = {cell.strip("`") for cell in cells("api.md", 0) if cell.startswith("`/")}
    assert documented == routes(app)


def test_every_address_of_the_wire_contract_is_served(app: APIFlask) -> None:
    text = (DOCS / "wire.md").read_text(encoding="utf-8").split("Errors have one shape")[0]
    promised = {path.split("?")[0] for path in re.findall(r"`GET (/[^`]*)`", text)}
    patterns = [re.compile(re.sub(r"\{\w+\}", "[^/]+", route.replace(".", r"\."))) for route in routes(app)]
    assert promised
    for path in promised:
        asked = re.sub(r"<(\w+)>", r"\1", path)
        assert any(pattern.fullmatch(asked) for pattern in patterns), path


def test_every_query_parameter_is_documented(app: APIFlask) -> None:
    rows = dict(zip((cell.strip("`") for cell in cells("api.md", 0)), cells("api.md", 1), strict=True))
    spec = app.spec
    assert isinstance(spec, dict)
    for path, operations in spec["paths"].items():
        for operation in operations.values():
            for parameter in operation["parameters"]:
                if parameter["in"] == "query":
                    assert f"`{parameter['name']}`" in rows[path], (path, parameter["name"])


def test_every_error_code_is_documented() -> None:
    rows: dict[int, set[str]] = {}
    for statuses, codes in zip(cells("api.md", 0), cells("api.md", 1), strict=True):
        if re.fullmatch(r"[\d, ]+", statuses):
            for status in statuses.split(","):
                rows.setdefault(int(status), set()).update(LIMIT_PATTERN.findall(codes))
    for answer in ANSWERS.values():
        assert answer.code in rows[answer.status]
    for status, (code, _) in HTTP_CODES.items():
        assert code in rows[status]


def commands(group: click.Command, prefix: str) -> dict[str, click.Command]:
    if not hasattr(group, "commands"):
        return {prefix: group}
    found: dict[str, click.Command] = {}
    for name, child in group.commands.items():
        found |= commands(child, f"{prefix} {name}")
    return found


def all_commands() -> dict[str, click.Command]:
    return commands(typer.main.get_command(command_line), "park-twin")


def test_every_command_is_documented() -> None:
    documented = {cell.strip("`") for cell in cells("cli.md", 0) if cell.startswith("`park-twin")}
    assert documented == set(all_commands())


def test_every_option_is_documented() -> None:
    text = (DOCS / "cli.md").read_text(encoding="utf-8")
    for name, command in all_commands().items():
        for parameter in command.params:
            for option in (*parameter.opts, *parameter.secondary_opts):
                if option.startswith("--") and option != "--help":
                    assert option in text, (name, option)


def test_every_command_says_what_it_does_in_both_languages() -> None:
    for name, command in all_commands().items():
        assert re.search(r"[\u4e00-\u9fff]", command.help or ""), name
        assert re.search(r"[A-Za-z]{3}", command.help or ""), name


def test_every_exit_code_is_documented() -> None:
    documented = {int(cell) for cell in cells("cli.md", 0) if cell.isdigit()}
    assert documented == {exits.OK, exits.FAILED, exits.USAGE, exits.INTERRUPTED, *exits.CODES.values()}


def test_every_metric_is_documented() -> None:
    documented = {cell.strip("`") for cell in cells("metrics.md", 0) if cell.startswith("`")}
    assert documented == set(METRICS)


def test_every_setting_is_documented() -> None:
    text = (DOCS / "settings.md").read_text(encoding="utf-8")
    for name in Settings.model_fields:
        assert f"`{name}`" in text, name


def test_texts_are_complete_in_both_languages() -> None:
    for key, texts in catalogue().items():
        assert set(texts) == {"zh", "en"}, key
        assert all(texts.values()), key
        named = [set(re.findall(r"\{(\w+)", text)) for text in texts.values()]
        assert named[0] == named[1], key


def test_every_text_that_is_said_exists() -> None:
    said = re.compile(r"\bsay\(\s*\"(\w+)\"")
    keys = catalogue()
    for path in (DOCS.parent / "web").rglob("*.py"):
        if "viewer" not in path.parts:
            for key in said.findall(path.read_text(encoding="utf-8")):
                assert key in keys, (path.name, key)
