"""Names of legs, and what can be read out of them."""

from __future__ import annotations

from acd.domain.ids import ContactId, LegId, contact_of_leg, customer_leg, is_customer_leg


def test_the_contact_can_be_read_out_of_our_legs_only() -> None:
    assert contact_of_leg(LegId("acd-l-1700.12-3")) == "1700.12"
    assert contact_of_leg(LegId("1700.12")) is None


def test_a_leg_to_a_customer_is_told_from_one_to_an_agent_and_from_the_one_that_came_in() -> None:
    leg = customer_leg(ContactId("gw-c1-1700.12"), 2)
    assert (is_customer_leg(leg), contact_of_leg(leg)) == (True, "gw-c1-1700.12")
    assert not is_customer_leg(LegId("acd-l-gw-c1-3"))
    assert not is_customer_leg(LegId("gw-c1"))
