"""Every kind of node is exercised by callers on a real Asterisk; this table says where."""

from __future__ import annotations

from importlib import import_module
from typing import get_args

import pytest

from acd.domain.flow import Node

_DECIDES = "test_ivr_language.test_lookup_branch_goto_wait_set_subflow_and_return_lead_where_they_say"
_ASKS = "test_ivr_language.test_gate_consent_survey_and_say_ask_and_say_what_was_answered"
_LISTENS = "test_ivr_language.test_a_voice_passes_the_silence_check_and_is_recorded_until_the_hash"
_COLLECTS = "test_ivr_nodes.test_collect_ends_by_the_terminator_by_silence_and_by_the_last_digit_and_refuses_too_few"
_BEGINS = "test_ivr_nodes.test_answer_and_hang_up_begin_and_end_the_call_with_the_exit_and_cause_given"
TESTS = {
    "answer": _BEGINS,
    "play": "test_ivr_nodes.test_play_is_cut_by_a_key_kept_for_the_menu_unless_it_may_not_be",
    "say": _ASKS,
    "menu": "test_ivr_nodes.test_menu_leads_on_by_a_key_says_itself_again_by_the_star_and_goes_back_by_the_hash",
    "collect": _COLLECTS,
    "hours": "test_ivr_nodes.test_hours_lead_by_the_calendar",
    "language": "test_ivr_nodes.test_set_language_speaks_the_other_language_from_there_on",
    "queue": "test_ivr_nodes.test_queue_is_left_by_its_key_and_otherwise_leads_to_an_agent_who_is_heard",
    "transfer": "test_ivr_nodes.test_transfer_hands_the_caller_to_the_dialplan",
    "hang_up": _BEGINS,
    **dict.fromkeys(("set", "branch", "goto", "wait", "subflow", "return", "lookup"), _DECIDES),
    "http": "test_data_dips.test_a_number_that_was_keyed_in_leads_to_what_is_known_of_it_or_that_nothing_is",
    "event": "test_data_dips.test_a_number_that_was_keyed_in_leads_to_what_is_known_of_it_or_that_nothing_is",
    **dict.fromkeys(("consent", "survey", "gate"), _ASKS),
    **dict.fromkeys(("record", "voicemail", "silence_check"), _LISTENS),
    "callback": "test_ivr_language.test_callback_says_the_callers_number_and_asks_whether_it_is_right",
}
KINDS = {kind.__dataclass_fields__["kind"].default for kind in get_args(Node)}


def test_every_kind_of_node_has_a_test_on_a_real_asterisk() -> None:
    assert set(TESTS) == KINDS


@pytest.mark.parametrize("where", sorted(set(TESTS.values())))
def test_the_test_exists(where: str) -> None:
    module, name = where.split(".")
    assert callable(getattr(import_module(f"tests.asterisk.{module}"), name))
