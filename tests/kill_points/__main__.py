"""Kills the real store at each place inside it: ``python -m tests.kill_points --seeds 20``. Ends with 1 at a loss."""

from __future__ import annotations

import argparse
import time
from collections import Counter

from tests.kill_points.store import empty_database, killed_everywhere

_TELL_S = 5.0


def main() -> int:
    """Run the seeds and tell."""
    parser = argparse.ArgumentParser(prog="python -m tests.kill_points", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--from", type=int, default=0, dest="first")
    asked = parser.parse_args()
    hits, lives, bad, done, told = Counter[str](), 0, 0, 0.0, time.monotonic()
    with empty_database() as template:
        for seed in range(asked.first, asked.first + asked.seeds):
            for killed, part in killed_everywhere(template, seed):
                lives, done = lives + 1, done + part
                if killed.hit:
                    hits[killed.place] += 1
                if killed.wrong:
                    bad += 1
                    print(f"seed {killed.seed}, killed at {killed.nth} {killed.place}: {killed.wrong}", flush=True)
                if time.monotonic() - told > _TELL_S:
                    told = time.monotonic()
                    print(f"store: {done / asked.seeds:.0%}, {lives} lives, {bad} with losses", flush=True)
    print(f"store: {lives} lives, killed {hits.total()} times at {len(hits)} places; {bad} with losses")
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main())
