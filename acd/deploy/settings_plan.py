"""From a deployment's settings to what Asterisk is told.

Must not know the syntax of the operator's files, nor Asterisk's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from acd.deploy.plan import (
    AccessCodePlan,
    ContextsPlan,
    DtmfMode,
    FallbackQueuePlan,
    PbxPlan,
    PbxTrunkPlan,
    PhonePlan,
    RegistrationPlan,
    UserPlan,
    WayOutPlan,
)
from acd.domain.errors import DeployError
from acd.domain.flow import TransferNode
from acd.settings.values import WAY_OUT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from acd.domain.ids import AgentId
    from acd.settings.values import Gateway, Settings

_PJSIP = "PJSIP/"
FALLBACK_QUEUE = "acd-fallback"


def pbx_plan(settings: Settings, *, moh_dir: Path | None = None) -> PbxPlan:
    """Make the plan of Asterisk's files from settings that were loaded with their secrets.

    Agents whose device is no PJSIP endpoint, or who have no password, keep the phone the operator gave them.

    Raises:
        DeployError: a value cannot stand in Asterisk's configuration.
    """
    pbx, plan = settings.pbx, settings.plan
    endpoints = {
        agent.id: agent.device.removeprefix(_PJSIP) for agent in plan.agents.values() if agent.device.startswith(_PJSIP)
    }
    members = tuple(endpoints[agent] for agent in pbx.fallback_agents if agent in endpoints)
    return PbxPlan(
        phones=tuple(_phone(settings, agent, endpoint) for agent, endpoint in endpoints.items()),
        trunks=(*(_trunk(gateway) for gateway in pbx.gateways), *_own_trunks(settings)),
        access_codes=tuple(AccessCodePlan(code.code, FALLBACK_QUEUE) for code in plan.access_codes.values()),
        fallback_queues=(FallbackQueuePlan(FALLBACK_QUEUE, members),),
        ari=_ari(settings),
        ami=UserPlan(settings.ami.user, settings.ami.password.reveal(), settings.ami.port, settings.ami.host),
        sip_port=pbx.sip_port,
        sip_bind=pbx.sip_bind,
        rtp_ports=pbx.rtp_ports,
        moh_dir=moh_dir,
        dead_man_s=pbx.dead_man_s,
        contexts=ContextsPlan(pbx.context_from_trunk, pbx.context_from_agents, pbx.context_fallback),
        music_classes=tuple(sorted({queue.music for queue in plan.queues.values()})),
        ways_out=_ways_out(settings),
    )


def _ways_out(settings: Settings) -> tuple[WayOutPlan, ...]:
    """Gather the numbers outside that flows hand callers to, by the endpoint that calls them."""
    nodes = (node for flow in settings.plan.flows.values() for node in flow.nodes.values())
    found: dict[str, set[str]] = {}
    for node in nodes:
        if isinstance(node, TransferNode) and node.context.startswith(WAY_OUT):
            found.setdefault(node.context, set()).add(node.extension)
    return tuple(
        WayOutPlan(context, context.removeprefix(WAY_OUT), tuple(sorted(numbers)))
        for context, numbers in sorted(found.items())
    )


def _phone(settings: Settings, agent: AgentId, endpoint: str) -> PhonePlan:
    pbx = settings.pbx
    secret = pbx.phone_passwords.get(agent)
    revealed = secret.reveal() if secret else None
    return PhonePlan(endpoint, revealed, pbx.phone_codecs, cast("DtmfMode", pbx.phone_dtmf_mode))


def _trunk(gateway: Gateway) -> PbxTrunkPlan:
    given = gateway.registration
    registration = None
    if given is not None:
        registration = RegistrationPlan(given.server_uri, given.client_uri, given.user, given.password.reveal())
    return PbxTrunkPlan(
        endpoint=gateway.name,
        match=gateway.match,
        contact=gateway.contact,
        registration=registration,
        codecs=gateway.codecs,
        dtmf_mode=cast("DtmfMode", gateway.dtmf_mode),
    )


def _own_trunks(settings: Settings) -> Iterator[PbxTrunkPlan]:
    """Give the operator's own PJSIP endpoints, which trunks name by their channels' prefix."""
    written = {gateway.name for gateway in settings.pbx.gateways}
    for trunk in settings.plan.trunks.values():
        for prefix in trunk.channel_prefixes:
            endpoint = prefix.removeprefix(_PJSIP)
            if endpoint not in {prefix, *written}:
                yield PbxTrunkPlan(endpoint, match=())


def _ari(settings: Settings) -> UserPlan:
    ari = settings.ari
    address = urlsplit(ari.url)
    if address.hostname is None:
        raise DeployError(f"ARI's address {ari.url} names no host")
    return UserPlan(ari.user, ari.password.reveal(), address.port or 80, address.hostname)
