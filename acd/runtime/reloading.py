"""Loads a new version of the configuration: checked, its flows' tests run, and only then put into force.

Decides the order, that one attempt is made at a time, and that a version refused leaves the old one in force. Must not
know where files are, what is tested, or who is told of a new plan.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import structlog

from acd.domain.errors import ConfigError
from acd.ports import Clock
from acd.settings.values import Settings

log = structlog.get_logger(__name__)
SHOWN = 50
"""Mistakes of a refused version that are kept."""
Outcome: TypeAlias = Literal["loaded", "refused", "unchanged"]


@dataclass(frozen=True, slots=True)
class Loading:
    """What is in force, and what became of the latest attempt to change it. Times in seconds since the epoch, UTC."""

    version: str
    """Of the configuration in force."""
    loaded_at: float
    attempts: dict[Outcome, int]
    outcome: Outcome = "loaded"
    attempted_at: float | None = None
    mistakes: tuple[str, ...] = ()
    """Why the latest attempt was refused: ``file:line:column: path: message``, or a test of a flow that failed."""
    at_next_start: tuple[str, ...] = ()
    """Sections of acd.yaml that changed and are in force only after a restart of the engine."""
    warnings: tuple[str, ...] = ()
    """What should be looked at in the configuration in force, such as a flow that no test walks through."""


class Reloader:
    """Loads versions, one at a time.

    Args:
        load: reads and checks everything; raises ``ConfigError``. Runs in a thread.
        test: runs the tests of the flows; gives what failed. Runs in a thread.
        apply: puts it into force; gives the sections that need a restart.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        load: Callable[[], Settings],
        test: Callable[[Settings], tuple[str, ...]],
        apply: Callable[[Settings], tuple[str, ...]],
    ) -> None:
        self._load = load
        self._test = test
        self._apply = apply
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()
        self.state = Loading(
            settings.plan.version,
            clock.now(),
            {"loaded": 0, "refused": 0, "unchanged": 0},
            warnings=_warnings(settings),
        )

    async def reload(self) -> Loading:
        """Try once. Never raises for what stands in the files."""
        async with self._one_at_a_time:
            try:
                settings = await asyncio.to_thread(self._load)
            except ConfigError as error:
                return self._refused(tuple(str(mistake) for mistake in error.mistakes))
            same = settings.plan.version == self.state.version
            failed = () if same else await asyncio.to_thread(self._test, settings)
            if failed:
                return self._refused(failed)
            later = self._apply(settings)  # the same files may name secrets that changed
            self.state = replace(self.state, warnings=_warnings(settings))
            if same:
                return self._note("unchanged")
            log.info("configuration_loaded", version=settings.plan.version, at_next_start=later)
            self.state = replace(
                self.state, version=settings.plan.version, loaded_at=self._clock.now(), at_next_start=later
            )
            return self._note("loaded")

    def _refused(self, mistakes: tuple[str, ...]) -> Loading:
        log.error("configuration_refused", in_force=self.state.version, mistakes=mistakes[:SHOWN])
        return self._note("refused", mistakes[:SHOWN])

    def _note(self, outcome: Outcome, mistakes: tuple[str, ...] = ()) -> Loading:
        attempts = {**self.state.attempts, outcome: self.state.attempts[outcome] + 1}
        self.state = replace(
            self.state, attempts=attempts, outcome=outcome, attempted_at=self._clock.now(), mistakes=mistakes
        )
        return self.state


def _warnings(settings: Settings) -> tuple[str, ...]:
    return tuple(str(warning) for warning in settings.warnings[:SHOWN])
