from __future__ import annotations

import pytest

from acd.deploy.plan import (
    AccessCodePlan,
    ContextsPlan,
    FallbackQueuePlan,
    PbxTrunkPlan,
    PhonePlan,
    RegistrationPlan,
    UserPlan,
)
from acd.domain.errors import DeployError
from tests.unit.deploy.plans import AMI_SECRET, ARI_SECRET, PHONE_SECRET, small_plan


@pytest.mark.parametrize("secret", ["", "short", "two\nlines-in-it", " padded-secret ", "bell\a-in-the-secret"])
def test_a_secret_that_is_short_or_could_break_a_line_is_refused_without_being_shown(secret: str) -> None:
    for make in (
        lambda: PhonePlan("agent101", secret),
        lambda: UserPlan("acd", secret, 8088),
        lambda: RegistrationPlan("sip:a.example", "sip:b@a.example", "b", secret),
    ):
        with pytest.raises(DeployError) as caught:
            make()
        assert not secret.strip() or secret not in str(caught.value)


@pytest.mark.parametrize("name", ["", "a b", "a]", "a\nb", "a;b", "-a", "../a"])
def test_a_name_that_could_break_a_section_is_refused(name: str) -> None:
    for make in (
        lambda: PhonePlan(name, None),
        lambda: PbxTrunkPlan(name, ()),
        lambda: AccessCodePlan("169", name),
        lambda: FallbackQueuePlan(name, ()),
        lambda: ContextsPlan(from_trunk=name),
        lambda: UserPlan(name, "long-enough", 1),
    ):
        with pytest.raises(DeployError):
            make()


@pytest.mark.parametrize("exten", ["169", "+62211500169", "_021700XXXX", "_X.", "*1"])
def test_numbers_and_patterns_are_access_codes(exten: str) -> None:
    assert AccessCodePlan(exten, "q").exten == exten


@pytest.mark.parametrize("exten", ["", "16 9", "169,1,System(x)", "h", "_[a]", "s\n"])
def test_anything_else_is_no_access_code(exten: str) -> None:
    with pytest.raises(DeployError):
        AccessCodePlan(exten, "q")


def test_two_endpoints_of_one_name_are_refused() -> None:
    with pytest.raises(DeployError, match="agent101"):
        small_plan(trunks=(PbxTrunkPlan("agent101", ()),))


def test_a_fallback_queue_nobody_declared_is_refused() -> None:
    with pytest.raises(DeployError, match="nowhere"):
        small_plan(access_codes=(AccessCodePlan("169", "nowhere"),))


def test_a_queue_member_without_a_phone_is_refused() -> None:
    with pytest.raises(DeployError, match="agent999"):
        small_plan(fallback_queues=(FallbackQueuePlan("acd-general", ("agent999",)),))


def test_a_plan_shows_no_secret_when_printed() -> None:
    shown = repr(small_plan())
    for secret in (PHONE_SECRET, ARI_SECRET, AMI_SECRET):
        assert secret not in shown
