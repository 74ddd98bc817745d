"""How the number of agents tells: the calls of ``bench`` with a thousand members and more, on both sides.

Decides what such a deployment is: agents who all have the queue's skills and are logged in from the start. Their phones
stand at a fixed address, so that nobody has to register; one SIPp answers for them all. app_queue has the same phones
as members. Must not know how calls are placed or measured.
"""

from __future__ import annotations

from dataclasses import replace

from acd.demo.bench import Bars, Load
from acd.demo.bench_sides import WISHES, including
from acd.demo.deployment import Deployment, Wishes
from acd.demo.phones import ADDRESS, Manner

MANNER = Manner(scenario="bench_phone", registered=False)
LOAD = Load(calls=200, blocks=2, rate=10.0)
BARS = {1_000: Bars(p50=1.0), 5_000: Bars(p50=0.7)}
"""How many members, and what is asked of the engine then."""
_PHONE = """[bench-phone](!)
type=endpoint
context={context}
identify_by=username
disallow=all
allow={codecs}
direct_media=no
rtp_symmetric=yes
force_rport=yes
device_state_busy_at=1
allow_transfer=no
allow_subscribe=no

"""
"""As in Asterisk's files for the other phones, but for registration and password."""


def wishes(members: int) -> Wishes:
    """Make it a deployment of so many agents."""
    return replace(WISHES, more_agents=0, only_agents=members, skills=("umum", "lang_id"))


def with_phones(deployment: Deployment) -> Deployment:
    """Let Asterisk know where the agents' phones are."""
    plan = deployment.plan
    text = [_PHONE.format(context=plan.contexts.from_agents, codecs=",".join(plan.phones[0].codecs))]
    for phone in plan.phones:
        name = phone.endpoint
        contact = f"sip:{name}@{ADDRESS}:{deployment.ports.phones}"
        text.append(f"[{name}](bench-phone)\naors={name}\n\n[{name}]\ntype=aor\ncontact={contact}\n\n")
    return including(deployment, {"acd_pjsip.conf": "".join(text)})
