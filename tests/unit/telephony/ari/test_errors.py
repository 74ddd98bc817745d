from __future__ import annotations

import pytest

from acd.telephony.ari.errors import error_for


@pytest.mark.parametrize("status", [200, 201, 204])
def test_success_is_no_error(status: int) -> None:
    assert error_for(status, "POST /x", "OK") is None


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ('{"message":"Channel not in Stasis application"}', "Channel not in Stasis application"),
        ('{"error":"Allocation failed"}', "Allocation failed"),
        (None, "Conflict"),
        ("", "Conflict"),
        ("<html>", "Conflict"),
        ("[]", "Conflict"),
    ],
)
def test_asterisks_own_words_are_told_where_there_are_any(raw: str | None, words: str) -> None:
    assert str(error_for(409, "POST /channels/a", "Conflict", raw)) == f"POST /channels/a: 409 {words}"
