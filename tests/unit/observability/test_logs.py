"""No log line shows a caller's number or a secret, whoever wrote it and however it was put."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
import structlog
from aiohttp.http_exceptions import BadHttpMessage
from hypothesis import assume, given
from hypothesis import strategies as st

from acd.observability.logs import configure_logging, mask, mask_text


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_json_with_a_static_name_a_level_and_its_keys() -> None:
    stream = io.StringIO()
    configure_logging("json", "INFO", stream)
    structlog.get_logger("acd.x").info("contact_ended", contact_id="1763826000.12", wait_s=1.5, offers=2)
    [line] = lines(stream)
    assert line["event"] == "contact_ended"
    assert line["level"] == "info"
    assert line["logger"] == "acd.x"
    assert line["contact_id"] == "1763826000.12"
    assert (line["wait_s"], line["offers"]) == (1.5, 2)
    assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize(
    "values",
    [
        {"caller": "0217001234"},
        {"number": 217001234},
        {"note": "from +62217001234 today"},
        {"uri": "sip:0217001234@10.0.0.1"},
        {"items": [{"deep": ("0217001234",)}]},
        {"headers": {"0217001234": 1}},
        {"error": ValueError("no route to 0217001234")},
        {"raw": b"From: 0217001234"},
        {"text": "tel0217001234x"},
    ],
)
def test_callers_numbers_are_masked_to_their_last_digits(values: dict[str, Any]) -> None:
    stream = io.StringIO()
    configure_logging("json", "INFO", stream)
    structlog.get_logger().warning("something", **values)
    assert "21700" not in stream.getvalue()
    assert "234" in stream.getvalue()


@pytest.mark.parametrize(
    "values",
    [
        {"password": "hunter2x"},
        {"ari_password": "hunter2x"},
        {"API_TOKEN": "hunter2x"},
        {"Authorization": "Bearer hunter2x"},
        {"url": "postgresql://acd:hunter2x@db/acd"},
        {"text": "login with password=hunter2x failed"},
        {"text": "Authorization: Bearer hunter2x"},
        {"text": '{"secret": "hunter2x"}'},
        {"nested": {"secret": ["hunter2x"]}},
        {"value": object, "credentials": {"user": "hunter2x"}},
    ],
)
def test_secrets_are_masked(values: dict[str, Any]) -> None:
    stream = io.StringIO()
    configure_logging("json", "INFO", stream)
    structlog.get_logger().error("something", **values)
    assert "hunter2x" not in stream.getvalue()
    assert "***" in stream.getvalue()


def test_what_libraries_log_and_tracebacks_are_masked_too() -> None:
    stream = io.StringIO()
    configure_logging("json", "INFO", stream)
    logging.getLogger("panoramisk").warning("call from %s, secret=%s", "0217001234", "hunter2x")
    try:
        int("0217001234 password=hunter2x")
    except ValueError:
        structlog.get_logger().exception("failed")
        logging.getLogger("asyncio").exception("task died")
    text = stream.getvalue()
    assert "21700" not in text
    assert "hunter2x" not in text
    assert len(lines(stream)) == 3
    assert all("ValueError" in line["exception"] for line in lines(stream)[1:])


def test_bytes_that_are_no_http_are_told_in_a_line_without_what_was_sent() -> None:
    stream = io.StringIO()
    configure_logging("json", "INFO", stream)
    configure_logging("json", "INFO", stream)
    for error in (BadHttpMessage("Authorization: Bearer \0hunter2x"), ValueError("ours")):
        logging.getLogger("aiohttp.server").error("Error handling request", exc_info=error)
    [foreign, ours] = lines(stream)
    assert (foreign["level"], "exception" in foreign, "hunter" in str(foreign)) == ("warning", False, False)
    assert (ours["level"], "ValueError" in ours["exception"]) == ("error", True)


@pytest.mark.parametrize(
    "text", ["1763826000.12", "PJSIP/gw1-0000001a", "127.0.0.1:5060", "169", "rec 1763826000.12-1"]
)
def test_channel_ids_addresses_and_short_codes_are_left_alone(text: str) -> None:
    assert mask_text(text) == text


@given(st.from_regex(r"[0-9]{7,20}", fullmatch=True), st.text(alphabet="abc /:@-+", max_size=5))
def test_no_run_of_seven_digits_survives_in_any_text(number: str, around: str) -> None:
    assume(not number.startswith("0000"))
    assert number not in mask_text(f"{around}{number}{around}")


@given(st.dictionaries(st.text(max_size=5), st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats() | st.text(max_size=5) | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
), max_size=3))  # fmt: skip
def test_the_mask_makes_anything_fit_for_json(event: dict[str, Any]) -> None:
    orjson.dumps(mask(None, "info", event))


def test_levels_below_the_chosen_one_are_not_written_and_configuring_twice_does_not_double_lines() -> None:
    stream = io.StringIO()
    configure_logging("json", "DEBUG", stream)
    configure_logging("json", "warning", stream)
    log = structlog.get_logger()
    log.info("no")
    log.warning("yes")
    logging.getLogger("x").info("no")
    assert [line["event"] for line in lines(stream)] == ["yes"]


def test_bound_context_is_on_every_line() -> None:
    stream = io.StringIO()
    configure_logging("json", "INFO", stream)
    with structlog.contextvars.bound_contextvars(contact_id="c1"):
        structlog.get_logger().info("x")
        logging.getLogger("lib").info("y")
    assert [line["contact_id"] for line in lines(stream)] == ["c1", "c1"]


def test_the_console_style_is_masked_as_well() -> None:
    stream = io.StringIO()
    configure_logging("console", "INFO", stream)
    structlog.get_logger().info("hello", caller="0217001234", token="hunter2x")
    assert "hello" in stream.getvalue()
    assert "21700" not in stream.getvalue()
    assert "hunter2x" not in stream.getvalue()
