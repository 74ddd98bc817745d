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
OfferId = NewType("OfferId", str)
AgentId = NewType("AgentId", str)
QueueId = NewType("QueueId", str)
SkillId = NewType("SkillId", str)
TrunkId = NewType("TrunkId", str)
DispositionId = NewType("DispositionId", str)
FlowId = NewType("FlowId", str)
NodeId = NewType("NodeId", str)
CalendarId = NewType("CalendarId", str)
PromptKey = NewType("PromptKey", str)
Language = NewType("Language", str)
TimerKey = NewType("TimerKey", str)
RequestId = NewType("RequestId", str)

OUR_LEG_PREFIX = "acd-l-"
OUR_BRIDGE_PREFIX = "acd-b-"
