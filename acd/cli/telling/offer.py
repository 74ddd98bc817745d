"""Why an agent was rung for a contact, and the others were not. Decides what of a decision a person needs to read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from acd.cli.telling.teller import Teller
from acd.domain.decision import Ahead, Decision, Passed, RankValue
from acd.domain.ids import AgentId

NAMED = 6
"""Names in one line; the rest are counted."""
NEXT = 3


def lines(teller: Teller, decision: Decision) -> Iterator[str]:
    """Explain one offer, line by line."""
    agent = teller.names.agent(decision.agent)
    yield teller.say(f"because.{decision.trigger}", agent=agent)
    yield _choice(teller, decision, agent)
    if decision.best is not None and decision.best != decision.agent:
        yield teller.say("disputed", agent=teller.names.agent(decision.best))
    others = [candidate.agent for candidate in decision.candidates if candidate.agent != decision.agent]
    if len(others) > 1:
        yield teller.say("next", agents=_names(teller, others[:NEXT], decision.candidates_count - 1))
    for passed in decision.passed:
        named = _names(teller, passed.agents[:NAMED], passed.count)
        yield teller.say("passed", agents=named, reason=_why(teller, passed))
    yield from _line(teller, decision, agent)


def _choice(teller: Teller, decision: Decision, agent: str) -> str:
    if len(decision.candidates) <= 1:
        return teller.say("only", agent=agent)
    mine, theirs = decision.candidates[0].rank, decision.candidates[1].rank
    pairs = zip(decision.rank_names, mine, theirs, strict=False)
    part, one, two = next((pair for pair in pairs if pair[1] != pair[2]), ("", 0, 0))
    key = f"by.{part}" if teller.knows(f"by.{part}") else "by.other"
    reason = teller.say(
        key,
        other=teller.names.agent(decision.candidates[1].agent),
        mine=_value(teller, decision, part, one),
        theirs=_value(teller, decision, part, two),
        policy=decision.policy,
    )
    first = teller.say("first", agent=agent, count=decision.candidates_count, reason=reason)
    rule = f"policy.{decision.policy}"
    return f"{first} {teller.say('rule', policy=teller.say(rule))}" if teller.knows(rule) else first


def _value(teller: Teller, decision: Decision, part: str, value: RankValue) -> str:
    """Show one number of a rank; what is better when it is more stands there with its sign turned."""
    if isinstance(value, str):
        return teller.names.agent(AgentId(value))
    if part == "idle_since":
        return teller.lasting(decision.at - value)
    return f"{value:.0%}" if part == "occupancy" else f"{abs(value):g}"


def _why(teller: Teller, why: Passed) -> str:
    if why.reason == "named_other":
        return teller.say("why.named_other", other=teller.names.agent(AgentId(why.detail)))
    key = f"why.{why.reason}"
    if why.reason == "lacks_skill" and not why.has:
        key += ".none"
    if why.later_s is not None:
        key += ".later"
    later = teller.lasting(why.later_s or 0.0)
    skill = teller.names.skill(why.skill) if why.skill is not None else ""
    return teller.say(key, detail=why.detail, skill=skill, has=why.has, needs=why.needs, later=later)


def _line(teller: Teller, decision: Decision, agent: str) -> Iterator[str]:
    if not decision.ahead_count:
        if decision.behind_count:
            yield teller.say("first_in_line")
        return
    for ahead in decision.ahead:
        yield teller.say(
            "ahead" if ahead.count > 1 else "ahead.one",
            count=ahead.count,
            queue=teller.names.queue(ahead.queue),
            wait=teller.lasting(decision.at - ahead.oldest),
            reason=_why_ahead(teller, ahead, agent, decision.contact_policy),
        )


def _why_ahead(teller: Teller, ahead: Ahead, agent: str, policy: str) -> str:
    key = f"why_ahead.{ahead.reason}"
    if ahead.reason == "lacks_skill" and not ahead.has:
        key += ".none"
    skill = teller.names.skill(ahead.skill) if ahead.skill is not None else ""
    rule = teller.say(f"contact_policy.{policy}") if teller.knows(f"contact_policy.{policy}") else policy
    return teller.say(key, agent=agent, skill=skill, has=ahead.has, needs=ahead.needs, rule=rule)


def _names(teller: Teller, agents: Sequence[AgentId], count: int) -> str:
    names = [teller.names.agent(agent) for agent in agents]
    if count > len(names):
        return teller.say("and_more", names=", ".join(names), count=count - len(names))
    if len(names) > 1:
        return teller.say("and", first=", ".join(names[:-1]), last=names[-1])
    return "".join(names)
