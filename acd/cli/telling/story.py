"""A contact's whole way, line by line, each with its time. Decides what is told and in which order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from acd.cli.telling import offer
from acd.cli.telling.teller import Teller
from acd.domain.decision import AtNode, Decision, InLine, OfferMade, OfferOver, SentAway, Spoke, Step
from acd.domain.exits import Exit
from acd.domain.ids import ContactId, Language
from acd.domain.record import CallRecord
from acd.engine.views import masked
from acd.ports import Explanation

INDENT = " " * 10


def tell(teller: Teller, contact_id: ContactId, record: CallRecord | None, known: Explanation) -> Iterator[str]:
    """Tell everything that is known of a contact."""
    if record is None:
        yield teller.say("running", contact=contact_id)
    else:
        yield from _head(teller, record)
    versions = {decision.plan_version for decision in known.decisions}
    versions -= {teller.names.settings.plan.version}
    for version in sorted(versions):
        yield teller.say("other_plan", version=version[:12])
    yield ""
    if record is not None:
        yield _at(teller, record.arrived_at, teller.say("arrived"))
    decisions = {decision.offer: decision for decision in known.decisions}
    steps = known.steps or tuple(OfferMade(d.at, d.offer, d.agent) for d in known.decisions)
    yield from _way(teller, steps, decisions)
    if record is not None:
        yield _at(teller, record.ended_at, _end(teller, record, steps))


def _head(teller: Teller, record: CallRecord) -> Iterator[str]:
    moment = teller.names.moment(record.arrived_at)
    yield teller.say(
        "head",
        code=record.access_code,
        day=moment.day,
        month=teller.month(moment.month),
        year=moment.year,
        time=teller.names.clock(record.arrived_at),
        zone=teller.names.settings.time_zone,
        caller=masked(record.caller) if record.caller else teller.say("hidden"),
        trunk=teller.say("trunk", trunk=record.trunk) if record.trunk is not None else "",
    )
    yield teller.say(
        f"ended.{record.exit.value}",
        agent=teller.names.agent(record.agent) if record.agent is not None else "",
        queue=teller.names.queue(record.queue) if record.queue is not None else "",
        wait=teller.lasting(record.wait_s or 0.0),
        talk=teller.lasting(record.talk_s or 0.0),
    )
    if record.offers > 1:
        yield teller.say("offers", count=record.offers)


def _way(teller: Teller, steps: tuple[Step, ...], decisions: Mapping[int, Decision]) -> Iterator[str]:
    language: Language | None = None
    line: InLine | None = None
    waiting_since = 0.0
    rung: dict[int, float] = {}
    for step in steps:
        match step:
            case AtNode(at=at, key=key):
                text = _node(teller, step, language)
                yield _at(teller, at, _after(teller, key, text))
                line = None
            case Spoke(language=spoken) if language is None:
                language = spoken  # what the flow begins with; nobody chose it
            case Spoke(at=at, language=spoken):
                language = spoken
                yield _at(teller, at, teller.say("spoke", language=teller.names.language(spoken)))
            case InLine(at=at, key=key):
                if line is None:
                    waiting_since = at
                yield _at(teller, at, _after(teller, key, _in_line(teller, line, step, at - waiting_since)))
                line = step
            case OfferMade(at=at, offer=number, agent=agent):
                rung[number] = at
                yield _at(teller, at, teller.say("rings", agent=teller.names.agent(agent)))
                if number in decisions:
                    yield from (INDENT + text for text in offer.lines(teller, decisions[number]))
            case OfferOver(at=at, offer=number, agent=agent, outcome=outcome):
                time = teller.lasting(at - rung.get(number, at))
                yield _at(teller, at, teller.say(f"over.{outcome}", agent=teller.names.agent(agent), time=time))
            case SentAway():
                pass


def _node(teller: Teller, step: AtNode, language: Language | None) -> str:
    heard = teller.names.heard(step.flow, step.node, language)
    if not heard:
        return teller.say("at", flow=step.flow, node=step.node)
    return teller.say("number" if teller.names.collects(step.flow, step.node) else "heard", text=heard)


def _in_line(teller: Teller, before: InLine | None, now: InLine, waited: float) -> str:
    level = teller.say("level", level="{level}")
    needs = teller.names.needs(now.requires, level)
    values = {"queue": teller.names.queue(now.queue), "needs": needs, "wait": teller.lasting(waited)}
    any_ = "" if needs else ".any"
    told = list(_wishes(teller, before, now, waited))
    if before is None:
        told.insert(0, teller.say(f"in_line{any_}", **values))
    elif before.queue != now.queue:
        told.insert(0, teller.say(f"moved{any_}", **values))
    elif before.requires != now.requires:
        told.insert(0, teller.say(f"relaxed{any_}", **values))
    if now.by:
        told.insert(0, teller.say("by", by=now.by))
    return " ".join(told)


def _wishes(teller: Teller, before: InLine | None, now: InLine, waited: float) -> Iterator[str]:
    """What else a contact waits for, or no longer."""
    wait = teller.lasting(waited)
    old = before if before is not None else InLine(now.at, now.queue, now.requires, now.priority)
    if old.priority != now.priority:
        yield teller.say("priority", old=old.priority, new=now.priority)
    if now.prefers and old.prefers != now.prefers:
        yield teller.say("prefers", needs=teller.names.needs(now.prefers, teller.say("level", level="{level}")))
    elif old.prefers != now.prefers:
        yield teller.say("unpreferred", wait=wait)
    if before is None and now.tier is not None:
        yield teller.say("tier", tier=now.tier)
    elif old.tier != now.tier:
        yield teller.say("tier.all" if now.tier is None else "tier.wider", wait=wait, tier=now.tier)
    if old.helpers != now.helpers and now.helpers:
        yield teller.say("helpers", wait=wait, queues=", ".join(teller.names.queue(queue) for queue in now.helpers))
    if now.named is not None and old.named != now.named:
        yield teller.say("named", agent=teller.names.agent(now.named))
    elif old.named != now.named:
        yield teller.say("named.over", wait=wait)


def _end(teller: Teller, record: CallRecord, steps: tuple[Step, ...]) -> str:
    if not any(isinstance(step, SentAway) for step in steps):
        return teller.say("caller_hung_up" if steps else "end")
    if record.exit is Exit.ANSWERED and record.agent is not None:
        return teller.say("agent_hung_up", agent=teller.names.agent(record.agent))
    return teller.say("sent_away")


def _after(teller: Teller, key: str, text: str) -> str:
    return f"{teller.say('key', key=key)} {text}" if key else text


def _at(teller: Teller, at: float, text: str) -> str:
    return f"{teller.names.clock(at)}  {text}"
