"""What a configuration becomes: the engine's plan and what each adapter needs, frozen.

Decides the form in which adapters see the configuration. Must not know YAML or where a value came from.
Times are seconds, folders are absolute or relative to the process's working folder.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from acd.domain.data import Header
from acd.domain.errors import Mistake
from acd.domain.ids import ONLY_PBX, AgentId, CalendarId, Language, PbxId, PromptKey, SkillId, TrunkId
from acd.domain.plan import Plan
from acd.settings.national import NationalDays


@dataclass(frozen=True, slots=True)
class Secret:
    """A text that must not be shown; printing gives stars."""

    _value: str = field(repr=False)

    def reveal(self) -> str:
        """The text itself, for the one place that sends it."""
        return self._value

    def __bool__(self) -> bool:
        """Whether there is one; false when the configuration was loaded without its secrets."""
        return bool(self._value)

    def __str__(self) -> str:
        return "***"


NO_SECRET = Secret("")


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A bearer token and who holds it."""

    name: str
    token: Secret


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """The HTTP API."""

    bind: str
    port: int
    tokens: tuple[ApiToken, ...]


@dataclass(frozen=True, slots=True)
class AriSettings:
    """ARI; ``url`` is the HTTP server's, without a path, such as ``http://127.0.0.1:8088``."""

    url: str
    user: str
    password: Secret
    application: str


@dataclass(frozen=True, slots=True)
class AmiSettings:
    """AMI."""

    host: str
    port: int
    user: str
    password: Secret


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """The store's SQLAlchemy address; a secret because it may hold a password."""

    url: Secret
    spool: Path
    """File for rows that the database does not take."""
    spool_bytes: int = 64 << 20
    keep_records: int | None = None
    """Months; None: for good."""
    keep_decisions: int | None = None


@dataclass(frozen=True, slots=True)
class JournalSettings:
    """The journal's file, and whether events stay in it that a restart does not need.

    With a ``url`` the journal is in that database and two engines take turns; beside ``file`` is then what is this
    engine's own.
    """

    file: Path
    keep_all: bool
    url: Secret | None = None


@dataclass(frozen=True, slots=True)
class RecordingsSettings:
    """Where Asterisk writes recordings (``dir``), their format; names begin with the plan's ``recording_prefix``."""

    dir: Path
    prefix: str
    format: str


@dataclass(frozen=True, slots=True)
class PromptsSettings:
    """Prompts: ``<dir>/<language>/<key>/<wording>.wav``, played as ``sound:<sound_prefix>/<language>/<key>/<wording>``.

    A wording is a hash of what a prompt says and who says it, so that callers who are still in an older version of a
    flow hear that version's words. The recording is not part of it: who records a prompt anew, with other words, raises
    its version. The same name then has the same meaning on every machine.
    """

    dir: Path
    recorded_dir: Path | None
    sound_prefix: str
    voices: Mapping[Language, str]
    """The speaking program's voice of each language."""
    texts: Mapping[PromptKey, Mapping[Language, str]]
    versions: Mapping[PromptKey, int] = field(default_factory=dict)
    """1 where none is named."""
    own_voices: Mapping[PromptKey, Mapping[Language, str]] = field(default_factory=dict)
    """Voices of single prompts."""
    command: tuple[str, ...] = ()
    """The program that speaks and its arguments; empty: espeak-ng."""
    forms: tuple[str, ...] = ()
    """File endings beside WAV that Asterisk plays without transcoding, those of the trunks' first codecs first."""
    fallback: PromptKey | None = None
    """Said in place of a prompt or text that cannot be."""
    delivery: Literal["folder", "http"] = "folder"
    """Whether Asterisk sees ``dir``, or fetches its files from ``url``."""
    url: str = ""
    """Where Asterisk reaches the API; empty: where it listens."""

    def file(self, key: PromptKey, language: Language, wording: str) -> Path:
        """Where the sound of a wording stands."""
        return self.dir / language / key / f"{wording}.wav"

    def wording(self, key: PromptKey, language: Language) -> str:
        """Name the wording of a prompt that there is."""
        voice = self.own_voices.get(key, {}).get(language) or self.voices.get(language, language)
        told = (self.texts[key][language], language, voice, self.versions.get(key, 1), self.command)
        return hashlib.sha256(repr(told).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Registration:
    """How Asterisk registers at the operator of a trunk."""

    server_uri: str
    client_uri: str
    user: str
    password: Secret


WAY_OUT = "acd-out-"


def way_out(endpoint: str) -> str:
    """Name the context of the dialplan in which flows' transfers to numbers outside are called by an endpoint."""
    return WAY_OUT + endpoint


@dataclass(frozen=True, slots=True)
class Gateway:
    """A SIP gateway's PJSIP endpoint; ``match`` are addresses, ``address:port`` or networks."""

    name: str
    trunk: TrunkId
    match: tuple[str, ...]
    contact: str | None
    codecs: tuple[str, ...]
    dtmf_mode: str
    registration: Registration | None


@dataclass(frozen=True, slots=True)
class PbxSettings:
    """What Asterisk's own files must agree with."""

    context_from_trunk: str
    context_from_agents: str
    context_fallback: str
    gateways: tuple[Gateway, ...]
    phone_codecs: tuple[str, ...]
    phone_dtmf_mode: str
    phone_passwords: Mapping[AgentId, Secret]
    """Empty when no file or variable of passwords is configured."""
    fallback_agents: tuple[AgentId, ...]
    """Agents Asterisk's own queue rings while no engine runs."""
    dead_man_s: float
    """Within what time waiting callers leave for it when the engine is dead; 0: they stay."""
    hand_over_at_stop: bool
    """Waiting callers are handed over to it when the engine is stopped."""
    sip_bind: str
    sip_port: int
    rtp_ports: tuple[int, int]
    phones_ahead_s: float = 0.0
    """How long a channel to the phone that rings next may wait; 0: none is made ahead."""


@dataclass(frozen=True, slots=True)
class OnePbx:
    """An Asterisk: the only one, or one of several, which are known by ``id`` and reach each other at ``address``."""

    id: PbxId
    ari: AriSettings
    ami: AmiSettings
    recordings: Path
    sip_bind: str
    sip_port: int
    rtp_ports: tuple[int, int]
    address: str = ""


@dataclass(frozen=True, slots=True)
class DataHost:
    """A host that flows may ask; ``name`` as it was written. Times in seconds."""

    name: str
    scheme: str
    host: str
    """Lower case; an IPv6 address without brackets."""
    port: int
    internal: bool = False
    """Its addresses may be private or loopback."""
    failures: int = 5
    """So many in a row, and it is left alone for ``pause_s``."""
    pause_s: float = 15.0
    connections: int = 20


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where events are told to; ``headers`` as a request's."""

    name: str
    url: str
    headers: tuple[Header, ...] = ()
    timeout_s: float = 5.0


@dataclass(frozen=True, slots=True)
class DataSettings:
    """What flows may ask of other systems and tell them; nothing by default."""

    hosts: tuple[DataHost, ...] = ()
    secrets: Mapping[str, Secret] = field(default_factory=dict)
    webhooks: Mapping[str, Webhook] = field(default_factory=dict)
    most_bytes: int = 65_536
    """Of an answer."""


@dataclass(frozen=True, slots=True)
class Settings:
    """One deployment."""

    plan: Plan
    api: ApiSettings
    ari: AriSettings
    ami: AmiSettings
    store: StoreSettings
    journal: JournalSettings
    recordings: RecordingsSettings
    prompts: PromptsSettings
    pbx: PbxSettings
    time_zone: str
    languages: Mapping[Language, str]
    """Language codes with their names."""
    skills: Mapping[SkillId, str]
    """Skills with a word for people."""
    national: Mapping[CalendarId, NationalDays] = field(default_factory=dict)
    """What is known of the holidays of calendars that want a country's."""
    warnings: tuple[Mistake, ...] = ()
    """What can be used as it is, and should be looked at."""
    data: DataSettings = DataSettings()
    several: tuple[OnePbx, ...] = ()
    """The Asterisks, where there are several; ``ari``, ``ami`` and the like are then the first one's."""
    peer_secret: Secret = NO_SECRET
    """Their common password; empty when none is configured."""

    @property
    def pbxs(self) -> tuple[OnePbx, ...]:
        """Every Asterisk: one at least."""
        pbx = self.pbx
        only = OnePbx(ONLY_PBX, self.ari, self.ami, self.recordings.dir, pbx.sip_bind, pbx.sip_port, pbx.rtp_ports)
        return self.several or (only,)
