"""The command ``acd``.

Only the module of the command asked for is imported: an engine that starts again after a crash has callers waiting.
"""

from __future__ import annotations

import sys
from importlib import import_module

import typer

from acd.runtime.tuning import hasten_start

COMMANDS = (
    "run",
    "drain",
    "check",
    "schema",
    "replay",
    "explain",
    "simulate",
    "staffing",
    "demo",
    "bench",
    "soak",
    "data",
)
"""Each is a function of its own name in ``acd.cli``."""
GROUPS = ("asterisk", "calendar", "db", "flow", "prompts", "tools")
"""Each is an ``app`` with commands of its own in ``acd.cli``."""


def make_app(wanted: str | None = None) -> typer.Typer:
    """Make the command line, with one command or group only where it is known which; ``acd --help`` needs all."""
    app = typer.Typer(
        help="A call-centre engine for Asterisk.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
    )
    app.callback()(_nothing)
    names = (*COMMANDS, *GROUPS)
    for name in (wanted,) if wanted in names else names:
        module = import_module(f"acd.cli.{name}")
        if name in GROUPS:
            app.add_typer(module.app, name=name)
        else:
            app.command(name)(getattr(module, name))
    return app


def _nothing() -> None:
    """A call-centre engine for Asterisk."""


def main() -> None:
    """Run the command line."""
    wanted = sys.argv[1] if len(sys.argv) > 1 else None
    if wanted == "run":
        hasten_start()
    make_app(wanted)()


if __name__ == "__main__":
    main()
