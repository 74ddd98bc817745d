"""A process that lives through a storm for ever, to be killed: writes its decisions to a file beside the journal."""

from __future__ import annotations

import logging
import sys
from itertools import count
from pathlib import Path
from random import Random
from typing import TextIO

import structlog

from tests.fakes.virtual_time import run
from tests.replay.episode import Episode, gust


async def main(journal: Path, decided: TextIO) -> None:
    """Begin, tell once how much is durable, go on."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    chance = Random(169)
    episode = Episode(journal)
    await episode.begin()
    for step in count(1):
        await gust(episode, chance)
        decided.writelines(f"{line}\n" for line in episode.lines)
        decided.flush()
        episode.lines.clear()
        if step == 100:
            durable = episode.journal.seq  # while the disk is waited for, more may happen
            await episode.journal.flush()
            sys.stdout.write(f"{durable}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    with Path(sys.argv[2]).open("w", encoding="utf-8") as file:
        run(main(Path(sys.argv[1]), file))
