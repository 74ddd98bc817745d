"""The forms of a service level that telephone systems and regulators use, side by side.

Decides how each share is made of counts; must not know where the counts come from: the simulator counts contacts, the
Erlang formulas give shares of one contact. One set of data gives figures several points apart, so the form is part of
the figure.
"""

from __future__ import annotations

from dataclasses import dataclass

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


def service_level(counts: Counts) -> float | None:
    """Answered within T over offered, blocked callers and those who left within T not counted; None without any."""
    return _share(counts.answered_in, counts.offered - counts.blocked - counts.abandoned_in)


def service_level_forms(counts: Counts) -> dict[str, float | None]:
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
    ended = counts.answered + counts.abandoned
    return {
        "of_answered": _share(counts.answered_in, counts.answered),
        "of_ended": _share(counts.answered_in, ended),
        "early_abandons_good": _share(counts.answered_in + counts.abandoned_in, ended),
        "early_abandons_ignored": _share(counts.answered_in, ended - counts.abandoned_in),
        "of_offered": _share(counts.answered_in, counts.offered),
        "permenkominfo_16_2013": _share(counts.answered_30s, ended - counts.abandoned_5s),
    }


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None
