"""What a running Asterisk lacks to serve the engine, in plain words.

Decides what counts as missing and what to do about it. Must not know how the questions travel (acd.deploy.live).
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from acd.deploy.check_sounds import Sounds, music, prompts
from acd.deploy.finding import Finding, missing, note
from acd.deploy.live import LivePbx, read_config
from acd.deploy.modules import REQUIRED
from acd.deploy.plan import PbxPlan
from acd.deploy.toolchain import MINIMUM_ASTERISK
from acd.domain.errors import DeployError

_ENOUGH_MS = 1000
_PATIENT_MS = 100
"""Asterisk's own value."""
_SESSIONS = 100
_RELOAD = "module reload res_pjsip.so"
_READ_RIGHTS = ("system", "call")
_WRITE_RIGHTS = ("system", "call", "reporting")


def check(pbx: LivePbx, plan: PbxPlan, recordings: Path, sounds: Sounds | None = None) -> list[Finding]:
    """Look at everything the engine needs; serious findings first.

    Args:
        pbx: the running Asterisk.
        plan: what the configuration expects of it.
        recordings: the recording folder the configuration names.
        sounds: the prompts; not looked for without.
    """
    parts: tuple[Callable[[], Iterator[Finding]], ...] = (
        lambda: _ari(pbx, plan),
        lambda: _ami(pbx),
        lambda: _modules(pbx),
        lambda: _dialplan(pbx, plan),
        lambda: _ways_out(pbx, plan),
        lambda: _endpoints(pbx, plan),
        lambda: _fallback(pbx, plan),
        lambda: music(pbx, plan.music_classes),
        lambda: prompts(pbx, sounds) if sounds else iter(()),
        lambda: _settings(pbx),
        lambda: _recordings(pbx, recordings),
    )
    found: list[Finding] = []
    try:
        pbx.console("core show version")
    except DeployError as error:
        found.append(missing(str(error), "start Asterisk; run this check as root or as Asterisk's user"))
        parts = parts[:3]
    for part in parts:
        try:
            found += part()
        except DeployError as error:
            found.append(note(f"not everything could be looked at: {error}", "run it as root"))
    return sorted(found, key=lambda finding: not finding.serious)


def _ari(pbx: LivePbx, plan: PbxPlan) -> Iterator[Finding]:
    status, info = pbx.ari_get("/asterisk/info")
    where = f"{pbx.ari.bind}:{pbx.ari.port}"
    if status == 0:
        yield missing(
            f"nobody answers HTTP at {where}", "http.conf: [general] enabled=yes, bindaddr, bindport; then restart"
        )
        return
    if status in {401, 403}:
        yield missing(
            f"ARI refuses the user {pbx.ari.user}", "ari.conf: #include acd_ari.conf; the password must be the engine's"
        )
        return
    if info is None:
        yield missing(f"ARI at {where} answers with status {status}", "ari.conf: [general] enabled=yes; load res_ari")
        return
    version = str(info.get("system", {}).get("version", ""))
    number = re.match(r"\d+", version)
    if number is not None and int(number[0]) < MINIMUM_ASTERISK:
        yield missing(f"Asterisk is version {version}", f"install Asterisk {MINIMUM_ASTERISK} or later")
    name = str(info.get("config", {}).get("name", ""))
    if plan.system_name not in {"", name}:
        yield missing(
            f"the Asterisk at {where} is called '{name}': the engine does not connect to it",
            f"asterisk.conf: [options] systemname={plan.system_name}; then restart",
        )


def _ami(pbx: LivePbx) -> Iterator[Finding]:
    complaint = pbx.ami_login()
    if complaint:
        yield missing(
            f"AMI at {pbx.ami.bind}:{pbx.ami.port} does not let {pbx.ami.user} in: {complaint}",
            "manager.conf: [general] enabled=yes, bindaddr, port, and #include acd_manager.conf; then: manager reload",
        )
        return
    shown = pbx.console(f"manager show user {pbx.ami.user}")
    for kind, wanted in (("read", _READ_RIGHTS), ("write", _WRITE_RIGHTS)):
        match = re.search(rf"{kind} perm: *(\S*)", shown)
        rights = set(match[1].split(",")) if match else set()
        lacking = [right for right in wanted if right not in rights and "all" not in rights]
        if lacking:
            yield missing(
                f"the AMI user {pbx.ami.user} lacks the {kind} right{'s' * (len(lacking) > 1)} {', '.join(lacking)}",
                "manager.conf: #include acd_manager.conf; then: manager reload",
            )


def _modules(pbx: LivePbx) -> Iterator[Finding]:
    status, listed = pbx.ari_get("/asterisk/modules")
    if status != 200 or not isinstance(listed, list):  # noqa: PLR2004 - HTTP's OK
        return
    running = {str(module["name"]).removesuffix(".so") for module in listed if module.get("status") == "Running"}
    for name, purpose in sorted(REQUIRED.items()):
        if name not in running:
            yield missing(f"the module {name} is not loaded ({purpose})", f"modules.conf: load={name}.so")
    if "app_stasis_broadcast" not in running:
        yield note(
            "this Asterisk has no StasisBroadcast: a stalled engine keeps new callers waiting",
            "Asterisk 22.7, 20.17 and later have it: load app_stasis_broadcast.so and res_stasis_broadcast.so",
        )


def _dialplan(pbx: LivePbx, plan: PbxPlan) -> Iterator[Finding]:
    contexts = plan.contexts
    ours = (contexts.from_trunk, contexts.from_agents, contexts.fallback)
    for context in (*ours, contexts.from_peers) if plan.peers else ours:
        if f"Context '{context}'" not in pbx.console(f"dialplan show {context}"):
            yield missing(
                f"the dialplan has no context {context}",
                "extensions.conf: #include acd_extensions.conf; then: dialplan reload",
            )
            return
    for code in plan.access_codes:
        if "Set(ACD_FALLBACK_QUEUE=" not in pbx.console(f"dialplan show {code.exten}@{contexts.from_trunk}"):
            yield missing(
                f"the access code {code.exten} is not in {contexts.from_trunk}",
                "acd asterisk install; then: dialplan reload",
            )


def _ways_out(pbx: LivePbx, plan: PbxPlan) -> Iterator[Finding]:
    for way in plan.ways_out:
        for number in way.numbers:
            asked = {f"{number}@{way.context}": f"Dial(PJSIP/{way.dialled(number)},"}
            if plan.peers and not way.peer:
                theirs = f"{way.for_peers(number)}@{plan.contexts.from_peers}"
                asked[theirs] = f"Goto({way.context},{number},"
            for place, wanted in asked.items():
                if wanted not in pbx.console(f"dialplan show {place}"):
                    yield missing(
                        f"flows cannot hand callers to {number}: it is not in {place.partition('@')[2]}",
                        "acd asterisk install; then: dialplan reload; Dial() needs the module app_dial",
                    )


def _endpoints(pbx: LivePbx, plan: PbxPlan) -> Iterator[Finding]:
    wanted = [(trunk.endpoint, plan.contexts.from_trunk) for trunk in plan.trunks]
    wanted += [(phone.endpoint, plan.contexts.from_agents) for phone in plan.phones]
    wanted += [(peer.endpoint, plan.contexts.from_peers) for peer in plan.peers]
    absent: list[str] = []
    bypassing: list[str] = []
    for name, context in wanted:
        shown = pbx.console(f"pjsip show endpoint {name}")
        match = re.search(r"^ *context *: *(\S+)", shown, re.MULTILINE)
        if match is None:
            absent.append(name)
        elif match[1] != context:
            yield missing(
                f"the endpoint {name} is in the context {match[1]}",
                f"pjsip.conf: [{name}] context={context}; then: {_RELOAD}",
            )
        if re.search(r"^ *direct_media *: *(true|yes)", shown, re.MULTILINE):
            bypassing.append(name)
    if absent:
        yield missing(
            f"PJSIP does not know {', '.join(absent)}",
            "pjsip.conf: #include acd_pjsip.conf, which has the phones whose passwords acd.yaml names (phones:) and "
            f"the gateways of trunks.yaml; or endpoints of yours with these names; then: {_RELOAD}",
        )
    if bypassing:
        yield missing(
            f"direct_media=yes lets sound bypass Asterisk at {', '.join(bypassing)}: the re-INVITE when two parties "
            "are joined can end the call",
            f"pjsip.conf: direct_media=no in each of these endpoints (yes is Asterisk's default); then: {_RELOAD}",
        )


def _fallback(pbx: LivePbx, plan: PbxPlan) -> Iterator[Finding]:
    for queue in plan.fallback_queues:
        if not pbx.console(f"queue show {queue.name}").lstrip().startswith(f"{queue.name} has"):
            yield missing(
                f"there is no queue {queue.name}: callers hear nothing while the engine is away",
                "queues.conf: #include acd_queues.conf; then: queue reload all",
            )


def _settings(pbx: LivePbx) -> Iterator[Finding]:
    """Look at what no command shows, in the configuration files themselves."""
    match = re.search(r"Configuration directory: *(\S+)", pbx.console("core show settings"))
    etc = Path(match[1]) if match else Path("/etc/asterisk")
    patience = read_config(etc / "ari.conf").get("general", {}).get("websocket_write_timeout", "")
    if patience.isdigit() and int(patience) > _PATIENT_MS:
        yield missing(
            f"an event that nobody reads holds up a new caller for {patience} ms",
            f"ari.conf: [general] websocket_write_timeout={_PATIENT_MS}; then: module reload res_ari.so",
        )
    manager = read_config(etc / "manager.conf")
    value = manager.get(pbx.ami.user, {}).get("writetimeout")
    if value is None or not value.isdigit() or int(value) < _ENOUGH_MS:
        yield missing(
            f"a write timeout is {value or 100} ms: a pause of the engine ends its AMI connection",
            f"manager.conf: [{pbx.ami.user}] writetimeout=5000; then: manager reload",
        )
    http = read_config(etc / "http.conf").get("general", {})
    if int(http.get("sessionlimit", _SESSIONS)) < _SESSIONS:
        yield note(f"http.conf: sessionlimit={http['sessionlimit']}", f"set it to {_SESSIONS} or more")
    for name, address in (
        ("http.conf", http.get("bindaddr")),
        ("manager.conf", manager.get("general", {}).get("bindaddr")),
    ):
        if address and not _is_private(address):
            yield note(f"{name}: bindaddr={address} is open to everybody", "bind it to 127.0.0.1 or a private network")


def _is_private(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address.strip("[]"))
    except ValueError:
        return address == "localhost"
    return parsed.is_private and not parsed.is_unspecified


def _recordings(pbx: LivePbx, recordings: Path) -> Iterator[Finding]:
    shown = pbx.console("core show settings")
    match = re.search(r"Spool directory: *(\S+)", shown)
    theirs = Path(match[1]) / "recording" if match else recordings
    if theirs.resolve() != recordings.resolve():
        yield missing(
            f"Asterisk records into {theirs}, the configuration names {recordings}",
            f"acd.yaml: recordings: dir: {theirs}",
        )
        return
    owner = _process_owner(shown)
    if not theirs.is_dir():
        yield missing(
            f"the recording folder {theirs} does not exist", f"make it, owned by Asterisk's user: install -d {theirs}"
        )
        return
    folder = theirs.stat()
    if owner not in {None, 0, folder.st_uid} and not folder.st_mode & 0o022:
        yield missing(f"Asterisk's user may not write into {theirs}", f"chown it to the user with number {owner}")
    if not os.access(theirs, os.R_OK | os.X_OK):
        yield missing(
            f"this user may not read {theirs}, so recordings cannot be checked", "run the engine with Asterisk's group"
        )


def _process_owner(settings: str) -> int | None:
    """Find the number of the user Asterisk runs as; None where it cannot be seen."""
    match = re.search(r"PID file: *(\S+)", settings)
    try:
        pid = int(Path(match[1]).read_text()) if match else 0
        return Path(f"/proc/{pid}").stat().st_uid
    except (OSError, ValueError):
        return None
