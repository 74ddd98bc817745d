"""The shape of each file in ``config/``, as an operator writes it.

Decides which keys there are, their types, ranges and defaults. Must not know other files: what refers to what is
checked in ``checks``; flows stand in ``flow_file``. Editors show the docstrings, through ``acd schema``.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from acd.settings.data_file import DataSection
from acd.settings.fields import (
    AccessNumber,
    AreaCode,
    ChannelPrefix,
    Count,
    CountryCode,
    Dialled,
    DialString,
    Duration,
    EnvName,
    Flag,
    Key,
    Level,
    LongDuration,
    Megabytes,
    Months,
    Name,
    NumberPattern,
    Port,
    PositiveDuration,
    SipUri,
    SipUser,
    Strict,
    Text,
    Voice,
    Whole,
    Word,
)
from acd.settings.matching_files import AgentMatching
from acd.settings.overload_file import OverloadSection
from acd.settings.pbx_file import AmiSection, AriSection, PbxName, PbxSection, PeersSection, SipSection
from acd.settings.prompt_files import PromptsSection

Codec = Literal["alaw", "ulaw", "g722", "opus", "gsm", "g729"]


DtmfMode = Literal["rfc4733", "inband", "info", "auto"]


RecordingFormat = Literal["wav", "wav16", "sln16", "gsm"]


class ApiSection(Strict):
    """The HTTP API and /metrics."""

    bind: Text = "127.0.0.1"
    """Address to listen on; keep it on loopback or behind a TLS proxy."""
    port: Port = 8169
    tokens_env: EnvName | None = None
    """Environment variable with one ``NAME TOKEN`` a line, as in the file."""
    tokens_file: Text | None = None
    """File with one ``NAME TOKEN`` a line; a token has at least 32 characters. A name ``supervisor/...`` may change
    things, ``agent/AGENT`` may do what that agent may, any other may only look."""


class SpoolSection(Strict):
    """The file in which rows wait for a database that does not take them; its room is taken at once."""

    file: Text | None = None
    """``records.spool`` beside the journal by default."""
    megabytes: Megabytes = 64


class KeepSection(Strict):
    """For how many months besides the current one things are kept; what is not named is kept for good."""

    records: Months | None = None
    """Call records with all that belongs to them."""
    decisions: Months | None = None
    """What ``acd explain`` tells: decisions, and contacts' ways."""


class StoreSection(Strict):
    """Call records, in SQLite or PostgreSQL."""

    url: Text | None = None
    """SQLAlchemy address without a password, such as ``sqlite+aiosqlite:////var/lib/acd/acd.db``."""
    url_env: EnvName | None = None
    url_file: Text | None = None
    spool: SpoolSection = SpoolSection()
    keep_months: KeepSection = KeepSection()


class JournalSection(Strict):
    """Every input of the engine, so that a restart, or another engine, goes on where it was."""

    file: Text = "/var/lib/acd/journal.db"
    url: Text | None = None
    """The store's database, in PostgreSQL, instead of a file: two engines with the same one take turns."""
    url_env: EnvName | None = None
    url_file: Text | None = None
    keep: Literal["all", "recent"] = "recent"
    """``recent``: what a restart needs, back to the last snapshot but one. ``all``: every event ever, for audit and
    replay from the beginning, at about 0.5 kB an event; the file then grows without end."""


class RecordingsSection(Strict):
    """Conversations on disk; Asterisk writes them, the engine checks them."""

    dir: Text = "/var/spool/asterisk/recording"
    """Asterisk's recording folder, as the engine sees it."""
    folder: Word | None = "acd"
    """Folder below it for our recordings."""
    format: RecordingFormat = "wav"


class LanguageSection(Strict):
    """A language callers can choose."""

    name: Text = Field(examples=["Bahasa Indonesia"])
    skill: Name | None = None
    """Skill an agent needs to speak it; added to every queue's requirements for its callers."""
    voice: Voice | None = None
    """espeak-ng voice for prompts that are not recorded; the language's code by default."""


class FeatureCodeSection(Strict):
    """What an agent dials on the phone."""

    action: Literal["login", "logout", "ready", "pause", "end_wrap_up", "extend_wrap_up", "disposition"]
    reason: Name | None = None
    """Pause reason; only with ``action: pause``."""
    by: PositiveDuration | None = None
    """How much longer wrap-up shall be; only with ``action: extend_wrap_up``, 30 s by default."""
    disposition: Name | None = None
    """How the contact went; only with ``action: disposition``."""


class DialplanSection(Strict):
    """Contexts of the dialplan; change them only together with Asterisk's files."""

    from_trunk: Word = "acd-from-trunk"
    from_agents: Word = "acd-from-agents"
    fallback: Word = "acd-fallback"


class FallbackSection(Strict):
    """Asterisk's own queue, which serves callers while no engine runs."""

    agents: tuple[Name, ...] = ()
    """Agents whose phones it rings; all by default."""
    dead_man: Duration = 10.0
    """Within what time waiting callers leave for it once the engine is dead; ``0s``: they wait for its return."""
    at_stop: Literal["stay", "hand_over"] = "stay"
    """Where waiting callers are when the engine is stopped: where they were, as for a restart, or handed over to it."""


class PhonesSection(Strict):
    """The agents' SIP phones as Asterisk should know them, and how they are rung."""

    codecs: tuple[Codec, ...] = Field(default=("alaw", "ulaw"), min_length=1)
    dtmf_mode: DtmfMode = "rfc4733"
    passwords_env: EnvName | None = None
    passwords_file: Text | None = None
    """File with one ``AGENT PASSWORD`` a line; needed only to render the phones' endpoints."""
    ahead: Duration = 0.0
    """A channel to each phone that would ring next is made before the call, and anew after so long; 0s: none is."""


class NumbersSection(Strict):
    """Which numbers may be called back; ``deny`` wins over ``allow``."""

    country_code: CountryCode = "62"
    area_code: AreaCode | None = None
    """Of numbers given without one; without it such numbers are refused."""
    allow: tuple[NumberPattern, ...] = ("0.",)
    """Patterns of numbers as dialled within the country (``08X.``) or abroad (``+65X.``)."""
    deny: tuple[NumberPattern, ...] = ("0800.", "0809.")


class CallbackLineSection(Strict):
    """A way out."""

    trunk: Name
    dial: DialString
    """``PJSIP/{number}@gw1``; ``{e164}`` gives the number with + and country code."""
    reserve: Count = 0
    """SST left for callers: a callback goes out only while more than so many are free."""


class CallbackPausesSection(Strict):
    """How long until the next attempt."""

    busy: PositiveDuration = 300.0
    no_answer: PositiveDuration = 900.0
    """Also when the call was refused or the key was not pressed."""
    failed: PositiveDuration = 120.0
    """After a failure of the network."""


class CallbacksSection(Strict):
    """How customers are called back who asked for it."""

    lines: tuple[CallbackLineSection, ...]
    """Tried in order."""
    numbers: NumbersSection = NumbersSection()
    first: Literal["agent", "caller"] = "agent"
    """Whose phone rings first."""
    caller_id: AccessNumber | None = None
    """Our number as customers see it; the number they had dialled by default."""
    calendar: Name | None = None
    """Nobody is called outside these hours."""
    ring: PositiveDuration = 30.0
    confirm_key: Key | Literal["none"] = "1"
    """Pressed by the customer to be connected, so that no answering machine is; ``none`` asks for nothing."""
    confirm_timeout: PositiveDuration = 8.0
    confirm_tries: Whole = Field(default=2, ge=1, le=10)
    attempts: Whole = Field(default=3, ge=1, le=20)
    pauses: CallbackPausesSection = CallbackPausesSection()
    expires: LongDuration = 86_400.0
    """A callback that came to nothing by then is given up."""


class AcdFile(Strict):
    """acd.yaml: the engine's surroundings."""

    api: ApiSection | None = None
    ari: AriSection | None = None
    ami: AmiSection | None = None
    pbx: dict[PbxName, PbxSection] = Field(default_factory=dict)
    """Several Asterisks by their names, instead of ``ari``, ``ami`` and ``sip``."""
    peers: PeersSection = PeersSection()
    store: StoreSection = StoreSection(url="sqlite+aiosqlite:////var/lib/acd/acd.db")
    journal: JournalSection = JournalSection()
    recordings: RecordingsSection = RecordingsSection()
    prompts: PromptsSection = PromptsSection()
    dialplan: DialplanSection = DialplanSection()
    phones: PhonesSection = PhonesSection()
    sip: SipSection = SipSection()
    fallback: FallbackSection = FallbackSection()
    time_zone: Text = "Asia/Jakarta"
    """Zone of reports and of calendars that name none (IANA name)."""
    remember_callers: LongDuration = 604_800.0
    """How long a contact is remembered by its number, when a flow's expressions ask for ``earlier`` contacts."""
    languages: dict[Name, LanguageSection] = Field(default_factory=dict)
    pause_reasons: tuple[Name, ...] = ()
    no_answer_reason: Name = "no_answer"
    """Pause reason of agents whose phones rang out too often in a row."""
    feature_codes: dict[Dialled, FeatureCodeSection] = Field(default_factory=dict)
    callbacks: CallbacksSection | None = None
    """How customers are called back; without it nobody is."""
    data: DataSection = DataSection()
    overload: OverloadSection = OverloadSection()


class SkillsFile(Strict):
    """skills.yaml: what agents can know, with a word for people."""

    skills: dict[Name, Text]


class AgentSection(AgentMatching):
    """An agent."""

    name: Text = Field(examples=["Petugas 101"])
    skills: dict[Name, Level]
    device: ChannelPrefix | None = None
    """The phone's Asterisk endpoint; PJSIP/<agent> by default."""
    queues: tuple[Name, ...] = ()
    """Queues served; all whose skills the agent has by default."""
    login_at_start: Flag = False
    wrap_up: Duration | None = None
    """This agent's own wrap-up, instead of the queues'."""
    pbx: Name | None = None
    """Of several Asterisks, the one the phone registers at."""


class AgentsFile(Strict):
    """agents.yaml."""

    agents: dict[Name, AgentSection]


class TrunkSection(Strict):
    """Lines from a carrier, counted together."""

    capacity: Whole = Field(ge=1, le=10000, examples=[30])
    """SST (channels) that may be in use at once; 30 for an E1."""
    channel_prefixes: tuple[ChannelPrefix, ...] = ()
    """Beginnings of the trunk's channel names, beside those of its gateways."""
    pbx: Name | None = None
    """Of several Asterisks, the one its calls come to."""


class RegistrationSection(Strict):
    """Registration of this Asterisk at the operator of a trunk, where the contract asks for it."""

    server: SipUri
    """Registrar, such as ``sip:sip.operator.example``."""
    client: SipUri
    """The address registered, such as ``sip:169@sip.operator.example``."""
    user: SipUser
    password_env: EnvName | None = None
    password_file: Text | None = None


class GatewaySection(Strict):
    """A SIP gateway or session border controller that Asterisk should know as the endpoint ``PJSIP/<name>``."""

    trunk: Name
    match: tuple[Text, ...] = Field(min_length=1)
    """Addresses its calls come from: 192.0.2.10, 192.0.2.10:5070 or a network such as 192.0.2.0/29."""
    contact: SipUri | None = None
    """Where to send OPTIONS, such as ``sip:192.0.2.10:5060``."""
    codecs: tuple[Codec, ...] = Field(default=("alaw", "ulaw"), min_length=1)
    dtmf_mode: DtmfMode = "rfc4733"
    register_at: RegistrationSection | None = None


class TrunksFile(Strict):
    """trunks.yaml."""

    trunks: dict[Name, TrunkSection]
    gateways: dict[Word, GatewaySection] = Field(default_factory=dict)


class AccessCodeSection(Strict):
    """A number callers dial."""

    flow: Name
    also: tuple[AccessNumber, ...] = ()
    """Other forms in which carriers deliver the same number, such as with the area code."""


class AccessCodesFile(Strict):
    """access_codes.yaml."""

    access_codes: dict[AccessNumber, AccessCodeSection]
