"""Which names the files define, and the questions every check asks about them.

Decides that a name counts as defined when it is written down, even in an entry with a mistake of its own, and that
nothing is concluded from a file that could not be read. Must not know what refers to what.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from acd.settings.files import AgentSection
from acd.settings.sources import Sources
from acd.settings.structure import did_you_mean
from acd.settings.yaml_marks import Document, Path_, Value

Known = frozenset[str] | None
"""Names defined; None when the file that defines them could not be read."""


@dataclass(frozen=True, slots=True)
class Names:
    """What each file defines."""

    skills: Known
    queues: Known
    agents: Known
    trunks: Known
    calendars: Known
    languages: Known
    prompts: Known
    flows: Known
    pause_reasons: Known


def collect(sources: Sources) -> Names:
    """Collect the names of all files."""
    reasons = _section(sources.acd.document.value, "pause_reasons")
    return Names(
        skills=_keys(sources.skills.document, "skills"),
        queues=_keys(sources.queues.document, "queues"),
        agents=_keys(sources.agents.document, "agents"),
        trunks=_keys(sources.trunks.document, "trunks"),
        calendars=_keys(sources.calendars.document, "calendars"),
        languages=_keys(sources.acd.document, "languages") or None,
        prompts=_keys(sources.prompts.document, "prompts"),
        flows=frozenset(sources.flows),
        pause_reasons=frozenset(r for r in reasons if isinstance(r, str)) if isinstance(reasons, list) else None,
    )


def _section(value: Value | None, key: str) -> Value | None:
    return value.get(key) if isinstance(value, dict) else None


def _keys(document: Document, section: str) -> Known:
    found = _section(document.value, section)
    return frozenset(found) if isinstance(found, dict) else None


def refer(document: Document, path: Path_, word: str, known: Known, what: str, *, at_key: bool = False) -> bool:
    """Note a mistake unless ``word`` is known; tells whether it may be used for further checks."""
    if known is None:
        return False
    if word in known:
        return True
    document.add(path, f"unknown {what} '{word}'{did_you_mean(word, sorted(known))}", at_key=at_key)
    return False


def refer_all(document: Document, path: Path_, words: Iterable[str], known: Known, what: str) -> None:
    """Check a list of references, and that none stands twice."""
    seen: set[str] = set()
    for number, word in enumerate(words):
        if word in seen:
            document.add((*path, number), f"'{word}' stands twice in this list")
        elif refer(document, (*path, number), word, known, what):
            seen.add(word)


def can_serve(agent: AgentSection, queue: str, requires: Mapping[str, int]) -> bool:
    """Whether an agent has every skill required at its level, and serves the queue at all."""
    levels = all(agent.skills.get(skill, 0) >= level for skill, level in requires.items())
    return levels and (not agent.queues or queue in agent.queues)


def check_fulfilled(sources: Sources, document: Document, path: Path_, queue: str, requires: Mapping[str, int]) -> None:
    """Note a mistake when no agent can serve a queue; says nothing while the agents' file has mistakes."""
    if sources.agents.model is None or not sources.agents.whole:
        return
    if not any(can_serve(agent, queue, requires) for agent in sources.agents.model.agents.values()):
        wanted = ", ".join(f"{skill} at {level}" for skill, level in requires.items()) or "this queue"
        document.add(path, f"no agent has {wanted}")


def check_spoken(sources: Sources, document: Document, path: Path_, prompt: str, languages: Iterable[str]) -> None:
    """Note a mistake when a prompt has no text in one of the languages."""
    found = sources.prompts.model.prompts.get(prompt) if sources.prompts.model and sources.prompts.whole else None
    missing = [language for language in languages if found is not None and language not in found.texts]
    if missing:
        document.add(path, f"prompt '{prompt}' has no text in {', '.join(missing)}")
