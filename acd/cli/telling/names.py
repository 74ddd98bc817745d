"""Names for ids, times and durations for numbers. Decides how a thing is called; knows no sentence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from acd.domain.flow_talk import CollectNode, ConsentNode, MenuNode, PlayNode
from acd.domain.ids import AgentId, FlowId, Language, NodeId, QueueId, SkillId
from acd.domain.skills import SkillLevel
from acd.settings.values import Settings

LONGEST_TEXT = 70
MINUTE, HOUR = 60, 3600


@dataclass(frozen=True, slots=True)
class Names:
    """The names of a deployment as it is configured today; what it no longer knows keeps its id."""

    settings: Settings

    def agent(self, agent: AgentId) -> str:
        """An agent's name."""
        known = self.settings.plan.agents.get(agent)
        return known.name if known is not None else agent

    def queue(self, queue: QueueId) -> str:
        """A queue's name."""
        known = self.settings.plan.queues.get(queue)
        return known.name if known is not None else queue

    def skill(self, skill: SkillId) -> str:
        """What a skill is."""
        return self.settings.skills.get(skill, skill).split(";")[0]

    def language(self, language: Language) -> str:
        """A language's name."""
        return self.settings.languages.get(language, language)

    def needs(self, requires: Iterable[SkillLevel], level: str) -> str:
        """A requirement, such as ``LKPM (level 2 or more)``; empty when there is none."""
        return ", ".join(f"{self.skill(need.skill)} ({level.format(level=need.level)})" for need in requires)

    def heard(self, flow: FlowId, node: NodeId, language: Language | None) -> str:
        """The beginning of what a caller hears at a node of a flow; empty where nothing is spoken."""
        flow_plan = self.settings.plan.flows.get(flow)
        known = flow_plan.nodes.get(node) if flow_plan is not None else None
        if flow_plan is None or not isinstance(known, PlayNode | MenuNode | CollectNode | ConsentNode):
            return ""
        spoken = language if language is not None else flow_plan.languages[0]
        texts = self.settings.prompts.texts
        text = " ".join(texts.get(prompt, {}).get(spoken, prompt) for prompt in known.prompts)
        return text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT].rsplit(" ", 1)[0] + " …"

    def collects(self, flow: FlowId, node: NodeId) -> bool:
        """Whether the caller enters a number at a node."""
        flow_plan = self.settings.plan.flows.get(flow)
        return flow_plan is not None and isinstance(flow_plan.nodes.get(node), CollectNode)

    def moment(self, at: float) -> datetime:
        """A time on the site's clock."""
        return datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(self.settings.time_zone))

    def clock(self, at: float) -> str:
        """Hours, minutes and seconds on the site's clock."""
        return self.moment(at).strftime("%H:%M:%S")


def duration(seconds: float, words: tuple[str, str, str]) -> str:
    """Seconds in words such as ``1 min 5 s``; ``words`` are those for hours, minutes and seconds."""
    hours, minutes, left = words
    if seconds < 10:  # noqa: PLR2004 - tenths matter while they can be felt
        return f"{max(0.0, seconds):.1f} {left}".replace(".0 ", " ")
    whole = round(seconds)
    parts = [(whole // HOUR, hours), (whole % HOUR // MINUTE, minutes), (whole % MINUTE, left)]
    return " ".join(f"{count} {word}" for count, word in parts if count) or f"0 {left}"
