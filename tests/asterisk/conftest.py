"""In which order files of tests on a real Asterisk are begun, where several run side by side."""

from __future__ import annotations

import pytest

LONGEST_FIRST = (
    "test_standby",
    "test_link_faults",
    "test_recording_nodes",
    "test_fallback_return",
    "test_ivr_nodes",
    "test_callback",
    "test_store_fails",
    "test_ivr_misbehaving",
    "test_prompt_delivery",
    "test_engine_killed",
    "test_data_dips",
    "test_ivr_language",
    "test_first_call",
    "test_kill_points",
    "test_agents",
    "test_calendars",
    "test_treatment",
    "test_misbehaving_callers",
    "test_routing_and_trunk",
    "test_offers",
    "test_deploy",
    "test_several_pbxs",
    "test_reload",
    "test_ahead",
    "test_explain",
    "test_left_calls",
    "test_matching",
    "test_asterisk_killed",
)
"""A long file begun late would be waited for by all others. Those not named take less than twenty seconds."""
_PLACE = {name: place for place, name in enumerate(LONGEST_FIRST)}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: _PLACE.get(item.path.stem, len(_PLACE)))
