"""Fuzzes loader, expressions, interpreter and what Asterisk says: ``python -m tests.fuzz [PART ...] --cases N``.

Case K of a part is the same at every run, so that what was found can be looked at: ``--from K --cases 1``. Ends with 1
at the first case that does not hold. A case that takes too long, or memory without end, does not hold either.
"""

from __future__ import annotations

import argparse
import resource
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.fuzz import calling, expressing, loading, talking
from tests.fuzz.small import Small

CPU_S = 10.0
"""Of one case; they take hundredths of a second."""
MEMORY = 2 * 2**30
PARTS = ("loader", "expressions", "interpreter", "ari", "ami")
_TELL_S = 5.0


class TooLong(Exception):  # noqa: N818 - says what it is
    """A case does not end."""


def _too_long(*_: object) -> None:
    raise TooLong


class Progress:
    """Counts what became of the cases, and tells from time to time."""

    def __init__(self, part: str, cases: int) -> None:
        self.part, self.cases, self.outcomes = part, cases, Counter[str]()
        self.begun = self._told = time.monotonic()

    def run(self, case: Callable[[], str]) -> None:
        """Run a case in bounded time."""
        signal.setitimer(signal.ITIMER_PROF, CPU_S)
        self.outcomes[case()] += 1
        signal.setitimer(signal.ITIMER_PROF, 0)
        if time.monotonic() - self._told > _TELL_S:
            self._told = time.monotonic()
            self.tell()

    def tell(self) -> None:
        """One line: how many, how fast, how much memory at most."""
        done = self.outcomes.total()
        speed = done / (time.monotonic() - self.begun)
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{self.part}: {done} of {self.cases} cases, {speed:.0f} a second, at most {most:.0f} MB", flush=True)

    def end(self) -> None:
        """Tell what was seen."""
        self.tell()
        for outcome, times in self.outcomes.most_common():
            print(f"  {times:8} {outcome}")


def _seeded(part: str, case: Callable[[int], str], first: int, cases: int) -> None:
    progress = Progress(part, cases)
    for seed in range(first, first + cases):
        try:
            progress.run(partial(case, seed))
        except BaseException:
            print(f"{part}: case {seed} does not hold: python -m tests.fuzz {part} --from {seed} --cases 1", flush=True)
            raise
    progress.end()


def main() -> None:
    """Run the parts named, all by default."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__.split("\n")[0])
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--cases", type=int, default=1000, metavar="N", help="of each part")
    parser.add_argument("--from", type=int, default=0, dest="first", metavar="K", help="the first case")
    wanted = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGPROF, _too_long)
    with tempfile.TemporaryDirectory() as folder:
        small = Small(Path(folder))
        for part in wanted.parts or PARTS:
            if part == "loader":
                _seeded(part, partial(loading.hold, small), wanted.first, wanted.cases)
            elif part == "expressions":
                _seeded(part, expressing.hold, wanted.first, wanted.cases)
            else:
                hold = {"interpreter": calling.hold, "ari": talking.hold_ari, "ami": talking.hold_ami}[part]
                _seeded(part, partial(hold, small.load().plan), wanted.first, wanted.cases)


if __name__ == "__main__":
    main()
