"""Which of Asterisk's modules a call centre needs.

Decides the list of an Asterisk of our own, and the part of it without which ``acd asterisk check`` calls an operator's
Asterisk unfit. Must not know how modules are loaded.
"""

from __future__ import annotations

from pathlib import Path

# Without one of these the engine cannot serve a call; what each is missing for, in plain words.
REQUIRED = {
    "chan_pjsip": "SIP calls",
    "res_pjsip_session": "SIP calls",
    "res_pjsip_sdp_rtp": "sound in SIP calls",
    "res_rtp_asterisk": "sound in SIP calls",
    "res_pjsip_endpoint_identifier_ip": "knowing trunks by their address",
    "res_pjsip_endpoint_identifier_user": "knowing phones by their name",
    "res_pjsip_authenticator_digest": "the phones' secrets",
    "res_pjsip_registrar": "the phones' registrations",
    "res_pjsip_rfc3326": "hang-up causes in SIP",
    "res_http_websocket": "ARI's events",
    "res_stasis": "ARI",
    "res_stasis_answer": "answering calls through ARI",
    "res_stasis_playback": "prompts",
    "res_stasis_recording": "recordings",
    "chan_bridge_media": "recordings of conversations",
    "app_stasis": "handing callers to the engine",
    "res_ari": "ARI",
    "res_ari_applications": "ARI",
    "res_ari_asterisk": "ARI",
    "res_ari_bridges": "connecting callers and agents",
    "res_ari_channels": "ARI",
    "res_ari_endpoints": "ARI",
    "res_ari_events": "ARI's events",
    "res_ari_playbacks": "prompts",
    "res_ari_recordings": "recordings",
    "res_musiconhold": "music for waiting callers",
    "bridge_softmix": "recording conversations",
    "bridge_simple": "connecting callers and agents",
    "bridge_holding": "waiting callers",
    "format_wav": "recordings and prompts",
    "codec_alaw": "the trunk's sound",
    "codec_ulaw": "the trunk's sound",
    "pbx_config": "the dialplan",
    "app_exec": "the dialplan",
    "func_module": "the dialplan (choosing StasisBroadcast where it exists)",
    "func_timeout": "the dialplan",
    "app_stack": "remembering calls that no engine saw",
    "func_channel": "remembering calls that no engine saw",
    "func_db": "remembering calls that no engine saw",
    "func_strings": "remembering calls that no engine saw",
    "app_queue": "the fallback queue",
    "app_mixmonitor": "recording in the fallback queue",
    "res_manager_devicestate": "the phones' states",
}

# Useful where they exist: older versions lack some.
OPTIONAL = (
    "app_stasis_broadcast",
    "res_stasis_broadcast",
    "res_stasis_device_state",
    "res_stasis_snoop",
    "res_ari_model",
    "res_ari_device_states",
    "res_ari_sounds",
    "res_sorcery_config",
    "res_sorcery_memory",
    "res_sorcery_astdb",
    "res_pjproject",
    "res_pjsip",
    "res_pjsip_outbound_authenticator_digest",
    "res_pjsip_outbound_registration",
    "res_pjsip_acl",
    "res_pjsip_caller_id",
    "res_pjsip_diversion",
    "res_pjsip_dlg_options",
    "res_pjsip_dtmf_info",
    "res_pjsip_empty_info",
    "res_pjsip_header_funcs",
    "res_pjsip_logger",
    "res_pjsip_nat",
    "res_pjsip_path",
    "res_pjsip_pubsub",
    "res_websocket_client",
    "res_curl",
    "res_http_media_cache",
    "res_timing_timerfd",
    "bridge_builtin_features",
    "bridge_native_rtp",
    "codec_a_mu",
    "codec_g722",
    "codec_resample",
    "format_pcm",
    "format_sln",
    "app_cdr",
    "app_dial",
    "app_echo",
    "app_playback",
    "app_senddtmf",
    "app_userevent",
    "app_verbose",
    "func_callerid",
    "func_global",
    "func_hangupcause",
    "func_logic",
    "func_pjsip_aor",
    "func_pjsip_contact",
    "func_pjsip_endpoint",
    "func_talkdetect",
    "func_uri",
)


def modules_to_load(folder: Path, extra: tuple[str, ...] = ()) -> list[str]:
    """List the file names of the modules to load, out of those that the folder has, sorted."""
    wanted = {*REQUIRED, *OPTIONAL, *extra}
    return sorted(f"{name}.so" for name in wanted if (folder / f"{name}.so").is_file())
