"""Who may do what: bearer tokens with a role. There are no default tokens; without tokens nobody gets in.

Tokens are known only by their SHA-256, and a presented one is compared with all of them in constant time.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from typing import Literal, TypeAlias

from acd.domain.ids import AgentId
from acd.web.problems import Problem

Role: TypeAlias = Literal["viewer", "agent", "supervisor"]
_RANK: dict[Role, int] = {"viewer": 0, "agent": 1, "supervisor": 2}
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="acd"'}


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A token's name (for the log), digest and role; with the role ``agent`` it acts for ``agent_id`` only."""

    name: str
    digest: str
    role: Role
    agent_id: AgentId | None = None


def token_digest(token: str) -> str:
    """Give the SHA-256 of a token, in hexadecimal: the form in which it is configured."""
    return sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def api_tokens(named: Iterable[tuple[str, str]]) -> tuple[ApiToken, ...]:
    """Make tokens of (name, token) pairs; the name says the role.

    ``supervisor/rudi`` may do everything, ``agent/agent101`` acts for the agent ``agent101``, any other name only
    looks (``viewer/wallboard``, ``prometheus``).
    """
    made: list[ApiToken] = []
    for name, token in named:
        role, _slash, rest = name.partition("/")
        match role:
            case "supervisor":
                made.append(ApiToken(name, token_digest(token), "supervisor"))
            case "agent" if rest:
                made.append(ApiToken(name, token_digest(token), "agent", AgentId(rest)))
            case _:
                made.append(ApiToken(name, token_digest(token), "viewer"))
    return tuple(made)


def authenticate(header: str | None, tokens: Sequence[ApiToken]) -> ApiToken:
    """Find whose ``Authorization`` header this is. Raises ``Problem`` 401."""
    scheme, _space, presented = (header or "").partition(" ")
    if scheme.lower() != "bearer" or not presented.strip():
        raise Problem(HTTPStatus.UNAUTHORIZED, "A bearer token is needed.", headers=_CHALLENGE)
    digest = token_digest(presented.strip())
    found: ApiToken | None = None
    for token in tokens:
        if hmac.compare_digest(digest, token.digest.lower()):
            found = token
    if found is None:
        raise Problem(HTTPStatus.UNAUTHORIZED, "The bearer token is not known.", headers=_CHALLENGE)
    return found


def authorize(token: ApiToken, needed: Role, agent_id: str | None = None) -> None:
    """Let pass who has the role, and for an agent's own matters only that agent. Raises ``Problem`` 403."""
    if _RANK[token.role] < _RANK[needed]:
        raise Problem(HTTPStatus.FORBIDDEN, f"The role {needed} is needed.")
    if needed == "agent" and token.role == "agent" and token.agent_id != agent_id:
        raise Problem(HTTPStatus.FORBIDDEN, "An agent's token acts for that agent only.")
