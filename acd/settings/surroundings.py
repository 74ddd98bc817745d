"""Checks acd.yaml: where secrets come from, addresses, languages and what agents dial.

Decides what the engine's surroundings must fulfil beyond the file's shape. Must not read a secret.
"""

from __future__ import annotations

import ipaddress
from functools import cache
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from acd.settings.fields import quoted
from acd.settings.files import AcdFile
from acd.settings.names import Names, refer, refer_all
from acd.settings.sources import Sources
from acd.settings.structure import did_you_mean
from acd.settings.yaml_marks import Document, Path_

SYSTEM_PROMPTS = ("agent_logged_in", "agent_ready", "agent_paused", "agent_logged_out", "wrap_up_ended", "refused")
"""Prompts the engine plays by name to agents who dial a feature code."""
_PROMPTS_OF_ACTIONS = {"extend_wrap_up": "wrap_up_extended", "disposition": "disposition_kept"}
"""Further ones, where a feature code asks for what they confirm."""
_DRIVERS = ("sqlite+aiosqlite", "postgresql+asyncpg")


MIN_DEAD_MAN_S = 6.0
"""Shorter than this, callers would leave before it is noticed that AMI, by which they are kept, fell silent."""


def check(sources: Sources, names: Names) -> None:
    """Note every mistake of acd.yaml."""
    document, acd = sources.acd.document, sources.acd.model
    if acd is None:
        return
    _check_servers(document, acd)
    _check_store(document, acd)
    _check_journal(document, acd)
    check_time_zone(document, ("time_zone",), acd.time_zone)
    refer_all(document, ("fallback", "agents"), acd.fallback.agents, names.agents, "agent")
    if 0 < acd.fallback.dead_man < MIN_DEAD_MAN_S:
        document.add(("fallback", "dead_man"), f"must be {MIN_DEAD_MAN_S:g}s or more, or 0s for never")
    if acd.sip.rtp_from >= acd.sip.rtp_to:
        document.add(("sip", "rtp_to"), f"must be above rtp_from ({acd.sip.rtp_from})")
    contexts = acd.dialplan
    for key in ("from_agents", "fallback"):
        if getattr(contexts, key) == contexts.from_trunk:
            document.add(("dialplan", key), f"'{contexts.from_trunk}' is the callers' context already")
    _check_languages(sources, document, acd, names)
    _check_feature_codes(sources, document, acd, names)


def system_prompts(acd: AcdFile | None) -> tuple[str, ...]:
    """Prompts the engine plays by name, as far as this deployment can come to them."""
    used = {feature.action for feature in acd.feature_codes.values()} if acd is not None else set()
    return (*SYSTEM_PROMPTS, *(prompt for action, prompt in _PROMPTS_OF_ACTIONS.items() if action in used))


def one_of(document: Document, path: Path_, key: str, *, optional: bool = False) -> None:
    """Exactly one of ``<key>_env`` and ``<key>_file`` says where a secret comes from."""
    given = [suffix for suffix in ("env", "file") if (*path, f"{key}_{suffix}") in document.keys]
    literal = (*path, key) in document.keys  # has its own message already
    if len(given) > 1:
        document.add((*path, f"{key}_file"), f"{key}_env already says where it comes from; keep one", at_key=True)
    elif not given and not optional and not literal:
        where = document.position(path, at_key=True)
        document.add_at(where, path, f"{key}_env or {key}_file is missing: where does the secret come from?")


def check_time_zone(document: Document, path: Path_, zone: str) -> None:
    """Note a mistake unless a time zone exists."""
    if zone not in _zones():
        document.add(path, f"unknown time zone {quoted(zone)}{did_you_mean(zone, sorted(_zones()))}")


@cache
def _zones() -> frozenset[str]:
    """Time zones there are; looked up once, as that reads some hundred files."""
    return frozenset(available_timezones())


def _check_servers(document: Document, acd: AcdFile) -> None:
    single = () if acd.pbx else (("ari", acd.ari, "password"), ("ami", acd.ami, "password"))
    for name, section, key in (("api", acd.api, "tokens"), *single):
        if section is not None:
            one_of(document, (name,), key)
        elif (name,) not in document.keys:
            document.add((name,), "is missing")
    one_of(document, ("phones",), "passwords", optional=True)
    if acd.api:
        check_bind(document, ("api", "bind"), acd.api.bind)
    check_bind(document, ("sip", "bind"), acd.sip.bind)
    if acd.ari:
        check_ari_url(document, ("ari", "url"), acd.ari.url)


def check_ari_url(document: Document, path: Path_, given: str) -> None:
    """Note a mistake unless this is an address of Asterisk's HTTP server."""
    url = _split(given)
    if url is None or url[0] not in {"http", "https"} or not url[1] or url[2].strip("/"):
        document.add(path, "must be http://HOST:PORT or https://HOST:PORT, without a path")
    elif "@" in url[1]:
        document.add(path, "a user does not belong in the address; use `user`")


def _split(url: str) -> tuple[str, str, str] | None:
    """Scheme, host part and all behind it; None when it is no address."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises for a port that is none
    except ValueError:
        return None
    return parts.scheme, parts.netloc, parts.path + parts.query + parts.fragment


def check_bind(document: Document, path: Path_, bind: str) -> None:
    """Note a mistake unless a server can listen there."""
    try:
        ipaddress.ip_address(bind)
    except ValueError:
        if bind != "localhost":
            document.add(path, f"{quoted(bind)} is no address of this machine, such as 127.0.0.1 or ::")


def _check_store(document: Document, acd: AcdFile) -> None:
    store = acd.store
    given = [key for key in ("url", "url_env", "url_file") if ("store", key) in document.keys]
    if len(given) != 1 and ("store",) in document.keys:
        where = ("store", given[-1]) if given else ("store",)
        document.add(where, "needs exactly one of url, url_env and url_file", at_key=True)
    keep = store.keep_months
    if keep.records is not None and keep.decisions is not None and keep.decisions > keep.records:
        path = ("store", "keep_months", "decisions")
        document.add(path, f"decisions go with their call records, after {keep.records} months")
    if store.url is not None:
        _check_url(document, "store", store.url, _DRIVERS)


def _check_journal(document: Document, acd: AcdFile) -> None:
    journal = acd.journal
    given = [key for key in ("url", "url_env", "url_file") if ("journal", key) in document.keys]
    if len(given) > 1:
        document.add(("journal", given[-1]), "needs at most one of url, url_env and url_file", at_key=True)
    if journal.url is not None:
        _check_url(document, "journal", journal.url, _DRIVERS[1:])
    elif given and acd.store.url is not None and acd.store.url.startswith(_DRIVERS[0]):
        where = ("journal", given[0])
        document.add(where, "the store must be in the same database: two engines share its records", at_key=True)


def _check_url(document: Document, section: str, given: str, drivers: tuple[str, ...]) -> None:
    url = _split(given)
    if url is None or url[0] not in drivers:
        document.add((section, "url"), f"must begin with {' or '.join(d + '://' for d in drivers)}")
    elif ":" in url[1].rpartition("@")[0]:
        document.add((section, "url"), "a secret does not belong in this file; use url_env or url_file")


def _check_languages(sources: Sources, document: Document, acd: AcdFile, names: Names) -> None:
    if isinstance(document.value, dict) and document.value.get("languages", {}) == {}:
        document.add(("languages",), "at least one language is needed")
    agents = sources.agents.model.agents.values() if sources.agents.model and sources.agents.whole else None
    for name, section in acd.languages.items():
        path = ("languages", name, "skill")
        known = section.skill and refer(document, path, section.skill, names.skills, "skill")
        if known and agents is not None and not any(section.skill in agent.skills for agent in agents):
            document.add(path, f"no agent has the skill '{section.skill}', so nobody could serve this language")


def _check_feature_codes(sources: Sources, document: Document, acd: AcdFile, names: Names) -> None:
    numbers = sources.access_codes.model.access_codes if sources.access_codes.model else {}
    refer_all(document, ("pause_reasons",), acd.pause_reasons, frozenset(acd.pause_reasons), "reason")
    queues = sources.queues.model.queues.values() if sources.queues.model else ()
    dispositions = frozenset(name for queue in queues for name in queue.dispositions)
    does: dict[tuple[str, str | None, str | None], str] = {}
    for code, feature in acd.feature_codes.items():
        path: Path_ = ("feature_codes", code)
        if code in numbers:
            document.add(path, f"{code} is an access code as well", at_key=True)
        if feature.action == "pause" and feature.reason is None:
            document.add(path, "pause needs a reason", at_key=True)
        elif feature.action != "pause" and feature.reason is not None:
            document.add((*path, "reason"), f"only pause has a reason, not {feature.action}", at_key=True)
        elif feature.reason is not None:
            refer(document, (*path, "reason"), feature.reason, names.pause_reasons or frozenset(), "pause reason")
        if feature.by is not None and feature.action != "extend_wrap_up":
            document.add((*path, "by"), f"only extend_wrap_up has a length, not {feature.action}", at_key=True)
        if (feature.action == "disposition") != (feature.disposition is not None):
            document.add(path, "the action disposition, and only that, needs a disposition", at_key=True)
        elif feature.disposition is not None and sources.queues.whole:
            refer(document, (*path, "disposition"), feature.disposition, dispositions, "disposition")
        first = does.setdefault((feature.action, feature.reason, feature.disposition), code)
        if first != code:
            document.add(path, f"does the same as {first}", at_key=True)
