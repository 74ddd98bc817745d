"""Addresses that may be connected to, and those that may not."""

from __future__ import annotations

import pytest

from acd.dips.addresses import refused

PUBLIC = ["8.8.8.8", "103.28.12.1", "2001:4860:4860::8888", "::ffff:8.8.8.8"]
OWN = [
    "127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1", "10.1.2.3", "172.16.0.9", "192.168.1.1", "100.64.0.1",
    "fd00::1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2002:c0a8:101::",
]  # fmt: skip
LINK_LOCAL = ["169.254.169.254", "fe80::1", "fe80::1%eth0", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe"]
NOWHERE = ["0.0.0.0", "::", "224.0.0.1", "ff02::1", "::ffff:0.0.0.0", "not an address", ""]  # noqa: S104 - refused


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_may_be_reached(address: str) -> None:
    assert refused(address, internal=False, named=False) is None


@pytest.mark.parametrize("address", OWN)
def test_our_own_network_is_reached_only_by_hosts_that_are_said_to_be_in_it(address: str) -> None:
    assert refused(address, internal=False, named=True) is not None
    assert refused(address, internal=True, named=False) is None


@pytest.mark.parametrize("address", LINK_LOCAL)
def test_no_name_leads_to_a_link_local_address(address: str) -> None:
    assert refused(address, internal=False, named=True) is not None
    assert refused(address, internal=True, named=False) == "link-local"
    assert refused(address, internal=True, named=True) is None


@pytest.mark.parametrize("address", NOWHERE)
def test_what_is_not_one_machine_is_never_reached(address: str) -> None:
    assert refused(address, internal=True, named=True) is not None
