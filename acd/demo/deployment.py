"""From the sample deployment to one that runs in a folder of its own: own ports, own secrets, otherwise the same files.

Decides which values a demonstration has to change (``CHANGES`` tells people). Must not know how anything is started.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any, TypeAlias

import yaml

from acd.demo.callers import ADDRESS as CALLERS
from acd.demo.phones import ADDRESS as PHONES
from acd.demo.phones import write_private
from acd.deploy.plan import PbxPlan
from acd.deploy.settings_plan import pbx_plan
from acd.domain.errors import DeployError
from acd.settings import Settings, load

CHANGES = (
    "calendars: always open, so that it runs at any hour of any day",
    "queues: {wrap_up:g} s of wrap-up, so that agents are free sooner",
    f"trunks: the gateway is a caller program at {CALLERS}",
    "acd.yaml: free ports, folders of this run, fresh secrets",
    "flows: what they ask of other systems is answered by a small one of the demonstration",
)
"""What differs from the files of the deployment, one line each, to be formatted with ``wrap_up``."""
LOOPBACK = "127.0.0.1"
DATA = f"{LOOPBACK}:8170"
"""Where the sample deployment's flows ask for licences."""
_RTP_SPAN = 1000
_SINGLE = range(12000, 16000)
_RTP = range(16000, 32000, 2 * _RTP_SPAN)
"""Below the ports that the kernel gives to whoever asks for any."""

Yaml = dict[str, Any]
Share: TypeAlias = tuple[int, int]
"""One part of the ports, and how many parts there are."""
ALL: Share = (0, 1)


@dataclass(frozen=True, slots=True)
class Ports:
    """Free ports: TCP of API, ARI, AMI, data; UDP of SIP of Asterisk, phones, callers, customers; first RTP."""

    api: int
    ari: int
    ami: int
    sip: int
    phones: int
    callers: int
    more_callers: int
    customers: int
    """Where customers are called back."""
    rtp: int
    phones_rtp: int
    data: int
    """Of the system that flows ask."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a run wants otherwise. ``more_agents`` are added with every skill."""

    wrap_up_s: float = 3.0
    more_agents: int = 0
    only_agents: int = 0
    """So many, logged in from the start, instead of the deployment's; no passwords and no phones are made for them."""
    skills: tuple[str, ...] = ()
    """Of ``only_agents``, but for the first one, who has every skill, so that each queue has somebody."""
    trunk_capacity: int | None = None
    """Channels of every trunk; None leaves what the deployment says."""
    queue: Yaml = field(default_factory=dict)
    """Values for every queue."""
    fallback: Yaml = field(default_factory=dict)
    """Values for the time without an engine."""
    access_codes: Yaml = field(default_factory=dict)
    """Further access codes."""
    flows: Mapping[str, Yaml] = field(default_factory=dict)
    """Further flows."""
    prompts: Yaml = field(default_factory=dict)
    """Further prompts: texts by language."""
    overload: Yaml = field(default_factory=dict)
    """When new calls are refused."""
    phones: Yaml = field(default_factory=dict)
    """Values of the section ``phones``."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployment ready to start. ``env`` carries the secrets; ``token`` is a supervisor's."""

    folder: Path
    config: Path
    flows: Path
    ports: Ports
    env: Mapping[str, str] = field(repr=False)
    token: str = field(repr=False)
    settings: Settings
    plan: PbxPlan

    @property
    def url(self) -> str:
        """Where the API is."""
        return f"http://{LOOPBACK}:{self.ports.api}"

    @property
    def sip(self) -> tuple[str, int]:
        """Where Asterisk takes calls."""
        return (LOOPBACK, self.ports.sip)

    @property
    def token_file(self) -> Path:
        """A file with the token, for people."""
        return self.folder / "token"

    @property
    def database(self) -> Path:
        """Where the call records are."""
        return self.folder / "acd.db"

    @property
    def phone_passwords(self) -> dict[str, str]:
        """The phones' passwords by endpoint."""
        return {phone.endpoint: phone.secret for phone in self.plan.phones if phone.secret is not None}


def free_ports(chance: Random, share: Share = ALL) -> Ports:
    """Find ports nobody uses now. Those of sound are bound only while somebody talks: side by side, share them out."""
    tcp, udp = socket.SOCK_STREAM, socket.SOCK_DGRAM
    which, of = share
    singles, blocks = _SINGLE[which::of], _RTP[which::of]
    with ExitStack() as held:

        def take(kind: socket.SocketKind, address: str) -> int:
            for port in chance.sample(singles, len(singles)):
                taken = held.enter_context(socket.socket(socket.AF_INET, kind))
                with suppress(OSError):
                    taken.bind((address, port))
                    return port
            raise DeployError(f"No free port at {address} between {_SINGLE.start} and {_SINGLE.stop}")

        rtp = chance.choice(blocks)
        return Ports(
            api=take(tcp, LOOPBACK),
            ari=take(tcp, LOOPBACK),
            ami=take(tcp, LOOPBACK),
            sip=take(udp, LOOPBACK),
            phones=take(udp, PHONES),
            callers=take(udp, CALLERS),
            more_callers=take(udp, CALLERS),
            customers=take(udp, CALLERS),
            rtp=rtp,
            phones_rtp=rtp + _RTP_SPAN,
            data=take(tcp, LOOPBACK),
        )


def prepare(folder: Path, config: Path, flows: Path, wishes: Wishes, chance: Random, share: Share = ALL) -> Deployment:
    """Write the derived deployment into the folder and load it. Its ports come from a share of those there are.

    Raises:
        DeployError: the deployment or the folder cannot be used.
        ConfigError: the deployment has mistakes, or misses what is changed here.
    """
    ports = free_ports(chance, share)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        derived = folder / "config"
        # The sample's tests are about the sample's queues and hours, which are others here.
        shutil.copytree(flows, folder / "ivr_flows", ignore=shutil.ignore_patterns("*.test.yaml"))
        for flow in (folder / "ivr_flows").glob("*.yaml"):
            _ask_at(flow, ports.data)
        derived.mkdir()
        files = dict(_derived(folder, config, ports, wishes))
        for name, content in files.items():
            _write(derived / name, content)
        _ask_at(derived / "acd.yaml", ports.data)
        for name, content in wishes.flows.items():
            _write(folder / "ivr_flows" / f"{name}.yaml", content)
            _ask_at(folder / "ivr_flows" / f"{name}.yaml", ports.data)
        if wishes.prompts:
            _say_more(folder / "ivr_flows" / "prompts.yaml", wishes.prompts)
    except (OSError, shutil.Error, yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise DeployError(f"The deployment in {config} and {flows} cannot be used for a run: {error}") from error
    token = secrets.token_hex(24)
    write_private(folder / "token", token + "\n")
    env = _secrets([] if wishes.only_agents else files["agents.yaml"]["agents"], token)
    settings = load(derived, folder / "ivr_flows", {**os.environ, **env})
    plan = pbx_plan(settings, moh_dir=folder / "sounds" / "moh")
    # Customers' phones are there when they are called, not before: there is nobody to answer OPTIONS.
    plan = replace(plan, trunks=tuple(replace(trunk, qualify_s=0) for trunk in plan.trunks))
    return Deployment(folder, derived, folder / "ivr_flows", ports, env, token, settings, plan)


def _ask_at(path: Path, port: int) -> None:
    """Have the demonstration's own system asked instead of the sample's."""
    text = path.read_text(encoding="utf-8")
    if DATA in text:
        path.write_text(text.replace(DATA, f"{LOOPBACK}:{port}"), encoding="utf-8")


def _derived(folder: Path, config: Path, ports: Ports, wishes: Wishes) -> Iterator[tuple[str, Yaml]]:
    for path in sorted(config.glob("*.yaml")):
        content: Yaml = yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)  # noqa: S506 - gives text only
        match path.name:
            case "acd.yaml":
                _surroundings(content, folder, ports)
                content["overload"] = {**content.get("overload", {}), **wishes.overload}
                content["phones"].update(wishes.phones)
                if wishes.only_agents:
                    content["phones"].pop("passwords_env")
                    content["fallback"] = {"agents": [_name(1)]}
                content["fallback"].update(wishes.fallback)
            case "queues.yaml":
                for queue in content["queues"].values():
                    queue.get("announce", {}).pop("lunch", None)
                    queue.update({"wrap_up": f"{wishes.wrap_up_s * 1000:.0f}ms", **wishes.queue})
            case "trunks.yaml":
                for gateway in content["gateways"].values():
                    gateway["match"] = [CALLERS]
                    gateway["contact"] = f"sip:{CALLERS}:{ports.customers}"
                    gateway.pop("register_at", None)
                if wishes.trunk_capacity is not None:
                    for trunk in content["trunks"].values():
                        trunk["capacity"] = str(wishes.trunk_capacity)
            case "calendars.yaml":
                content["calendars"] = {name: {"hours": {"mon-sun": ["00:00-24:00"]}} for name in content["calendars"]}
            case "agents.yaml":
                _hire(content["agents"], wishes)
            case "access_codes.yaml":
                content["access_codes"].update(wishes.access_codes)
            case _:
                pass
        yield path.name, content


def _surroundings(content: Yaml, folder: Path, ports: Ports) -> None:
    content["api"].update(bind=LOOPBACK, port=ports.api, tokens_env="ACD_API_TOKENS")
    content["ari"].update(url=f"http://{LOOPBACK}:{ports.ari}", password_env="ACD_ARI_PASSWORD")  # noqa: S106 - a name
    content["ami"].update(host=LOOPBACK, port=ports.ami, password_env="ACD_AMI_PASSWORD")  # noqa: S106 - a name
    content["store"] = {"url": f"sqlite+aiosqlite:///{folder / 'acd.db'}", "spool": {"megabytes": "4"}}
    content["journal"] = {"file": str(folder / "journal.db")}
    content["recordings"].update(dir=str(folder / "asterisk" / "spool" / "recording"))
    content["prompts"].update(dir=str(folder / "sounds"), sound_prefix=str(folder / "sounds"))
    content["phones"].pop("passwords_file", None)
    content["phones"].update(passwords_env="ACD_PHONE_PASSWORDS")
    content["sip"] = {
        "bind": LOOPBACK,
        "port": ports.sip,
        "rtp_from": ports.rtp,
        "rtp_to": ports.rtp + _RTP_SPAN - 1,
    }


def _hire(agents: Yaml, wishes: Wishes) -> None:
    every = {skill: "3" for agent in agents.values() for skill in agent["skills"]}
    for number in range(1, wishes.more_agents + 1):
        agents[f"more{number}"] = {"name": f"Petugas tambahan {number}", "skills": every}
    if wishes.only_agents:
        agents.clear()
        skills = dict.fromkeys(wishes.skills, "3")
        for number in range(1, wishes.only_agents + 1):
            known = every if number == 1 else skills
            agents[_name(number)] = {"name": f"Petugas {number}", "skills": known, "login_at_start": "true"}


def _name(number: int) -> str:
    return f"agent{number:05}"


def _secrets(agents: Iterable[str], token: str) -> dict[str, str]:
    return {
        "ACD_API_TOKENS": f"supervisor/demo {token}",
        "ACD_ARI_PASSWORD": secrets.token_hex(16),
        "ACD_AMI_PASSWORD": secrets.token_hex(16),
        "ACD_PHONE_PASSWORDS": "\n".join(f"{agent} {secrets.token_hex(12)}" for agent in agents),
    }


def _say_more(path: Path, prompts: Yaml) -> None:
    content = yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)  # noqa: S506 - gives text only
    content["prompts"].update(prompts)
    _write(path, content)


class _Plain(yaml.SafeDumper):
    """Writes a value that stands in two places twice; the engine's files know no anchors."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - yaml calls it so
        return True


def _write(path: Path, content: Yaml) -> None:
    write_private(path, yaml.dump(content, Dumper=_Plain, allow_unicode=True, sort_keys=False, width=120))
