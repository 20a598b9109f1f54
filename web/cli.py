"""``park-twin``: the command line. Nothing heavy is loaded before a command needs it."""

from __future__ import annotations

import sys

import typer
from rich.console import Console

from twin.core.errors import ParkTwinError
from web.commands import exits
from web.commands.air import app as air
from web.commands.doctor import doctor
from web.commands.evidence import app as evidence
from web.commands.export import export
from web.commands.hj212 import app as hj212
from web.commands.operator import app as operator
from web.commands.processes import ingest, serve, worker
from web.commands.rebuild import rebuild
from web.commands.replay import replay
from web.commands.rules import rules
from web.commands.run import run
from web.commands.scene import app as scene
from web.commands.simulate import simulate
from web.commands.store import app as store
from web.commands.upload import upload
from web.commands.version import version
from web.commands.water import app as water
from web.commands.weather import app as weather
from web.i18n import Language, language_of_environment

app = typer.Typer(
    name="park-twin",
    help="化工园区数字孪生。 Digital twin of a chemical park.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(run)
app.add_typer(scene, name="scene")
app.add_typer(operator, name="operator")
app.add_typer(evidence, name="evidence")
app.command()(simulate)
app.command()(serve)
app.command()(ingest)
app.command(hidden=True)(worker)
app.command()(replay)
app.command()(rules)
app.command()(export)
app.add_typer(weather, name="weather")
app.add_typer(air, name="air")
app.add_typer(water, name="water")
app.command()(upload)
app.add_typer(hj212, name="hj212")
store.command()(rebuild)
app.add_typer(store, name="store")
app.command()(doctor)
app.command()(version)


def main() -> None:
    """Run a command; errors of ours become one plain line and an exit code."""
    try:
        app()
    except ParkTwinError as error:
        exits.tell(error, spoken_language(), Console(stderr=True, soft_wrap=True))
        sys.exit(exits.code_of(error))
    except KeyboardInterrupt:
        sys.exit(exits.INTERRUPTED)


def spoken_language() -> Language:
    """Language of the settings; of the environment when the settings themselves are the error."""
    from twin.live.settings import load_settings

    try:
        return load_settings().language
    except ParkTwinError:
        return language_of_environment()


if __name__ == "__main__":
    main()
