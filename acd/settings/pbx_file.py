"""The shape of acd.yaml's section ``pbx``: several Asterisks under one engine.

Decides which keys one of them has. Must not know what they are for.
"""

from __future__ import annotations

from typing import Annotated

from acd.settings.fields import Duration, EnvName, Port, Strict, Text, Word, matching

_PBX = r"[A-Za-z][A-Za-z0-9_]{0,19}"
PbxName = Annotated[str, matching(_PBX, "a name of letters, digits and _ (at most 20)")]
"""What an Asterisk calls itself too, and what the ids of its channels begin with: so it has no dash."""


class AriSection(Strict):
    """Asterisk's REST interface."""

    url: Text = "http://127.0.0.1:8088"
    """Address of Asterisk's HTTP server, without ``/ari``."""
    user: Word = "acd"
    password_env: EnvName | None = None
    password_file: Text | None = None
    application: Word = "acd"


class AmiSection(Strict):
    """Asterisk's manager interface."""

    host: Text = "127.0.0.1"
    port: Port = 5038
    user: Word = "acd"
    password_env: EnvName | None = None
    password_file: Text | None = None


class SipSection(Strict):
    """Where a rendered Asterisk takes SIP and RTP; an existing Asterisk keeps its own transports."""

    bind: Text = "127.0.0.1"
    port: Port = 5060
    rtp_from: Port = 10000
    rtp_to: Port = 20000


class PbxSection(Strict):
    """One of several Asterisks; its ``systemname`` in asterisk.conf is the name it has here."""

    ari: AriSection
    ami: AmiSection
    sip: SipSection = SipSection()
    address: Text | None = None
    """Where the other ones reach it by SIP, ``HOST:PORT``; the bind and port of ``sip`` by default."""
    recordings_dir: Text | None = None
    """Its recording folder, as the engine sees it; that of ``recordings`` by default."""


class PeersSection(Strict):
    """How the Asterisks call each other's phones."""

    password_env: EnvName | None = None
    password_file: Text | None = None
    """The password they have in common; needed only to render their endpoints."""
    lost_after: Duration = 60.0
    """One of them that has not been reached for so long counts as lost: its calls are closed."""
