"""Tokens are compared by digest, all of them, and their names say what they may."""

from __future__ import annotations

import hmac

import pytest

from acd.web.auth import ApiToken, api_tokens, authenticate, authorize, token_digest
from acd.web.problems import Problem


def test_names_say_the_role_and_anything_else_only_looks() -> None:
    tokens = api_tokens([("supervisor/rudi", "a"), ("agent/agent101", "b"), ("prometheus", "c"), ("agent", "d"),
                         ("agents/x", "e")])  # fmt: skip
    assert [(t.role, t.agent_id) for t in tokens] == [
        ("supervisor", None),
        ("agent", "agent101"),
        ("viewer", None),
        ("viewer", None),
        ("viewer", None),
    ]
    assert "a" not in [t.digest for t in tokens]


def test_every_token_is_compared_whether_or_not_one_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str] = []
    real = hmac.compare_digest

    def noting(left: str, right: str) -> bool:
        compared.append(right)
        return real(left, right)

    monkeypatch.setattr(hmac, "compare_digest", noting)
    tokens = api_tokens([("supervisor/one", "first"), ("two", "second"), ("three", "third")])
    assert authenticate("Bearer first", tokens).name == "supervisor/one"
    assert compared == [t.digest for t in tokens]


def test_the_scheme_is_case_insensitive_and_digests_may_be_upper_case() -> None:
    token = ApiToken("x", token_digest("secret").upper(), "viewer")
    assert authenticate("bEaReR  secret ", [token]) is token


@pytest.mark.parametrize("presented", ["\udcff", "é", "x" * 100_000, "\0"])
def test_odd_tokens_are_unknown_not_errors(presented: str) -> None:
    with pytest.raises(Problem, match="not known"):
        authenticate(f"Bearer {presented}", api_tokens([("x", "secret")]))


def test_an_agent_without_an_id_acts_for_nobody() -> None:
    token = ApiToken("x", "", "agent")
    with pytest.raises(Problem, match="for that agent only"):
        authorize(token, "agent", "agent101")
