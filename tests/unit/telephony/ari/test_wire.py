from __future__ import annotations

import json

import pytest

from acd.telephony.ari.wire import encode_query, encode_request, speaks_rest_over_websocket


@pytest.mark.parametrize(
    ("version", "speaks"),
    [
        ("22.10.1", True),
        ("22.4.0", True),
        ("22.3.9", False),
        ("20.14.0", True),
        ("20.13.1", False),
        ("21.9.0", True),
        ("21.8.0", False),
        ("23.0.0", True),
        ("18.26.4", False),
        ("certified/22.8-cert1", True),
        ("GIT-master-abc", False),
        ("", False),
    ],
)
def test_the_version_tells_rest_over_websocket(version: str, *, speaks: bool) -> None:
    assert speaks_rest_over_websocket(version) is speaks


def test_a_request_is_asterisks_json_with_the_body_as_text_in_it() -> None:
    message = json.loads(encode_request("7", "POST", "/channels/a/play/p", {"lang": "id"}, {"media": ["sound:a"]}))
    assert message == {
        "type": "RESTRequest",
        "request_id": "7",
        "method": "POST",
        "uri": "channels/a/play/p",
        "query_strings": [{"name": "lang", "value": "id"}],
        "content_type": "application/json",
        "message_body": '{"media":["sound:a"]}',
    }


def test_nothing_optional_is_sent_when_there_is_none() -> None:
    assert json.loads(encode_request("7", "DELETE", "/channels/a", None, None)) == {
        "type": "RESTRequest",
        "request_id": "7",
        "method": "DELETE",
        "uri": "channels/a",
    }


def test_a_query_is_percent_encoded() -> None:
    assert encode_query({"a": "x y&z=+/ü"}) == "?a=x%20y%26z%3D%2B%2F%C3%BC"
    assert encode_query(None) == ""
