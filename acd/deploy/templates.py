"""Fill the readable templates of the ``asterisk`` folder from a plan.

Decides how a plan's values become text, and nothing else: takes values, gives a mapping of file names to contents.
Templates use ``@{name}``, because ``$`` is the dialplan's own.
"""

from __future__ import annotations

import string
from pathlib import Path
from typing import TYPE_CHECKING

from acd.domain.errors import DeployError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from acd.deploy.plan import FallbackQueuePlan, PbxPlan, PbxTrunkPlan, PeerPlan, PhonePlan, UserPlan, WayOutPlan

TEMPLATES = Path(__file__).resolve().parents[2] / "asterisk"

INCLUDED = (
    "acd_extensions.conf",
    "acd_pjsip.conf",
    "acd_ari.conf",
    "acd_manager.conf",
    "acd_queues.conf",
    "acd_musiconhold.conf",
)
# Configuration that Asterisk's core looks for; with the file empty it takes its defaults without complaint.
EMPTY = (
    "acl.conf",
    "ccss.conf",
    "udptl.conf",
    "stasis.conf",
    "dsp.conf",
    "queuerules.conf",
    "websocket_client.conf",
    "pjproject.conf",
    "sorcery.conf",
    "codecs.conf",
)


PEER_CODECS = ("alaw", "ulaw")
PEER_SILENCE_S = 30
"""No sound from another Asterisk for so long: it is dead, and so is the call."""
PEER_RING_S = 120
"""Longer than any ring timeout of a queue: by then the Asterisk that called is dead."""


class _Template(string.Template):
    delimiter = "@"


def secret_text(secret: str) -> str:
    """Write a secret so that Asterisk reads back the same: a semicolon would begin a comment."""
    return secret.replace(";", "\\;")


def included_files(plan: PbxPlan, recordings: Path, moh_dir: Path, templates: Path = TEMPLATES) -> dict[str, str]:
    """Give the files that an operator includes into a running Asterisk, by name.

    Args:
        plan: what to write.
        recordings: where Asterisk keeps recordings; conversations of the fallback queue are recorded there too.
        moh_dir: where the music for waiting callers is.
        templates: the folder of the templates.
    """
    fill = _Filler(templates)
    ari, ami = plan.ari, plan.ami
    codes = "\n".join(_access_code(fill, plan, code.exten, code.fallback_queue) for code in plan.access_codes)
    files = {
        "acd_extensions.conf": fill(
            "include/acd_extensions.conf",
            access_codes=codes,
            recordings=recordings,
            peers=_from_peers(fill, plan),
            fallback_queue=next((queue.name for queue in plan.fallback_queues), ""),
            ways_out="".join(_way_out(fill, way) for way in plan.ways_out),
            **_dialplan(plan),
        ),
        "acd_pjsip.conf": fill(
            "include/acd_pjsip.conf",
            phones="\n".join(_phone(fill, plan, phone) for phone in plan.phones if phone.secret is not None),
            trunks="\n".join(_trunk(fill, plan, trunk) for trunk in plan.trunks if trunk.match)
            + "".join("\n" + _peer(fill, plan, peer) for peer in plan.peers if peer.secret is not None),
        ),
        "acd_ari.conf": fill("include/acd_ari.conf", user=ari.user, password=secret_text(ari.password)),
        "acd_manager.conf": fill(
            "include/acd_manager.conf", user=ami.user, password=secret_text(ami.password), permits=_permits(ami)
        ),
        "acd_queues.conf": fill(
            "include/acd_queues.conf", queues="\n".join(_queue(fill, plan, queue) for queue in plan.fallback_queues)
        ),
        "acd_musiconhold.conf": fill("include/acd_musiconhold.conf", moh_dir=moh_dir),
    }
    return {name: text + _extra(plan, name) for name, text in files.items()}


def instance_files(
    plan: PbxPlan, places: Mapping[str, Path], modules: list[str], templates: Path = TEMPLATES
) -> dict[str, str]:
    """Give the whole configuration of an Asterisk of its own folder, by file name.

    ``places``: ``run_dir``, ``control_dir`` (of the control socket), ``modules_dir``, ``data_dir``, ``recordings``
    and ``moh_dir``.
    ``modules``: what to load, in any order.
    """
    fill = _Filler(templates)
    low, high = plan.rtp_ports
    values: dict[str, object] = {
        **places,
        "sip_bind": plan.sip_bind,
        "sip_port": plan.sip_port,
        "ari_bind": plan.ari.bind,
        "ari_port": plan.ari.port,
        "ami_bind": plan.ami.bind,
        "ami_port": plan.ami.port,
        "rtp_start": low,
        "rtp_end": high,
        "system_name": f"systemname={plan.system_name}\n" if plan.system_name else "",
        "modules": "\n".join(f"load={module}" for module in modules),
    }
    files = dict.fromkeys(EMPTY, "; Defaults.\n")
    for path in sorted((templates / "instance").glob("*.conf")):
        files[path.name] = fill(f"instance/{path.name}", **values) + _extra(plan, path.name)
    return {**files, **included_files(plan, places["recordings"], places["moh_dir"], templates)}


class _Filler:
    """Read a template and fill it; a name without a value is this program's mistake and shows as one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, name: str, /, **values: object) -> str:
        path = self._folder / name
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise DeployError(f"The template {path} cannot be read: {error.strerror}") from error
        return _Template(text).substitute(values)


def _access_code(fill: _Filler, plan: PbxPlan, exten: str, queue: str) -> str:
    dead_man = ""
    if plan.dead_man_s:
        dead_man = fill("parts/dead_man.conf", dead_man_s=f"{plan.dead_man_s:g}", fallback_queue=queue).rstrip("\n")
    return fill(
        "parts/access_code.conf",
        exten=exten,
        fallback_queue=queue,
        dead_man=dead_man,
        **_dialplan(plan),
    )


def _way_out(fill: _Filler, way: WayOutPlan) -> str:
    numbers = "".join(fill("parts/number_outside.conf", number=n, dialled=way.dialled(n)) for n in way.numbers)
    return f"\n[{way.context}]\n{numbers}"


def _dialplan(plan: PbxPlan) -> dict[str, object]:
    contexts = plan.contexts
    return {
        "from_trunk": contexts.from_trunk,
        "from_agents": contexts.from_agents,
        "fallback": contexts.fallback,
        "left": contexts.left,
        "back": contexts.back,
        "served": contexts.served,
        "claim_timeout_ms": plan.claim_timeout_ms,
    }


def _phone(fill: _Filler, plan: PbxPlan, phone: PhonePlan) -> str:
    return fill(
        "parts/phone.conf",
        endpoint=phone.endpoint,
        secret=secret_text(phone.secret or ""),
        codecs=",".join(phone.codecs),
        dtmf_mode=phone.dtmf_mode,
        context=plan.contexts.from_agents,
        qualify_s=plan.qualify_s,
    )


def _trunk(fill: _Filler, plan: PbxPlan, trunk: PbxTrunkPlan) -> str:
    name, registration = trunk.endpoint, trunk.registration
    text = fill(
        "parts/trunk.conf",
        endpoint=name,
        context=plan.contexts.from_trunk,
        trunk_aor=f"aors={name}\n" if trunk.contact else "",
        trunk_auth=f"outbound_auth={name}\n" if registration else "",
        codecs=",".join(trunk.codecs),
        dtmf_mode=trunk.dtmf_mode,
        matches="\n".join(f"match={address}" for address in trunk.match),
    )
    if trunk.contact:
        text += fill("parts/trunk_contact.conf", endpoint=name, contact=trunk.contact, qualify_s=trunk.qualify_s)
    if registration:
        text += fill(
            "parts/trunk_registration.conf",
            endpoint=name,
            username=registration.username,
            secret=secret_text(registration.secret),
            server_uri=registration.server_uri,
            client_uri=registration.client_uri,
        )
    return text


def _peer(fill: _Filler, plan: PbxPlan, peer: PeerPlan) -> str:
    return fill(
        "parts/peer.conf",
        endpoint=peer.endpoint,
        context=plan.contexts.from_peers,
        codecs=",".join(plan.phones[0].codecs if plan.phones else PEER_CODECS),
        silence_s=PEER_SILENCE_S,
        secret=secret_text(peer.secret or ""),
        address=peer.address,
    )


def _from_peers(fill: _Filler, plan: PbxPlan) -> str:
    if not plan.peers:
        return ""
    phones = "".join(
        fill("parts/peer_phone.conf", exten=exten, device=device, ring_s=PEER_RING_S)
        for exten, device in plan.peer_phones
    )
    numbers = "".join(
        fill("parts/peer_number.conf", exten=way.for_peers(number), context=way.context, number=number)
        for way in plan.ways_out
        if not way.peer
        for number in way.numbers
    )
    return fill("parts/peers.conf", from_peers=plan.contexts.from_peers, phones=phones, numbers=numbers)


def _queue(fill: _Filler, plan: PbxPlan, queue: FallbackQueuePlan) -> str:
    return fill(
        "parts/queue.conf",
        name=queue.name,
        back=plan.contexts.back,
        served=plan.contexts.served,
        ring_timeout_s=queue.ring_timeout_s,
        wrap_up_s=queue.wrap_up_s,
        members="\n".join(f"member => PJSIP/{member},0,{member},PJSIP/{member}" for member in queue.members),
    )


def _permits(user: UserPlan) -> str:
    return "\n".join(f"permit={network}" for network in user.allow)


def _extra(plan: PbxPlan, name: str) -> str:
    return "".join(f"\n#include {path}\n" for path in plan.extra_includes.get(name, ()))
