"""The live table as an SVG, for people who read about the demonstration before they run it.

Decides the picture's width and that it asks no font of anybody. Draws what a running engine says, with the table's own
hand; ``python -m acd.demo.picture URL TOKEN_FILE > acd/demo/live-table.svg`` makes the README's.
"""

from __future__ import annotations

import asyncio
import re
import sys
from io import StringIO
from pathlib import Path

from rich.console import Console

from acd.demo.api import Api
from acd.demo.table import Json, picture

WIDTH = 124
_REMOTE_FONT = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)
_MAKER = re.compile(r"\s*<!--.*?-->", re.DOTALL)


def draw(status: Json, figures: Json, footer: str) -> str:
    """Draw the table from the API's JSON (``status`` and ``figures``); the same JSON gives the same bytes."""
    console = Console(
        record=True, width=WIDTH, file=StringIO(), force_terminal=True, color_system="truecolor", legacy_windows=False
    )
    console.print(picture(status["at"] - figures["since"], status, figures, footer))
    made = console.export_svg(title="make demo", unique_id="acd")
    made = _MAKER.sub("", _REMOTE_FONT.sub("", made)).replace("Fira Code, monospace", "monospace")
    return "\n".join(line.rstrip() for line in made.splitlines() if line.strip()) + "\n"


async def look(url: str, token: str) -> str:
    """Draw the engine at ``url`` as it is now. Raises ``DeployError`` where it does not answer."""
    async with Api(url, token) as api:
        status, figures = await api.status(), await api.figures()
    return draw(status, figures, f"metrics {url}/metrics   API {url}/api/v1/status")


if __name__ == "__main__":
    address, token_file = sys.argv[1:]
    sys.stdout.write(asyncio.run(look(address, Path(token_file).read_text(encoding="utf-8").strip())))
