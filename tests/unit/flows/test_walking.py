"""A walk: what is typed is pressed, what is said is shown, silence passes at Enter."""

from __future__ import annotations

from acd.domain.ids import AgentId, FlowId, Language, PromptKey
from acd.flows.given import Given
from acd.flows.walking import Walking
from tests.unit.flows.conftest import Workshop
from tests.unit.flows.test_line import asking

__all__ = ["asking"]
MONDAY = 1780887600.0
"""2026-06-08 10:00 in Jakarta."""


def walk(workshop: Workshop, *typed: str, agents: tuple[str, ...] = (), play: list[str] | None = None) -> list[str]:
    """Walk the flow ``t``; gives what was shown."""
    settings = workshop.settings()
    lines, shown = list(typed), list[str]()

    def read(question: str) -> str | None:
        shown.append(question)
        return lines.pop(0) if lines else None

    def heard(key: PromptKey, language: Language) -> None:
        assert play is not None
        play.append(f"{language}/{key}")

    given = Given(MONDAY, FlowId("t"), agents=tuple(map(AgentId, agents)))
    Walking(
        settings.plan,
        given,
        settings.prompts.texts,
        read=read,
        show=shown.append,
        play=heard if play is not None else None,
    ).go()
    assert not lines
    return shown


def test_a_walk_shows_texts_places_and_the_way(workshop: Workshop) -> None:
    shown = walk(workshop, "3", "12", "", "hang up")
    assert any(line.startswith("  [id] main: Tekan 1") for line in shown)
    assert "-- t:ask (menu) [1, 2, 3, 4, *, failed, invalid, timeout]" in shown
    assert "-- t:number (collect) [next, failed]" in shown
    assert "  (4 s of silence)" in shown
    assert "-- t:wait (queue) [overflow, #]" in shown
    assert shown[-2] == "the call is over: short_abandoned"
    assert shown[-1] == "way: answer > hours > [open] ask > [3] number > wait"


def test_the_end_of_what_is_typed_hangs_up(workshop: Workshop) -> None:
    assert walk(workshop)[-2] == "the call is over: ivr_exit"


def test_an_agent_answers_and_ends_the_conversation(workshop: Workshop) -> None:
    shown = walk(workshop, "answer", "1", "answer", "vars", "end", agents=("agent101",))
    assert "  no agent's phone rings" in shown
    assert "-- talking with agent101" in shown
    assert "  nib = ''" in "".join(shown)
    assert shown[-2] == "the call is over: answered"


def test_what_is_not_understood_is_answered_with_help(workshop: Workshop) -> None:
    assert any("that is none of" in line for line in walk(workshop, "hallo", "help"))


def test_a_transfer_is_shown(workshop: Workshop) -> None:
    assert "handed to the dialplan: elsewhere/200" in walk(workshop, "4")


def test_prompts_are_played_where_that_is_asked_for(workshop: Workshop) -> None:
    played: list[str] = []
    walk(workshop, "9", play=played)
    assert played == ["id/main", "id/invalid", "id/main"]


def test_other_systems_are_answered_by_hand(asking: Workshop) -> None:
    shown = walk(asking, "stage=verifikasi days=3")
    assert "  t/ask asks GET https://api.example.go.id/v1/%2B628110000001" in shown
    assert shown[-2] == "the call is over: self_service"
    assert walk(asking, "not_found")[-1] == "way: answer > ask > [not_found] none"
