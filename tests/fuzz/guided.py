"""Fuzzing led by what of the code was reached (atheris): ``python -m tests.fuzz.guided TARGET [libFuzzer's options]``.

``ari`` and ``ami`` read raw bytes off their connections, ``config`` one file of the small configuration. What must hold
is as in ``talking`` and ``loading``. A run ends at the first input that does not hold and keeps it among the temporary
files, under a name that it prints.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from random import Random

try:
    import atheris
except ImportError:  # there is no build of it for every Python and machine
    print("atheris is not here: nothing is led by what code it reaches")
    sys.exit(0)

with atheris.instrument_imports(include=["acd.telephony", "acd.settings", "panoramisk"]):
    from acd.domain.errors import ConfigError
    from tests.fuzz import talking
    from tests.fuzz.loading import hold_mistakes
    from tests.fuzz.small import FILES, Small

_SEEDS = 200
"""Inputs to begin with, of each target."""


def ari(small: Small) -> Callable[[bytes], None]:
    """Messages, one a line."""
    plan = small.load().plan
    return lambda data: _ignored(asyncio.run(talking.over_ari(plan, data.split(b"\n"), Random(0))))


def ami(small: Small) -> Callable[[bytes], None]:
    """Frames as they come off the connection."""
    plan = small.load().plan
    return lambda data: _ignored(asyncio.run(talking.over_ami(plan, data, Random(0))))


def config(small: Small) -> Callable[[bytes], None]:
    """The first byte chooses a file, the rest is its content."""
    names = sorted(FILES)

    def one(data: bytes) -> None:
        name, content = names[(data or b"\0")[0] % len(names)], data[1:]
        try:
            small.load_with(name, content)
        except ConfigError as error:
            hold_mistakes(error.mistakes, {name: content})

    return one


def _ignored(_: object) -> None:
    """What became of it does not matter here."""


def seeds(target: str) -> list[bytes]:
    """Make inputs to begin with."""
    chance = Random(7)
    if target == "config":
        names = sorted(FILES)
        return [bytes([at]) + FILES[name].encode() for at, name in enumerate(names)]
    if target == "ari":
        whole = [json.dumps(event).encode() for event in talking.EVENTS]
        return [b"\n".join(chance.sample(whole, 6)) for _ in range(_SEEDS)]
    frames = [frame.encode() + b"\r\n\r\n" for frame in talking.FRAMES]
    return [b"".join(chance.sample(frames, 6)) for _ in range(_SEEDS)]


TARGETS: dict[str, Callable[[Small], Callable[[bytes], None]]] = {"ari": ari, "ami": ami, "config": config}


def main() -> None:
    """Run one target; the options are libFuzzer's."""
    target, *options = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        small = Small(Path(folder))
        corpus = Path(folder) / "corpus"
        corpus.mkdir()
        for number, data in enumerate(seeds(target)):
            (corpus / str(number)).write_bytes(data)
        kept = f"-artifact_prefix={tempfile.gettempdir()}/acd-fuzz-{target}-"
        atheris.Setup([sys.argv[0], "-max_len=8192", "-timeout=10", "-rss_limit_mb=2048", kept, *options, str(corpus)],
                      TARGETS[target](small))  # fmt: skip
        atheris.Fuzz()


if __name__ == "__main__":
    main()
