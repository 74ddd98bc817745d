"""What Asterisk is told: phones, trunks, access codes, users and addresses, as frozen values that fill the templates.

Decides which values can stand in a configuration file at all, so that no name or secret can smuggle a line into one.
Must not know where the values come from.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from acd.domain.errors import DeployError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*")
_EXTENSION = re.compile(r"\+?[0-9*#]+|_[0-9XZN.!*#+\[\]-]+")
_NUMBER = re.compile(r"\+?[0-9]+")
_ADDRESS = re.compile(r"[A-Za-z0-9.:/\[\]_-]+")
_URI = re.compile(r"sips?:[^\s;,\"<>\\]+")
_CODEC = re.compile(r"[a-z0-9_]+")
_MINIMUM_SECRET = 8

DtmfMode = Literal["rfc4733", "inband", "info", "auto", "auto_info"]


def _require(pattern: re.Pattern[str], value: str, what: str) -> None:
    if not pattern.fullmatch(value):
        raise DeployError(f"{what} {value!r} cannot stand in Asterisk's configuration")


def _require_secret(secret: str, what: str) -> None:
    """Refuse an empty, short or unprintable secret, without repeating it."""
    if len(secret) < _MINIMUM_SECRET or not secret.isprintable() or secret != secret.strip():
        raise DeployError(f"{what} needs a secret of {_MINIMUM_SECRET} printable characters or more")


@dataclass(frozen=True, slots=True)
class PhonePlan:
    """An agent's phone: the endpoint's name is the agent's id. Without a secret the operator's own endpoint is used."""

    endpoint: str
    secret: str | None = field(repr=False)
    codecs: tuple[str, ...] = ("alaw", "ulaw")
    dtmf_mode: DtmfMode = "rfc4733"

    def __post_init__(self) -> None:
        """Refuse what cannot be written."""
        _require(_NAME, self.endpoint, "the phone's name")
        for codec in self.codecs:
            _require(_CODEC, codec, "the codec")
        if self.secret is not None:
            _require_secret(self.secret, f"the phone {self.endpoint}")


@dataclass(frozen=True, slots=True)
class RegistrationPlan:
    """How Asterisk registers at the operator of a trunk."""

    server_uri: str
    client_uri: str
    username: str
    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse what cannot be written."""
        _require(_URI, self.server_uri, "the registrar")
        _require(_URI, self.client_uri, "the registered address")
        _require(re.compile(r"[^\s;]+"), self.username, "the user name")
        _require_secret(self.secret, f"the registration at {self.server_uri}")


@dataclass(frozen=True, slots=True)
class PbxTrunkPlan:
    """A SIP trunk: packets from ``match`` (addresses, networks, ``address:port``) belong to it.

    Without ``match`` the endpoint is the operator's own (or a board's), and nothing is written for it.
    """

    endpoint: str
    match: tuple[str, ...]
    contact: str | None = None
    registration: RegistrationPlan | None = None
    codecs: tuple[str, ...] = ("alaw", "ulaw")
    dtmf_mode: DtmfMode = "rfc4733"
    qualify_s: int = 30

    def __post_init__(self) -> None:
        """Refuse what cannot be written."""
        _require(_NAME, self.endpoint, "the trunk's name")
        for address in self.match:
            _require(_ADDRESS, address, "the trunk's address")
        for codec in self.codecs:
            _require(_CODEC, codec, "the codec")
        if self.contact is not None:
            _require(_URI, self.contact, "the trunk's contact")


@dataclass(frozen=True, slots=True)
class PeerPlan:
    """Another Asterisk of the same engine, at ``address`` (``host:port``). Without a secret nothing is written."""

    endpoint: str
    address: str
    secret: str | None = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse what cannot be written."""
        _require(_NAME, self.endpoint, "the other Asterisk's name")
        _require(_ADDRESS, self.address, "the other Asterisk's address")
        if self.secret is not None:
            _require_secret(self.secret, "the other Asterisk")


@dataclass(frozen=True, slots=True)
class AccessCodePlan:
    """A number callers dial (an extension, or an Asterisk pattern ``_...``) and its fallback queue."""

    exten: str
    fallback_queue: str

    def __post_init__(self) -> None:
        """Refuse what cannot be written."""
        _require(_EXTENSION, self.exten, "the access code")
        _require(_NAME, self.fallback_queue, "the fallback queue")


@dataclass(frozen=True, slots=True)
class WayOutPlan:
    """Numbers outside that flows hand callers to, by a trunk's endpoint: these and no others can be called there.

    ``peer``: the endpoint of the other Asterisk that has the trunk; empty: this one has.
    """

    context: str
    endpoint: str
    numbers: tuple[str, ...]
    peer: str = ""

    def __post_init__(self) -> None:
        """Refuse what cannot be written."""
        _require(_NAME, self.context, "the context")
        _require(_NAME, self.endpoint, "the trunk's name")
        if self.peer:
            _require(_NAME, self.peer, "the other Asterisk's name")
        for number in self.numbers:
            _require(_NUMBER, number, "the number outside")

    def for_peers(self, number: str) -> str:
        """Name the extension by which the other Asterisks, which lack the trunk, ask for one of the numbers."""
        return f"{self.context}.{number}"

    def dialled(self, number: str) -> str:
        """Name what is dialled to reach one of the numbers."""
        return f"{self.for_peers(number)}@{self.peer}" if self.peer else f"{number}@{self.endpoint}"


@dataclass(frozen=True, slots=True)
class FallbackQueuePlan:
    """A queue of Asterisk's own, which serves callers while no engine does; ``members`` are phones' endpoints."""

    name: str
    members: tuple[str, ...]
    ring_timeout_s: int = 15
    wrap_up_s: int = 10

    def __post_init__(self) -> None:
        """Refuse what cannot be written."""
        _require(_NAME, self.name, "the fallback queue")
        for member in self.members:
            _require(_NAME, member, "the queue member")


@dataclass(frozen=True, slots=True)
class UserPlan:
    """A user of ARI or AMI, the loopback (or private) address where it is served and (AMI) from where.

    ARI's users have no such list before Asterisk 22: the address it is served at has to do.
    """

    user: str
    password: str = field(repr=False)
    port: int
    bind: str = "127.0.0.1"
    allow: tuple[str, ...] = ("127.0.0.0/255.0.0.0",)

    def __post_init__(self) -> None:
        """Refuse what cannot be written."""
        _require(_NAME, self.user, "the user")
        for address in (self.bind, *self.allow):
            _require(_ADDRESS, address, "the address")
        _require_secret(self.password, f"the user {self.user}")


@dataclass(frozen=True, slots=True)
class ContextsPlan:
    """The dialplan's contexts: where callers come in, where agents' phones dial, where callers go without an engine."""

    from_trunk: str = "acd-from-trunk"
    from_agents: str = "acd-from-agents"
    fallback: str = "acd-fallback"
    from_peers: str = "acd-from-peers"

    def __post_init__(self) -> None:
        """Refuse what cannot be written."""
        for context in (self.from_trunk, self.from_agents, self.fallback, self.from_peers):
            _require(_NAME, context, "the context")

    @property
    def left(self) -> str:
        """Name the context of the hang-up handler that remembers calls no engine saw."""
        return f"{self.from_trunk}-left"

    @property
    def back(self) -> str:
        """Name the context by which callers leave the fallback for the engine."""
        return f"{self.fallback}-back"

    @property
    def served(self) -> str:
        """Name the context that an agent of the fallback queue passes who is being connected."""
        return f"{self.fallback}-served"


@dataclass(frozen=True, slots=True)
class PbxPlan:
    """Everything the templates need.

    ``claim_timeout_ms``: how long a caller waits for an engine to claim the call before the fallback queue takes it.
    ``dead_man_s``: absolute timeout set on callers, which the engine has to renew; 0 sets none.
    ``extra_includes``: files to include at the end of one of ours, e.g. ``{"extensions.conf": (Path(...),)}``.
    ``music_classes``: classes of music on hold that waiting callers should hear.
    ``system_name``: what it calls itself beside the ``peers``, which ring ``peer_phones`` (extension and device).
    ``extra_modules``: Asterisk modules those files need beside ours, e.g. ``app_milliwatt``.
    """

    phones: tuple[PhonePlan, ...]
    trunks: tuple[PbxTrunkPlan, ...]
    access_codes: tuple[AccessCodePlan, ...]
    fallback_queues: tuple[FallbackQueuePlan, ...]
    ari: UserPlan
    ami: UserPlan
    sip_port: int
    sip_bind: str = "127.0.0.1"
    rtp_ports: tuple[int, int] = (10000, 20000)
    moh_dir: Path | None = None
    contexts: ContextsPlan = field(default_factory=ContextsPlan)
    claim_timeout_ms: int = 500
    dead_man_s: float = 0.0
    qualify_s: int = 30
    extra_includes: dict[str, tuple[Path, ...]] = field(default_factory=dict)
    extra_modules: tuple[str, ...] = ()
    music_classes: tuple[str, ...] = ()
    ways_out: tuple[WayOutPlan, ...] = ()
    system_name: str = ""
    peers: tuple[PeerPlan, ...] = ()
    peer_phones: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        """Refuse double names and queues nobody declared."""
        _require(_ADDRESS, self.sip_bind, "the SIP address")
        if self.system_name:
            _require(_NAME, self.system_name, "Asterisk's own name")
        for exten, device in self.peer_phones:
            _require(_NAME, exten, "the agent")
            _require(_ADDRESS, device, "the agent's device")
        names = [one.endpoint for ones in (self.phones, self.trunks, self.peers) for one in ones]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise DeployError(f"two endpoints have the same name: {', '.join(twice)}")
        queues = {queue.name for queue in self.fallback_queues}
        unknown = sorted({code.fallback_queue for code in self.access_codes} - queues)
        if unknown:
            raise DeployError(f"access codes fall back to queues that do not exist: {', '.join(unknown)}")
        for queue in self.fallback_queues:
            strangers = sorted(set(queue.members) - {phone.endpoint for phone in self.phones})
            if strangers:
                raise DeployError(
                    f"the fallback queue {queue.name} has members without a phone: {', '.join(strangers)}"
                )
