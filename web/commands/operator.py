"""``park-twin operator``: who may act."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from twin.core.actor import Role
from web.commands.shell import ConfigOption, open_shell

app = typer.Typer(
    name="operator",
    help="操作员及其角色。 People who may act, and their roles.",
    no_args_is_help=True,
    add_completion=False,
)

NameArgument = Annotated[str, typer.Argument(help="操作员名称 / Name of a person", show_default=False)]


@app.command()
def add(
    name: NameArgument,
    role: Annotated[
        Role,
        typer.Option(
            "--role",
            help="viewer、reviewer、operator 或 engineer / What the person may do",
            show_default=False,
        ),
    ],
    config: ConfigOption = None,
) -> None:
    """登记操作员并打印一次令牌。 Enter a person and print the token, once."""
    from twin.live.operators import OPERATORS_FILE, add_operator

    shell = open_shell(config)
    token = add_operator(shell.settings.data_dir / OPERATORS_FILE, name, role)
    shell.err.print(shell.say("operator_added", name=name, role=role), markup=False, highlight=False)
    shell.out.print(token, markup=False, highlight=False, soft_wrap=True)


@app.command("list")
def list_(config: ConfigOption = None) -> None:
    """列出操作员。 List the people who may act."""
    from twin.live.operators import OPERATORS_FILE, read_operators

    shell = open_shell(config)
    table = Table()
    for key in ("operator_name", "operator_role"):
        table.add_column(shell.say(key))
    for row in read_operators(shell.settings.data_dir / OPERATORS_FILE):
        table.add_row(row.name, row.role)
    shell.out.print(table)


@app.command()
def remove(name: NameArgument, config: ConfigOption = None) -> None:
    """删除操作员；其令牌立即失效。 Strike a person out; the token is worth nothing from now on."""
    from twin.live.operators import OPERATORS_FILE, remove_operator

    shell = open_shell(config)
    remove_operator(shell.settings.data_dir / OPERATORS_FILE, name)
    shell.err.print(shell.say("operator_removed", name=name), markup=False, highlight=False)
