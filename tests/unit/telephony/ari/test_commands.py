from __future__ import annotations

import pytest

from acd.telephony.ari import AriRequest, commands


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (commands.answer("a/b"), AriRequest("POST", "/channels/a%2Fb/answer")),
        (commands.ring("1.2"), AriRequest("POST", "/channels/1.2/ring")),
        (commands.hangup("1.2", 34), AriRequest("DELETE", "/channels/1.2", {"reason_code": "34"})),
        (commands.stop_playback("p"), AriRequest("DELETE", "/playbacks/p")),
        (commands.moh_start("c", "hold"), AriRequest("POST", "/channels/c/moh", {"mohClass": "hold"})),
        (commands.moh_start("c"), AriRequest("POST", "/channels/c/moh", None)),
        (commands.moh_stop("c"), AriRequest("DELETE", "/channels/c/moh")),
        (commands.create_bridge("b"), AriRequest("POST", "/bridges/b", {"type": "mixing"})),
        (
            commands.create_bridge("b", dtmf_events=True, name="n"),
            AriRequest("POST", "/bridges/b", {"type": "mixing,dtmf_events", "name": "n"}),
        ),
        (commands.destroy_bridge("b"), AriRequest("DELETE", "/bridges/b")),
        (commands.add_channels("b", ["1", "2"]), AriRequest("POST", "/bridges/b/addChannel", {"channel": "1,2"})),
        (commands.remove_channels("b", ["1"]), AriRequest("POST", "/bridges/b/removeChannel", {"channel": "1"})),
        (commands.stop_recording("r/1"), AriRequest("POST", "/recordings/live/r%2F1/stop")),
        (commands.pause_recording("r", paused=True), AriRequest("POST", "/recordings/live/r/pause")),
        (commands.pause_recording("r", paused=False), AriRequest("DELETE", "/recordings/live/r/pause")),
        (
            commands.continue_in_dialplan("c", "acd-fallback", "169"),
            AriRequest(
                "POST", "/channels/c/continue", {"context": "acd-fallback", "extension": "169", "priority": "1"}
            ),
        ),
        (
            commands.set_variable("c", "TIMEOUT(absolute)", "3600"),
            AriRequest("POST", "/channels/c/variable", {"variable": "TIMEOUT(absolute)", "value": "3600"}),
        ),
        (commands.get_variable("c", "X"), AriRequest("GET", "/channels/c/variable", {"variable": "X"})),
        (
            commands.redirect("c", "PJSIP/x"),
            AriRequest("POST", "/channels/c/redirect", {"endpoint": "PJSIP/x"}),
        ),
        (
            commands.dial("c", caller_channel_id="1", timeout_s=9),
            AriRequest("POST", "/channels/c/dial", {"timeout": "9", "caller": "1"}),
        ),
        (
            commands.record_bridge("b", "x/y"),
            AriRequest(
                "POST",
                "/bridges/b/record",
                {"name": "x/y", "format": "wav", "ifExists": "fail", "maxDurationSeconds": "0"},
            ),
        ),
    ],
)
def test_each_command_has_asterisks_shape(request_: AriRequest, expected: AriRequest) -> None:
    assert request_ == expected


def test_media_go_in_the_body_so_that_a_comma_in_a_name_is_no_separator() -> None:
    request = commands.play("c", ["sound:/a,b/menu", "sound:digits/1"], "p", lang="id")
    assert request == AriRequest(
        "POST", "/channels/c/play/p", None, {"media": ["sound:/a,b/menu", "sound:digits/1"], "lang": "id"}
    )
    on_bridge = commands.play_on_bridge("b", ["sound:x"], "p")
    assert on_bridge == AriRequest("POST", "/bridges/b/play/p", None, {"media": ["sound:x"]})


def test_originate_and_create_carry_all_they_are_given() -> None:
    originated = commands.originate(
        "l",
        "PJSIP/agent101",
        "acd",
        app_args=["a", "b"],
        caller_id="0217001234",
        timeout_s=15,
        originator="c",
        formats=["alaw", "ulaw"],
        variables={"X": "1"},
    )
    assert originated == AriRequest(
        "POST",
        "/channels/l",
        {
            "endpoint": "PJSIP/agent101",
            "app": "acd",
            "timeout": "15",
            "appArgs": "a,b",
            "callerId": "0217001234",
            "originator": "c",
            "formats": "alaw,ulaw",
        },
        {"variables": {"X": "1"}},
    )
    created = commands.create_channel("l", "PJSIP/agent101", "acd", originator="c", formats=["alaw"], app_args=["x"])
    assert created == AriRequest(
        "POST",
        "/channels/create",
        {
            "endpoint": "PJSIP/agent101",
            "app": "acd",
            "channelId": "l",
            "appArgs": "x",
            "originator": "c",
            "formats": "alaw",
        },
    )
