"""Nodes that ask and tell other systems: what is sent, what the caller hears meanwhile, where the answer leads.

Must not know how a request is made, nor where another system is.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from urllib.parse import quote

from acd.domain.commands import FetchData, SendHook
from acd.domain.copies import replace
from acd.domain.data import Header, HttpRequest
from acd.domain.errors import ExpressionError
from acd.domain.events import DataFetched
from acd.domain.flow_data import EventNode, Filling, HttpNode
from acd.domain.flow_path import KeyClass
from acd.domain.flow_values import Expression, Template, Value
from acd.domain.ids import NodeId, RequestId
from acd.engine.ivr.actions import Fetch, Music, Tell
from acd.engine.ivr.walk import Walk
from acd.engine.state import Question

GRACE_S = 0.25
"""After the time a question has: if nothing was heard by then, its answer was lost."""
_KEYS: dict[str, KeyClass] = {"invalid": "invalid", "timeout": "timeout"}
LONGEST_URL, LONGEST_HEADER, LONGEST_BODY = 2_000, 1_000, 16_000


def ask(walk: Walk, node: HttpNode) -> None:
    """Send the question; meanwhile the caller hears something."""
    request = HttpRequest(
        node.method,
        _url(walk, node.url),
        tuple(Header(header.name, _header(walk, header.text), header.secret) for header in node.headers),
        _body(walk, node.body) if node.body is not None else None,
        node.idempotent,
    )
    name = RequestId(_message(walk, "d"))
    by = walk.scene.at + node.timeout_s + GRACE_S
    walk.move(question=Question(name, by))
    walk.do(
        Fetch(
            FetchData(
                walk.scene.contact.id,
                name,
                f"{walk.position.flow}/{node.id}",
                request,
                node.results,
                node.timeout_s,
                node.retries,
                node.cache_s,
                node.cache_not_found_s,
            )
        )
    )
    walk.wait(by - walk.scene.at)
    if node.prompts:
        walk.speak(node.prompts)
    else:
        _play(walk, node)


def heard(walk: Walk, node: HttpNode) -> NodeId | None:
    """The prompts are over: on where the answer leads, or wait for it."""
    question = walk.position.question
    if question is None:  # a reload made this node of another one
        return node.id
    if question.onward is None:
        _play(walk, node)
        walk.wait(max(0.0, question.answer_by - walk.scene.at))
    return question.onward


def answered(walk: Walk, node: HttpNode, event: DataFetched) -> NodeId | None:
    """Keep what was wanted; the outcome says where to go."""
    if event.outcome == "ok":
        for want in node.results:
            if want.variable in event.values:
                walk.keep(want.variable, event.values[want.variable])
        return onward(walk, node.next)
    ways = {"not_found": node.not_found, "invalid": node.invalid, "timeout": node.timed_out, "failed": node.failed}
    return onward(walk, ways[event.outcome], _KEYS.get(event.outcome, "none"))


def onward(walk: Walk, to: NodeId, why: KeyClass = "none") -> NodeId | None:
    """Go on once nothing is being said."""
    question = walk.position.question
    if question is None or walk.position.playback is None:
        walk.key = why
        return to
    walk.move(question=replace(question, onward=to))
    return None


def tell(walk: Walk, node: EventNode) -> NodeId:
    """Send the event on its way."""
    values = {given.variable: walk.value(given.value) for given in node.values}
    contact = walk.scene.contact
    name = _message(walk, "e")
    body = {
        "id": name,
        "event": node.event,
        "at": datetime.fromtimestamp(walk.scene.at, UTC).isoformat(timespec="milliseconds"),
        "contact_id": contact.id,
        "access_code": contact.access_code,
        "flow": walk.position.flow,
        "node": node.id,
        "language": walk.language,
        "values": values,
    }
    walk.do(Tell(SendHook(node.webhook, name, json.dumps(body, ensure_ascii=False), walk.scene.at)))
    return node.next


def _message(walk: Walk, kind: str) -> str:
    number = walk.position.messages + 1
    walk.move(messages=number)
    return f"acd-{kind}-{walk.scene.contact.id}-{number}"


def _play(walk: Walk, node: HttpNode) -> None:
    if node.music is not None:
        walk.do(Music(node.music))
        walk.move(music=True)


def _values(walk: Walk, template: Template) -> list[str | tuple[Value]]:
    """A template's parts: its own text as it is, values each in a tuple."""
    return [(walk.value(part),) if isinstance(part, Expression) else part for part in template.parts]


def _written(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _bounded(text: str, most: int) -> str:
    if len(text) > most:
        raise ExpressionError("too long")
    return text


def _url(walk: Walk, template: Template) -> str:
    """Values are quoted, so that none becomes a part of the address with a meaning of its own."""
    parts = [part if isinstance(part, str) else _quoted(part[0]) for part in _values(walk, template)]
    return _bounded("".join(parts), LONGEST_URL)


def _quoted(value: Value) -> str:
    text = _written(value)
    if text in {".", ".."}:  # these quote to themselves and lead elsewhere
        raise ExpressionError("a way up")
    return quote(text, safe="", errors="replace")


def _header(walk: Walk, template: Template) -> str:
    text = "".join(part if isinstance(part, str) else _written(part[0]) for part in _values(walk, template))
    if not text.isprintable():
        raise ExpressionError("a header is one line")
    return _bounded(text, LONGEST_HEADER)


def _body(walk: Walk, parts: tuple[str | Filling, ...]) -> str:
    text = "".join(part if isinstance(part, str) else _filled(walk, part) for part in parts)
    return _bounded(text, LONGEST_BODY)


def _filled(walk: Walk, filling: Filling) -> str:
    found = _values(walk, filling.template)
    if len(found) == 1 and not isinstance(found[0], str):
        return json.dumps(found[0][0], ensure_ascii=False)
    text = "".join(part if isinstance(part, str) else _written(part[0]) for part in found)
    return json.dumps(text, ensure_ascii=False)
