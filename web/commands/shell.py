"""What every command has at hand: settings, language, and where to write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from web.i18n import Speaker

if TYPE_CHECKING:
    from twin.live.settings import Settings

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="设置文件 (TOML) / Settings file (TOML)", show_default=False),
]
SceneOption = Annotated[
    str | None,
    typer.Option("--scene", "-s", help="场景名称或文件夹 / Name or folder of a scene", show_default=False),
]
SceneArgument = Annotated[
    str | None, typer.Argument(help="场景名称或文件夹 / Name or folder of a scene", show_default=False)
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """One run of one command. Results go to ``out``, everything else to ``err``."""

    settings: Settings
    speaker: Speaker
    out: Console
    err: Console

    def say(self, key: str, **values: object) -> str:
        """Text in the user's language."""
        return self.speaker.say(key, **values)

    @contextmanager
    def progress(self) -> Iterator[Steps]:
        """A progress bar on the terminal, plain lines elsewhere."""
        bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TimeElapsedColumn(),
            console=self.err,
            transient=True,
            disable=not self.err.is_terminal,
        )
        with bar:
            yield Steps(self, bar)


class Steps:
    """Shows how far a long piece of work has come."""

    def __init__(self, shell: Shell, bar: Progress) -> None:
        self._shell, self._bar = shell, bar
        self._task = bar.add_task("", total=1.0)
        self._step = ""

    def part(self, step: str, part: float) -> None:
        """``part`` of the step is done, 0 to 1."""
        if step != self._step:
            self._step = step
            if not self._shell.err.is_terminal:
                self._shell.err.print(self._shell.say(f"step_{step}"))
        self._bar.update(self._task, description=self._shell.say(f"step_{step}"), completed=part)

    def count(self, step: str, done: int, total: int) -> None:
        """``done`` of ``total`` are done."""
        self.part(step, done / max(1, total))


def open_shell(config: Path | None = None, **told: Any) -> Shell:
    """Shell with settings from file, environment and options. Raises SettingsError."""
    from twin.live.settings import load_settings

    settings = load_settings(config, **told)
    return Shell(
        settings=settings,
        speaker=Speaker(settings.language),
        out=Console(),
        err=Console(stderr=True),
    )
