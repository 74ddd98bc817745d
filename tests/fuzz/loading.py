"""Whatever stands in the files: they are refused with messages that name a place, or calls can be taken with them.

What is loaded is called at once, so that whatever slips by the checks shows.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

from acd.domain.errors import ConfigError, Mistake
from acd.domain.exits import Exit
from tests.fuzz.calling import live
from tests.fuzz.mutate import spoilt
from tests.fuzz.small import FILES, Small

_FLOWS = [name for name in FILES if name.startswith("ivr_flows/")]
_OTHERS = [name for name in FILES if name not in _FLOWS]


def hold(small: Small, seed: int) -> str:
    """Load a spoilt configuration. Tells what became of it."""
    chance = Random(seed)
    name = chance.choice(_FLOWS if chance.random() < 0.7 else _OTHERS)
    content = spoilt(chance, FILES[name])
    try:
        settings = small.load_with(name, content)
    except ConfigError as error:
        hold_mistakes(error.mistakes, {name: content})
        return "refused"
    for code in settings.plan.access_codes:
        _, record = live(chance, settings.plan, code)
        # The only ways in which a right flow ends badly are the engine's own: no place on the line, and the like.
        assert record is None or record.exit is not Exit.FAILED_TECHNICAL, f"{code} broke down at {record.last_node}"
    return "loaded"


def hold_mistakes(mistakes: tuple[Mistake, ...], changed: dict[str, bytes]) -> None:
    """Each mistake stands in a file, at a line and column that are there, and says something on one line."""
    assert mistakes
    lengths = {Path(name).name: len(content.split(b"\n")) for name, content in changed.items()}
    for mistake in mistakes:
        file = Path(mistake.file).name
        there = lengths.get(file) or next(
            (text.count("\n") + 1 for name, text in FILES.items() if Path(name).name == file), 1
        )
        assert 1 <= mistake.line <= there + 1, mistake
        assert mistake.column >= 1, mistake
        assert mistake.message, mistake
        assert str(mistake).isprintable(), repr(str(mistake))
        assert "Traceback" not in mistake.message
        assert len(str(mistake)) < 4000
