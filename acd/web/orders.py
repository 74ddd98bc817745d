"""The supervisors' resources: orders about waiting contacts and agents' skills, done at once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from http import HTTPStatus

from pydantic import BaseModel

from acd.domain.ids import AgentId, ContactId, QueueId, SkillId
from acd.domain.orders import AssignToAgent, MoveToQueue, Order, ResetSkills, SetPriority, SetSkills
from acd.domain.skills import SkillLevel
from acd.engine.view_shapes import AgentView, ContactView
from acd.web.inputs import AgentBody, OrderBody, PriorityBody, QueueBody, SkillsBody
from acd.web.problems import Problem
from acd.web.routes import Call, Handler, Route

ORDER_ANSWER_S = 10.0
_UNKNOWN = {
    "no such contact": "unknown-contact",
    "no such agent": "unknown-agent",
    "no such queue": "unknown-queue",
    "no such calendar": "unknown-calendar",
}


@dataclass(frozen=True, slots=True)
class OrderDone:
    """The order is carried out. What it was about, as it is then; null when it is gone since."""

    contact: ContactView | None = None
    agent: AgentView | None = None


async def give(call: Call, order: Order) -> None:
    """Have an order carried out, under the supervisor's name. Raises ``Problem`` 404, 409, 504."""
    body: OrderBody = call.body
    try:
        async with asyncio.timeout(ORDER_ANSWER_S):
            done, message = await call.deps.order(order, call.token.name if call.token else "", body.request_id)
    except TimeoutError as error:
        raise Problem(HTTPStatus.GATEWAY_TIMEOUT, "The engine did not answer.", kind="no-answer") from error
    if message in _UNKNOWN:
        raise Problem(HTTPStatus.NOT_FOUND, f"{message.capitalize()}.", kind=_UNKNOWN[message])
    if not done:
        raise Problem(HTTPStatus.CONFLICT, message, kind="refused")


async def _about_contact(call: Call, order: Order) -> OrderDone:
    await give(call, order)
    view = call.deps.view()
    wanted = call.path["contact_id"]
    return OrderDone(contact=next((c for c in view.contacts if c.id == wanted), None) if view is not None else None)


async def _about_agent(call: Call, order: Order) -> OrderDone:
    await give(call, order)
    view = call.deps.view()
    wanted = call.path["agent_id"]
    return OrderDone(agent=next((a for a in view.agents if a.id == wanted), None) if view is not None else None)


async def _priority(call: Call) -> OrderDone:
    body: PriorityBody = call.body
    return await _about_contact(call, SetPriority(ContactId(call.path["contact_id"]), body.priority))


async def _queue(call: Call) -> OrderDone:
    body: QueueBody = call.body
    return await _about_contact(call, MoveToQueue(ContactId(call.path["contact_id"]), QueueId(body.queue)))


async def _agent(call: Call) -> OrderDone:
    body: AgentBody = call.body
    return await _about_contact(call, AssignToAgent(ContactId(call.path["contact_id"]), AgentId(body.agent)))


async def _skills(call: Call) -> OrderDone:
    body: SkillsBody = call.body
    skills = tuple(SkillLevel(SkillId(skill), level) for skill, level in body.skills.items())
    queues = None if body.queues is None else tuple(QueueId(queue) for queue in dict.fromkeys(body.queues))
    return await _about_agent(call, SetSkills(AgentId(call.path["agent_id"]), skills, queues))


async def _reset_skills(call: Call) -> OrderDone:
    return await _about_agent(call, ResetSkills(AgentId(call.path["agent_id"])))


def _order(path: str, handler: Handler, summary: str, body: type[BaseModel]) -> Route:
    return Route(
        "POST", f"/api/v1/{path}", handler, summary, "orders", OrderDone,
        role="supervisor", body=body, errors=(404, 409, 503, 504),
    )  # fmt: skip


ROUTES: tuple[Route, ...] = (
    _order("contacts/{contact_id}/priority", _priority, "Serve a waiting contact sooner or later", PriorityBody),
    _order("contacts/{contact_id}/queue", _queue, "Let a waiting contact wait in another queue", QueueBody),
    _order("contacts/{contact_id}/agent", _agent, "Give a waiting contact to one agent", AgentBody),
    _order("agents/{agent_id}/skills", _skills, "Change what an agent can do, until the next logout", SkillsBody),
    _order("agents/{agent_id}/skills/reset", _reset_skills, "Give an agent the configured skills again", OrderBody),
)
