"""An operator's own policies: ``module:Class`` in the configuration becomes an object the engine can ask.

Decides what such a class must look like and what is said when it does not. The module is found as Python finds any
other: installed beside acd, or in a folder named by PYTHONPATH. Loading runs its code, so a configuration that names
one is to be trusted as much as a program.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from acd.domain.plan import Plan
from acd.engine.matching import STANDARD, Policies
from acd.engine.matching.policies import AgentPolicy, ContactPolicy


def _made(name: str) -> Any:
    module, _, class_ = name.partition(":")
    return getattr(import_module(module), class_)()


def agent_policy(name: str) -> AgentPolicy | str:
    """Load an agent policy; or say why not."""
    try:
        made = _made(name)
    except Exception as error:  # noqa: BLE001 - whatever an operator's module raises
        return f"cannot load {name}: {type(error).__name__}: {error}"
    return made if isinstance(made, AgentPolicy) else f"{name} is no agent policy: it needs parts, level and order"


def contact_policy(name: str) -> ContactPolicy | str:
    """Load a contact policy; or say why not."""
    try:
        made = _made(name)
    except Exception as error:  # noqa: BLE001 - whatever an operator's module raises
        return f"cannot load {name}: {type(error).__name__}: {error}"
    return made if isinstance(made, ContactPolicy) else f"{name} is no contact policy: it needs parts, plain and weigh"


def policies_for(plan: Plan) -> Policies:
    """Give every policy a plan may name. One that cannot be loaded is left out; checking the files says which."""
    agents = {queue.policy: agent_policy(queue.policy) for queue in plan.queues.values() if ":" in queue.policy}
    contacts = {name: contact_policy(name) for name in (plan.contact_policy,) if ":" in name}
    return Policies(
        {**STANDARD.agent, **{name: made for name, made in agents.items() if not isinstance(made, str)}},
        {**STANDARD.contact, **{name: made for name, made in contacts.items() if not isinstance(made, str)}},
    )
