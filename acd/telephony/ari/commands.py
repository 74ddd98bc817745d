"""The ARI requests this engine needs, one function each. Decides their shape only; sends nothing, remembers nothing.

Ids (channel, bridge, playback, recording) are always chosen by the caller, because an event about the new object often
arrives before the response that created it. Reference: Asterisk's own ``/ari/api-docs/*.json``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acd.telephony.ari.values import AriRequest, path_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def claim(channel_id: str, app: str) -> AriRequest:
    """Claim a caller offered by a CallBroadcast event: 204 it is ours, 409 somebody else's, 404 gone or timed out."""
    return AriRequest("POST", "/events/claim", {"channelId": channel_id, "application": app})


def answer(channel_id: str) -> AriRequest:
    """Answer the channel (SIP 200 OK)."""
    return AriRequest("POST", path_of("channels", channel_id, "answer"))


def ring(channel_id: str) -> AriRequest:
    """Tell the caller that it rings (SIP 180)."""
    return AriRequest("POST", path_of("channels", channel_id, "ring"))


def ring_stop(channel_id: str) -> AriRequest:
    """End the ringing tone."""
    return AriRequest("DELETE", path_of("channels", channel_id, "ring"))


def hangup(channel_id: str, cause: int = 16) -> AriRequest:
    """Hang up with a Q.850 cause (before answer 34 gives SIP 503, 17 gives 486); also cancels a leg that rings."""
    return AriRequest("DELETE", path_of("channels", channel_id), {"reason_code": str(cause)})


def play(channel_id: str, media: Sequence[str], playback_id: str, *, lang: str = "") -> AriRequest:
    """Play media URIs (``sound:hello``, ``sound:/abs/path/without-extension``, ``tone:ring``…) one after the other."""
    body: dict[str, Any] = {"media": list(media)}
    if lang:
        body["lang"] = lang
    return AriRequest("POST", path_of("channels", channel_id, "play", playback_id), None, body)


def play_on_bridge(bridge_id: str, media: Sequence[str], playback_id: str) -> AriRequest:
    """Play media URIs to everybody in the bridge."""
    return AriRequest("POST", path_of("bridges", bridge_id, "play", playback_id), None, {"media": list(media)})


def stop_playback(playback_id: str) -> AriRequest:
    """Stop a playback; PlaybackFinished follows. 404 when it has ended by itself."""
    return AriRequest("DELETE", path_of("playbacks", playback_id))


def moh_start(channel_id: str, moh_class: str = "") -> AriRequest:
    """Start music on hold, of the channel's default class when none is named."""
    return AriRequest("POST", path_of("channels", channel_id, "moh"), {"mohClass": moh_class} if moh_class else None)


def moh_stop(channel_id: str) -> AriRequest:
    """Stop music on hold."""
    return AriRequest("DELETE", path_of("channels", channel_id, "moh"))


def create_bridge(bridge_id: str, *, dtmf_events: bool = False, name: str = "") -> AriRequest:
    """Create a mixing bridge. ``dtmf_events`` keeps it out of native RTP, so that DTMF of its channels is reported."""
    params = {"type": "mixing,dtmf_events" if dtmf_events else "mixing"}
    if name:
        params["name"] = name
    return AriRequest("POST", path_of("bridges", bridge_id), params)


def destroy_bridge(bridge_id: str) -> AriRequest:
    """Destroy the bridge; channels in it stay in Stasis."""
    return AriRequest("DELETE", path_of("bridges", bridge_id))


def add_channels(bridge_id: str, channel_ids: Sequence[str]) -> AriRequest:
    """Put channels into the bridge, in one request."""
    return AriRequest("POST", path_of("bridges", bridge_id, "addChannel"), {"channel": ",".join(channel_ids)})


def remove_channels(bridge_id: str, channel_ids: Sequence[str]) -> AriRequest:
    """Take channels out of the bridge; they stay in Stasis."""
    return AriRequest("POST", path_of("bridges", bridge_id, "removeChannel"), {"channel": ",".join(channel_ids)})


def originate(
    channel_id: str,
    endpoint: str,
    app: str,
    *,
    app_args: Sequence[str] = (),
    caller_id: str = "",
    timeout_s: int = 30,
    originator: str = "",
    formats: Sequence[str] = (),
    variables: Mapping[str, str] | None = None,
) -> AriRequest:
    """Call an endpoint (``PJSIP/agent101``) into the application; it enters when it answers.

    ``originator`` is the caller's channel id: the new channel shares its linkedid and accounting. ``timeout_s``
    ends the ringing; ChannelDestroyed tells every failure.
    """
    params = {"endpoint": endpoint, "app": app, "timeout": str(timeout_s)}
    if app_args:
        params["appArgs"] = ",".join(app_args)
    if caller_id:
        params["callerId"] = caller_id
    if originator:
        params["originator"] = originator
    if formats:
        params["formats"] = ",".join(formats)
    body = {"variables": dict(variables)} if variables else None
    return AriRequest("POST", path_of("channels", channel_id), params, body)


def create_channel(
    channel_id: str,
    endpoint: str,
    app: str,
    *,
    app_args: Sequence[str] = (),
    originator: str = "",
    formats: Sequence[str] = (),
    variables: Mapping[str, str] | None = None,
) -> AriRequest:
    """Create a channel without dialling; it is in the application at once and can be bridged before it is dialled."""
    params = {"endpoint": endpoint, "app": app, "channelId": channel_id}
    if app_args:
        params["appArgs"] = ",".join(app_args)
    if originator:
        params["originator"] = originator
    if formats:
        params["formats"] = ",".join(formats)
    body = {"variables": dict(variables)} if variables else None
    return AriRequest("POST", "/channels/create", params, body)


def dial(channel_id: str, *, caller_channel_id: str = "", timeout_s: int = 30) -> AriRequest:
    """Dial a channel made by :func:`create_channel`."""
    params = {"timeout": str(timeout_s)}
    if caller_channel_id:
        params["caller"] = caller_channel_id
    return AriRequest("POST", path_of("channels", channel_id, "dial"), params)


def record_bridge(
    bridge_id: str, name: str, *, file_format: str = "wav", if_exists: str = "fail", max_duration_s: int = 0
) -> AriRequest:
    """Record the bridge's mix into ``<recordings>/<name>.<format>``; ``if_exists`` is fail, overwrite or append."""
    params = {"name": name, "format": file_format, "ifExists": if_exists, "maxDurationSeconds": str(max_duration_s)}
    return AriRequest("POST", path_of("bridges", bridge_id, "record"), params)


def record_channel(
    channel_id: str, name: str, *, max_duration_s: int, max_silence_s: int, terminate_on: str, file_format: str = "wav"
) -> AriRequest:
    """Record what a channel that is in no bridge says. 409 when there is such a file.

    ``max_silence_s`` 0: silence does not end it; ``terminate_on`` is ``none``, ``any``, ``*`` or ``#``.
    """
    params = {
        "name": name,
        "format": file_format,
        "ifExists": "fail",
        "maxDurationSeconds": str(max_duration_s),
        "maxSilenceSeconds": str(max_silence_s),
        "terminateOn": terminate_on,
    }
    return AriRequest("POST", path_of("channels", channel_id, "record"), params)


def live_recording(name: str) -> AriRequest:
    """Ask whether a recording goes on; 404 when it does not."""
    return AriRequest("GET", path_of("recordings", "live", name))


def delete_recording(name: str) -> AriRequest:
    """Delete the file of a recording that has ended; 404 when there is none."""
    return AriRequest("DELETE", path_of("recordings", "stored", name))


def stop_recording(name: str) -> AriRequest:
    """Stop a live recording and keep its file; RecordingFinished follows."""
    return AriRequest("POST", path_of("recordings", "live", name, "stop"))


def pause_recording(name: str, *, paused: bool) -> AriRequest:
    """Pause (the file does not grow) or go on."""
    return AriRequest("POST" if paused else "DELETE", path_of("recordings", "live", name, "pause"))


def continue_in_dialplan(channel_id: str, context: str, exten: str, priority: int = 1) -> AriRequest:
    """Leave the application for a place in the dialplan."""
    params = {"context": context, "extension": exten, "priority": str(priority)}
    return AriRequest("POST", path_of("channels", channel_id, "continue"), params)


def set_variable(channel_id: str, variable: str, value: str) -> AriRequest:
    """Set a channel variable or write a dialplan function such as ``TIMEOUT(absolute)``."""
    return AriRequest("POST", path_of("channels", channel_id, "variable"), {"variable": variable, "value": value})


def get_variable(channel_id: str, variable: str) -> AriRequest:
    """Read a channel variable or dialplan function; the answer is ``{"value": …}``, 404 when it is not set."""
    return AriRequest("GET", path_of("channels", channel_id, "variable"), {"variable": variable})


def rtp_statistics(channel_id: str) -> AriRequest:
    """Ask how much sound came and went on a channel: ``rxcount`` packets came. 404 when it has no RTP."""
    return AriRequest("GET", path_of("channels", channel_id, "rtp_statistics"))


def redirect(channel_id: str, endpoint: str) -> AriRequest:
    """Send an unanswered caller elsewhere by SIP 302 (or REFER once answered)."""
    return AriRequest("POST", path_of("channels", channel_id, "redirect"), {"endpoint": endpoint})


def subscribe(app: str, channel_id: str) -> AriRequest:
    """Tell the application of a channel's events also when the channel is not (or no longer) inside it."""
    return AriRequest("POST", path_of("applications", app, "subscription"), {"eventSource": f"channel:{channel_id}"})
