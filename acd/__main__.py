"""The command ``acd``."""

from __future__ import annotations

import typer

from acd.cli.asterisk import app as asterisk
from acd.cli.bench import bench
from acd.cli.check import check
from acd.cli.demo import demo
from acd.cli.prompts import app as prompts
from acd.cli.replay import replay
from acd.cli.run import run
from acd.cli.schema import schema
from acd.cli.tools import app as tools

app = typer.Typer(
    help="A call-centre engine for Asterisk.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command()(run)
app.command()(check)
app.command()(schema)
app.command()(replay)
app.command()(demo)
app.command()(bench)
app.add_typer(asterisk, name="asterisk")
app.add_typer(prompts, name="prompts")
app.add_typer(tools, name="tools")


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
