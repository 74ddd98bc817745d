"""Checks what the files say about each other; here: agents, queues and prompts.

Decides what an operator's configuration must fulfil beyond each file's own shape. Works on what is right of every file,
so that one mistake does not hide another. Must not know how a plan is built; ``surroundings`` checks acd.yaml,
``line_checks`` trunks and numbers, ``calendar_checks`` calendars, ``flow_checks`` the flows.
"""

from __future__ import annotations

from collections.abc import Mapping

from acd.settings import (
    announce_checks,
    calendar_checks,
    callback_checks,
    data_checks,
    flow_checks,
    limit_checks,
    line_checks,
    matching_checks,
    pbx_checks,
    prompt_checks,
    surroundings,
)
from acd.settings.build import device_of, prefixes_of
from acd.settings.files import TrunksFile
from acd.settings.names import Names, can_serve, check_fulfilled, check_spoken, collect, refer, refer_all
from acd.settings.queue_file import QueueSection
from acd.settings.sources import Sources
from acd.settings.yaml_marks import Document, Path_


def check(sources: Sources) -> None:
    """Note every mistake in the document it stands in."""
    names = collect(sources)
    surroundings.check(sources, names)
    data_checks.check(sources)
    _check_agents(sources, names)
    _check_queues(sources, names)
    matching_checks.check_all(sources, names)
    _check_prompts(sources, names)
    prompt_checks.check(sources, names)
    line_checks.check(sources, names)
    pbx_checks.check(sources, names)
    calendar_checks.check(sources, names)
    flow_checks.check(sources, names)
    callback_checks.check(sources, names)


def _all_prefixes(trunks: TrunksFile | None) -> dict[str, str]:
    return {p: name for name in trunks.trunks for p in prefixes_of(name, trunks)} if trunks else {}


def _check_agents(sources: Sources, names: Names) -> None:
    document, model = sources.agents.document, sources.agents.model
    if model is None:
        return
    queues = sources.queues.model.queues if sources.queues.model else {}
    trunk_prefixes = _all_prefixes(sources.trunks.model)
    devices: dict[str, str] = {}
    for name, agent in model.agents.items():
        path: Path_ = ("agents", name)
        if not agent.skills and sources.agents.whole:
            document.add((*path, "skills"), "an agent without a skill can serve nobody")
        for skill in agent.skills:
            refer(document, (*path, "skills", skill), skill, names.skills, "skill", at_key=True)
        refer_all(document, (*path, "queues"), agent.queues, names.queues, "queue")
        for number, queue in enumerate(agent.queues):
            section = queues.get(queue)
            if section is not None and not can_serve(agent, queue, section.requires):
                document.add((*path, "queues", number), f"{name} has not the skills queue '{queue}' requires")
        device = device_of(name, agent)
        if device in devices:
            document.add((*path, "device"), f"{device} is already the phone of {devices[device]}")
        elif device in trunk_prefixes:
            document.add((*path, "device"), f"{device} belongs to trunk '{trunk_prefixes[device]}'")
        devices.setdefault(device, name)


def _check_queues(sources: Sources, names: Names) -> None:
    document, model = sources.queues.document, sources.queues.model
    if model is None:
        return
    languages = names.languages or frozenset()
    for name, queue in model.queues.items():
        path: Path_ = ("queues", name)
        known = [
            refer(document, (*path, "requires", skill), skill, names.skills, "skill", at_key=True)
            for skill in queue.requires
        ]
        if all(known):
            check_fulfilled(sources, document, (*path, "requires"), name, queue.requires)
        _check_overflow(document, (*path, "overflow"), queue, names)
        _check_wrap_up(document, path, queue)
        limit_checks.check(sources, names, document, path, queue)
        announce_checks.check(sources, names, document, (*path, "announce"), queue.announce)
        prompt = queue.overflow.prompt
        if prompt and refer(document, (*path, "overflow", "prompt"), prompt, names.prompts, "prompt"):
            check_spoken(sources, document, (*path, "overflow", "prompt"), prompt, sorted(languages))
    _check_overflow_cycles(document, model.queues)


def _check_wrap_up(document: Document, path: Path_, queue: QueueSection) -> None:
    longest = queue.max_wrap_up
    given: list[tuple[Path_, float | None]] = [((*path, "wrap_up"), queue.wrap_up)]
    given += [((*path, "dispositions", name, "wrap_up"), d.wrap_up) for name, d in queue.dispositions.items()]
    for where, seconds in given:
        if seconds is not None and seconds > longest:
            document.add(where, f"is longer than max_wrap_up ({longest:g}s)")


def _check_overflow(document: Document, path: Path_, queue: QueueSection, names: Names) -> None:
    overflow = queue.overflow
    for language in overflow.after_by_language:
        where = (*path, "after_by_language", language)
        refer(document, where, language, names.languages, "language", at_key=True)
    if overflow.queue is None:
        for key, given in (("drop_language", overflow.drop_language), ("prompt", overflow.prompt)):
            if given:
                document.add((*path, key), "has no effect without a queue to overflow to", at_key=True)
        return
    refer(document, (*path, "queue"), overflow.queue, names.queues, "queue")
    if overflow.after is None and not overflow.after_by_language and queue.max_length is None:
        document.add((*path, "queue"), "nobody ever overflows: `after` and `max_length` are both missing")


def _check_overflow_cycles(document: Document, queues: Mapping[str, QueueSection]) -> None:
    reported: set[str] = set()
    for start in queues:
        way = [start]
        while (section := queues.get(way[-1])) and section.overflow.queue and way[-1] not in way[:-1]:
            way.append(section.overflow.queue)
        ring = way[way.index(way[-1]) :] if way[-1] in way[:-1] else []
        if ring and not reported.intersection(ring):
            path = ("queues", ring[0], "overflow", "queue")
            document.add(path, f"overflow goes round in circles: {' > '.join(ring)}")
        reported.update(ring)


def _check_prompts(sources: Sources, names: Names) -> None:
    document, model = sources.prompts.document, sources.prompts.model
    if model is None:
        return
    for key, prompt in model.prompts.items():
        if not prompt.texts and sources.prompts.whole:
            document.add(("prompts", key), "has no text in any language")
        for language in prompt.texts:
            refer(document, ("prompts", key, language), language, names.languages, "language", at_key=True)
        for language in prompt.voices:
            where = ("prompts", key, "voices", language)
            refer(document, where, language, names.languages, "language", at_key=True)
    for key in surroundings.system_prompts(sources.acd.model):
        if names.prompts is not None and key not in names.prompts:
            document.add(
                ("prompts",),
                f"the prompt '{key}' is missing; agents hear it when they dial a feature code",
                at_key=True,
            )
