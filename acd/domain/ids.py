"""Names of things. All are strings, so that a record, a log line and Asterisk can hold them as they are."""

from __future__ import annotations

from typing import NewType

ContactId = NewType("ContactId", str)
"""The customer's whole interaction; equals the caller's first channel id, so it survives even unjournaled."""
LegId = NewType("LegId", str)
"""One party's participation: an Asterisk channel id. Legs we originate are named ``acd-l-<contact>-<n>``."""
BridgeId = NewType("BridgeId", str)
PlaybackId = NewType("PlaybackId", str)
RecordingName = NewType("RecordingName", str)
VoicemailId = NewType("VoicemailId", str)
OfferId = NewType("OfferId", str)
AgentId = NewType("AgentId", str)
QueueId = NewType("QueueId", str)
SkillId = NewType("SkillId", str)
TrunkId = NewType("TrunkId", str)
DispositionId = NewType("DispositionId", str)
FlowId = NewType("FlowId", str)
NodeId = NewType("NodeId", str)
CalendarId = NewType("CalendarId", str)
PbxId = NewType("PbxId", str)
"""One of several Asterisks; its own name (``systemname``), with which the ids of its channels begin."""
PromptKey = NewType("PromptKey", str)
Language = NewType("Language", str)
TimerKey = NewType("TimerKey", str)
RequestId = NewType("RequestId", str)

OUR_LEG_PREFIX = "acd-l-"
_TO_CUSTOMER = "c"
OUR_BRIDGE_PREFIX = "acd-b-"
ONLY_PBX = PbxId("")
"""The Asterisk of a deployment that has one."""


def customer_leg(contact: ContactId, number: int) -> LegId:
    """Name the leg by which a contact's customer is called back for the ``number``-th time."""
    return LegId(f"{OUR_LEG_PREFIX}{contact}-{_TO_CUSTOMER}{number}")


def contact_of_leg(leg: LegId) -> ContactId | None:
    """Read the contact out of a leg id that we chose; None for others."""
    if not leg.startswith(OUR_LEG_PREFIX):
        return None
    return ContactId(leg[len(OUR_LEG_PREFIX) :].rsplit("-", 1)[0])


def is_customer_leg(leg: str) -> bool:
    """Tell a leg to a customer from one to an agent, among those that we originate."""
    return leg.startswith(OUR_LEG_PREFIX) and leg.rpartition("-")[2].startswith(_TO_CUSTOMER)
