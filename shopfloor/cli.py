"""The command line: names and flags are a contract, the work is done elsewhere."""

import sys
from typing import Annotated

import typer

from plant.errors import InputError, ShopfloorError
from shopfloor import __version__
from shopfloor.commands.boards import boards
from shopfloor.commands.experiments import experiment
from shopfloor.commands.halves import publish, twin
from shopfloor.commands.options import console
from shopfloor.commands.plant_file import check, init, schema
from shopfloor.commands.recording import backup, replay, report
from shopfloor.commands.run import demo, run
from shopfloor.commands.simulation import dataset, simulate
from shopfloor.commands.stack import doctor, prepare

COMMANDS = (
    demo, run, publish, twin,
    simulate, dataset, experiment,
    init, check, schema,
    replay, report, backup,
    doctor, prepare,
)  # fmt: skip
"""The commands in the order of the help, each called like its function."""

app = typer.Typer(
    name="shopfloor",
    help="Simulated machine-building lines on the wire, and a digital twin that understands them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode="rich",
    epilog="Add --debug to any command for a traceback when something goes wrong.",
)
app.add_typer(boards, name="dashboards")
for _command in COMMANDS:
    app.command()(_command)


def _version(wanted: bool) -> None:  # noqa: FBT001 typer calls it so
    if wanted:
        console.print(f"shopfloor {__version__}", highlight=False)
        raise typer.Exit


@app.callback()
def _root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and end.")
    ] = False,
) -> None:
    """Simulated machine-building lines on the wire, and a digital twin that understands them."""


def main() -> None:
    """Entry point: errors are one line for people; wrong input ends with status 2, a failure with 1."""
    debug = "--debug" in sys.argv
    sys.argv = [argument for argument in sys.argv if argument != "--debug"]
    try:
        app(prog_name="shopfloor")
    except ShopfloorError as error:
        if debug:
            raise
        sys.stderr.write(f"{error}\n")
        sys.exit(2 if isinstance(error, InputError) else 1)
    except KeyboardInterrupt:
        sys.exit(130)
