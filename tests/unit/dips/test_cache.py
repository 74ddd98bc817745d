"""Answers kept for a while."""

from __future__ import annotations

from dataclasses import replace

from acd.dips.cache import Answer, AnswerCache, key_of
from acd.domain.commands import FetchData
from acd.domain.data import Header, HttpRequest, Wanted
from acd.domain.ids import ContactId, RequestId

QUESTION = FetchData(
    ContactId("c1"), RequestId("c1:1"), "169/cek", HttpRequest("GET", "https://x/1"), (Wanted("stage", "$.stage"),)
)


def test_the_same_question_of_another_caller_is_the_same() -> None:
    assert key_of(QUESTION) == key_of(
        replace(QUESTION, contact_id=ContactId("c2"), request_id=RequestId("r"), node="n")
    )


def test_another_url_body_header_or_wanted_value_is_another_question() -> None:
    request = QUESTION.request
    others = [
        replace(QUESTION, request=replace(request, url="https://x/2")),
        replace(QUESTION, request=replace(request, body="{}")),
        replace(QUESTION, request=replace(request, headers=(Header("A", "b"),))),
        replace(QUESTION, request=replace(request, headers=(Header("A", secret="b"),))),
        replace(QUESTION, wanted=(Wanted("stage", "$.stage", "digits"),)),
    ]
    assert len({key_of(other) for other in [QUESTION, *others]}) == 6


def test_an_answer_is_given_until_its_time() -> None:
    cache = AnswerCache()
    answer = Answer("ok", 200, {"stage": "issued"})
    cache.put(b"a", answer, 10.0)
    assert (cache.get(b"a", 9.9), cache.get(b"a", 10.0), len(cache)) == (answer, None, 0)


def test_the_one_used_longest_ago_is_forgotten_first() -> None:
    cache = AnswerCache(2)
    for key in (b"a", b"b"):
        cache.put(key, Answer("ok"), 10.0)
    assert cache.get(b"a", 0.0)
    cache.put(b"c", Answer("not_found"), 10.0)
    assert [cache.get(key, 0.0) is not None for key in (b"a", b"b", b"c")] == [True, False, True]
