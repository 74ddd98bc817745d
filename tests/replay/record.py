"""The episode kept in ``fixtures/``, as text that a review can read: events, and what was decided because of each.

After a change of decisions that is meant, make it anew and look at the difference::

    .venv/bin/python -m tests.replay.record
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson
import structlog

from acd.domain.commands import Ignored
from acd.domain.events import Event
from acd.runtime.replay import replay
from acd.store.codec import decode_event, encode
from acd.store.journal_file import open_journal
from tests.fakes.virtual_time import run
from tests.replay.episode import Episode, a_busy_morning

FIXTURE = Path(__file__).parent / "fixtures" / "busy_morning.jsonl"
ADVICE = "if the change is meant: .venv/bin/python -m tests.replay.record"


def lines(events: list[tuple[int, Event]]) -> list[str]:
    """One line for each event, and below it one for each command."""
    made = []
    for step in replay(None, events):
        made.append(f'{{"event":{encode(step.event).decode()}}}')
        made += [f'{{"command":{encode(c).decode()}}}' for c in step.commands if not isinstance(c, Ignored)]
    return made


def kept() -> list[str]:
    """The lines in the fixture."""
    return FIXTURE.read_text(encoding="utf-8").splitlines()


def events_of(text: list[str]) -> list[tuple[int, Event]]:
    """The events in such lines."""
    found = [orjson.loads(line) for line in text]
    events = [decode_event(orjson.dumps(one["event"])) for one in found if "event" in one]
    return list(enumerate(events, 1))


def main() -> None:
    """Run the episode and keep it."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with TemporaryDirectory() as folder:
        journal = Path(folder) / "journal.db"
        run(a_busy_morning(Episode(journal)))
        with open_journal(journal) as stretch:
            made = lines(list(stretch.events))
    FIXTURE.parent.mkdir(exist_ok=True)
    FIXTURE.write_text("\n".join(made) + "\n", encoding="utf-8")
    sys.stdout.write(f"{FIXTURE}: {len(made)} lines\n")


if __name__ == "__main__":
    main()
