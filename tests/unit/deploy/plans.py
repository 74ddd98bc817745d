"""A small plan to change in a test."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from acd.deploy.plan import AccessCodePlan, FallbackQueuePlan, PbxPlan, PbxTrunkPlan, PhonePlan, UserPlan

PHONE_SECRET = "phone;secret"
ARI_SECRET = "ari-secret-1"
AMI_SECRET = "ami-secret-1"


def small_plan(**changes: Any) -> PbxPlan:
    """Two phones, a trunk, an access code and its fallback queue."""
    plan = PbxPlan(
        phones=(PhonePlan("agent101", PHONE_SECRET), PhonePlan("agent102", None)),
        trunks=(PbxTrunkPlan("gw1", ("192.0.2.10", "192.0.2.11:5080")),),
        access_codes=(AccessCodePlan("169", "acd-general"),),
        fallback_queues=(FallbackQueuePlan("acd-general", ("agent101", "agent102")),),
        ari=UserPlan("acd", ARI_SECRET, 8088),
        ami=UserPlan("acd", AMI_SECRET, 5038),
        sip_port=5060,
    )
    return replace(plan, **changes)
