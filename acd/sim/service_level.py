"""The forms of a service level that telephone systems and regulators use, side by side.

Decides how each share is made of counts; must not know where the counts come from: the simulator counts contacts, the
Erlang formulas give shares of one contact. One set of data gives figures several points apart, so the form is part of
the figure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

LATE_S = 30.0
"""What Permenkominfo 16/2013 article 15 calls answered in time."""
CUT_S = 5.0
"""A caller gone within this time is left out by the same article."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts of contacts, or shares of them, of one queue or all; ``_in`` is within the target T."""

    offered: float
    blocked: float
    answered: float
    abandoned: float
    answered_in: float
    abandoned_in: float
    answered_30s: float
    abandoned_5s: float


class Counted(Protocol):
    """Anything that has these counts."""

    @property
    def offered(self) -> float:
        """Who came, the blocked included."""

    @property
    def blocked(self) -> float:
        """Refused by a full trunk."""

    @property
    def answered(self) -> float:
        """Joined with an agent."""

    @property
    def abandoned(self) -> float:
        """Gave up waiting."""

    @property
    def answered_in(self) -> float:
        """Answered within T."""

    @property
    def abandoned_in(self) -> float:
        """Gave up within T."""

    @property
    def answered_30s(self) -> float:
        """Answered within ``LATE_S``."""

    @property
    def abandoned_5s(self) -> float:
        """Gave up within ``CUT_S``."""


Sides: TypeAlias = Callable[[Counted], tuple[float, float]]
"""What is divided by what."""


def sides(counts: Counted) -> tuple[float, float]:
    """Answered within T over offered, blocked callers and those who left within T not counted."""
    return counts.answered_in, counts.offered - counts.blocked - counts.abandoned_in


def service_level(counts: Counted) -> float | None:
    """Answered within T over offered, blocked callers and those who left within T not counted; None without any."""
    return _share(*sides(counts))


FORMS: dict[str, Sides] = {
    "of_answered": lambda c: (c.answered_in, c.answered),
    "of_ended": lambda c: (c.answered_in, c.answered + c.abandoned),
    "early_abandons_good": lambda c: (c.answered_in + c.abandoned_in, c.answered + c.abandoned),
    "early_abandons_ignored": lambda c: (c.answered_in, c.answered + c.abandoned - c.abandoned_in),
    "of_offered": lambda c: (c.answered_in, c.offered),
    "permenkominfo_16_2013": lambda c: (c.answered_30s, c.answered + c.abandoned - c.abandoned_5s),
}
"""Every form by name; the table below says whose it is."""


def service_level_forms(counts: Counted) -> dict[str, float | None]:
    """Every form by name, None where its denominator is nothing.

    ========================== ============================================= ============================
    ``of_answered``            answered<=T / answered                        app_queue "SL"
    ``of_ended``               answered<=T / (answered + abandoned)          Genesys; Cisco "negative"
    ``early_abandons_good``    (answered + abandoned)<=T / (both)            app_queue "SL2"; Cisco
                                                                             "positive"; Amazon Connect
    ``early_abandons_ignored`` answered<=T / (both - abandoned<=T)           Cisco "ignored"; ours
    ``of_offered``             answered<=T / offered, blocked ones too       what callers lived through
    ``permenkominfo_16_2013``  answered<=30 s / (both - abandoned<=5 s)      Indonesia, article 15
    ========================== ============================================= ============================
    """
    return {name: _share(*form(counts)) for name, form in FORMS.items()}


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None
