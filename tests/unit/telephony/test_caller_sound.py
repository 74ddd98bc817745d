"""Commands about a caller's own sound, each as the one request it becomes."""

from __future__ import annotations

import pytest

from acd.domain.ids import ContactId, Language, LegId, PlaybackId, PromptKey, RecordingName
from acd.domain.sound_commands import (
    Beep,
    DiscardTake,
    PlayTake,
    SeekTake,
    SoundCommand,
    StartListening,
    StartTake,
    StopListening,
    StopTake,
)
from acd.telephony.ari.values import AriRequest
from acd.telephony.caller_sound import TONE, request_of

C, L, P, R = ContactId("c1"), LegId("c1"), PlaybackId("acd-p-c1-1"), RecordingName("acd/c1-r1")
STORED = "acd%2Fc1-r1"


def media(key: PromptKey, language: Language, wording: str) -> str | None:
    return None if key == "missing" else f"sound:{language}/{key}{wording}"


@pytest.mark.parametrize(
    ("command", "about", "request_"),
    [
        (Beep(C, L, P), P, AriRequest("POST", "/channels/c1/play/acd-p-c1-1", None, {"media": [TONE]})),
        (
            StartTake(C, L, R, 119.5, 4.2, "#"),
            R,
            AriRequest(
                "POST",
                "/channels/c1/record",
                {
                    "name": R,
                    "format": "wav",
                    "ifExists": "fail",
                    "maxDurationSeconds": "120",
                    "maxSilenceSeconds": "5",
                    "terminateOn": "#",
                },
            ),
        ),
        (StopTake(C, R), R, AriRequest("POST", f"/recordings/live/{STORED}/stop")),
        (SeekTake(C, R), R, AriRequest("GET", f"/recordings/live/{STORED}")),
        (DiscardTake(C, R), R, AriRequest("DELETE", f"/recordings/stored/{STORED}")),
        (
            PlayTake(C, L, P, R, (PromptKey("keep"), PromptKey("missing")), Language("id")),
            P,
            AriRequest(
                "POST", "/channels/c1/play/acd-p-c1-1", None, {"media": ["recording:acd/c1-r1", "sound:id/keep"]}
            ),
        ),
        (
            PlayTake(C, L, P, R, (PromptKey("missing"), PromptKey("keep")), Language("id"), ("", "@1")),
            P,
            AriRequest(
                "POST", "/channels/c1/play/acd-p-c1-1", None, {"media": ["recording:acd/c1-r1", "sound:id/keep@1"]}
            ),
        ),
        (
            StartListening(C, L),
            L,
            AriRequest("POST", "/channels/c1/variable", {"variable": "TALK_DETECT(set)", "value": "1,256"}),
        ),
        (
            StopListening(C, L),
            L,
            AriRequest("POST", "/channels/c1/variable", {"variable": "TALK_DETECT(remove)", "value": ""}),
        ),
    ],
)
def test_a_command_becomes_one_request(command: SoundCommand, about: str, request_: AriRequest) -> None:
    assert request_of(command, media) == (about, request_)
