"""Loads a deployment: reads both folders, collects every mistake, and only then builds the settings.

Decides the order: read, check, fetch secrets, build. Must not know what any single value means.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path

from acd.domain.errors import ConfigError
from acd.domain.ids import ONLY_PBX, AgentId, CalendarId, Language, PbxId, SkillId, TrunkId
from acd.settings import build, calendar_checks, flow_checks, values
from acd.settings.build_data import data_settings
from acd.settings.build_prompts import build_prompts
from acd.settings.checks import check
from acd.settings.files import AcdFile, JournalSection, PhonesSection, RegistrationSection, StoreSection
from acd.settings.national import YEARS, NationalDays, national_days
from acd.settings.pbx_file import PbxSection
from acd.settings.secret_files import fetch, pairs
from acd.settings.sources import Files, Sources, read_all
from acd.settings.values import NO_SECRET, ApiToken, Secret
from acd.settings.yaml_marks import Document, Path_, printable

_MIN_TOKEN = 32
_MIN_PASSWORD = 8


def load(
    config_dir: Path, flows_dir: Path, env: Mapping[str, str], *, secrets: bool = True, today: date | None = None
) -> values.Settings:
    """Load and check both folders.

    Files named in ``acd.yaml`` are relative to ``config_dir``. With ``secrets=False`` passwords and tokens are neither
    looked for nor given, so that a configuration can be checked anywhere. ``today`` decides of which years national
    holidays are found; the real one by default.

    Raises:
        ConfigError: with every mistake of every file.
    """
    sources = read_all(config_dir, flows_dir)
    check(sources)
    settings = _settings(sources, config_dir, env if secrets else None, today or _today())
    mistakes = sources.mistakes()
    if mistakes or settings is None:
        raise ConfigError(mistakes)
    return settings


def _today() -> date:
    return datetime.now(UTC).date()  # noqa: TID251 - which years are wanted is settled once, when a plan is made


class _Secrets:
    """Fetches the secrets of one file; gives ``NO_SECRET`` throughout when none are wanted (no ``env``)."""

    def __init__(self, document: Document, base: Path, env: Mapping[str, str] | None) -> None:
        self._document, self._base, self._env = document, base, env

    def one(self, section: str | Path_, key: str, variable: str | None, file: str | None) -> Secret:
        if self._env is None:
            return NO_SECRET
        path = (section,) if isinstance(section, str) else section
        return fetch(self._document, path, key, variable, file, self._env, self._base)

    def named(self, section: str, key: str, variable: str | None, file: str | None, what: str) -> dict[str, Secret]:
        secret = self.one(section, key, variable, file)
        where = (section, f"{key}_env" if variable else f"{key}_file")
        return pairs(self._document, where, secret.reveal(), what)

    def note(self, section: str, key: str, message: str) -> None:
        self._document.add((section, key), message)


def _settings(sources: Sources, base: Path, env: Mapping[str, str] | None, today: date) -> values.Settings | None:
    files = sources.files()
    if files is None or files.acd.api is None:
        return None
    acd, secrets = files.acd, _Secrets(sources.acd.document, base, env)
    api = values.ApiSettings(files.acd.api.bind, files.acd.api.port, _tokens(secrets, files))
    asterisks = _asterisks(secrets, acd, base)
    store = (
        Secret(acd.store.url) if acd.store.url else secrets.one("store", "url", acd.store.url_env, acd.store.url_file)
    )
    journal = _journal_url(secrets, acd.journal)
    phone_passwords = _phone_passwords(secrets, acd.phones, files)
    data = data_settings(
        acd.data,
        {
            name: secrets.one(("data", "secrets", name), "value", section.value_env, section.value_file)
            for name, section in acd.data.secrets.items()
        },
    )
    pbx = _pbx(files, phone_passwords, _Secrets(sources.trunks.document, base, env))
    peer_secret = secrets.one("peers", "password", acd.peers.password_env, acd.peers.password_file)
    if sources.mistakes() or not asterisks:
        return None
    first = asterisks[0]
    recordings, national = acd.recordings, _national(files, today)
    calendar_checks.warn(sources, today, national)
    flow_checks.warn(sources)
    found = repr([(name, days.days) for name, days in national.items()]).encode() if national else b""
    prompts = build_prompts(base, files)
    return values.Settings(
        plan=(plan := build.plan(sources.version(found), files, national, prompts)),
        api=api,
        ari=first.ari,
        ami=first.ami,
        several=asterisks if acd.pbx else (),
        peer_secret=peer_secret,
        store=_store(acd.store, store, base / acd.journal.file, base),
        journal=values.JournalSettings(base / acd.journal.file, acd.journal.keep == "all", journal),
        recordings=values.RecordingsSettings(base / recordings.dir, plan.recording_prefix, recordings.format),
        prompts=prompts,
        pbx=pbx,
        time_zone=acd.time_zone,
        languages={Language(k): v.name for k, v in acd.languages.items()},
        skills={SkillId(k): v for k, v in files.skills.skills.items()},
        data=data,
        national={CalendarId(name): days for name, days in national.items()},
        warnings=sources.warnings(),
    )


def _asterisks(secrets: _Secrets, acd: AcdFile, base: Path) -> tuple[values.OnePbx, ...]:
    """The only one, or all of several; none where a mistake is noted."""
    if acd.pbx:
        return tuple(_one(secrets, PbxId(name), ("pbx", name), one, acd, base) for name, one in acd.pbx.items())
    if acd.ari is None or acd.ami is None:
        return ()
    return (_one(secrets, ONLY_PBX, (), PbxSection(ari=acd.ari, ami=acd.ami, sip=acd.sip), acd, base),)


def _one(secrets: _Secrets, pbx: PbxId, path: Path_, section: PbxSection, acd: AcdFile, base: Path) -> values.OnePbx:
    ari, ami, sip = section.ari, section.ami, section.sip
    ari_password = secrets.one((*path, "ari"), "password", ari.password_env, ari.password_file)
    ami_password = secrets.one((*path, "ami"), "password", ami.password_env, ami.password_file)
    return values.OnePbx(
        id=pbx,
        ari=values.AriSettings(ari.url.rstrip("/"), ari.user, ari_password, ari.application),
        ami=values.AmiSettings(ami.host, ami.port, ami.user, ami_password),
        recordings=base / (section.recordings_dir or acd.recordings.dir),
        sip_bind=sip.bind,
        sip_port=sip.port,
        rtp_ports=(sip.rtp_from, sip.rtp_to),
        address=section.address or f"{sip.bind}:{sip.port}",
    )


def _journal_url(secrets: _Secrets, journal: JournalSection) -> Secret | None:
    if journal.url:
        return Secret(journal.url)
    if not journal.url_env and not journal.url_file:
        return None
    return secrets.one("journal", "url", journal.url_env, journal.url_file)


def _store(section: StoreSection, url: Secret, journal: Path, base: Path) -> values.StoreSettings:
    spool = base / section.spool.file if section.spool.file is not None else journal.with_name("records.spool")
    keep = section.keep_months
    return values.StoreSettings(url, spool, section.spool.megabytes << 20, keep.records, keep.decisions)


def _national(files: Files, today: date) -> dict[str, NationalDays]:
    """The holidays of calendars that want a country's."""
    years = tuple(range(today.year, today.year + YEARS))
    languages = tuple(Language(language) for language in files.acd.languages)
    return {
        name: national_days(section.national, years, languages, joint_leave=section.joint_leave)
        for name, section in files.calendars.calendars.items()
        if section.national is not None
    }


def _tokens(secrets: _Secrets, files: Files) -> tuple[ApiToken, ...]:
    api = files.acd.api
    if api is None:
        return ()
    tokens = secrets.named("api", "tokens", api.tokens_env, api.tokens_file, "TOKEN")
    key = "tokens_env" if api.tokens_env else "tokens_file"
    for name, token in tokens.items():
        role, _, holder = name.partition("/")
        if len(token.reveal()) < _MIN_TOKEN:
            secrets.note("api", key, f"the token of {printable(name)} has fewer than {_MIN_TOKEN} characters")
        if role == "agent" and holder not in files.agents.agents:
            secrets.note("api", key, f"unknown agent '{printable(holder)}' in it")
    return tuple(ApiToken(name, token) for name, token in tokens.items())


def _phone_passwords(secrets: _Secrets, phones: PhonesSection, files: Files) -> dict[AgentId, Secret]:
    found = secrets.named("phones", "passwords", phones.passwords_env, phones.passwords_file, "PASSWORD")
    key = "passwords_env" if phones.passwords_env else "passwords_file"
    for name, password in found.items():
        if name not in files.agents.agents:
            secrets.note("phones", key, f"unknown agent '{printable(name)}' in it")
        elif len(password.reveal()) < _MIN_PASSWORD:
            secrets.note("phones", key, f"the password of {name} has fewer than {_MIN_PASSWORD} characters")
    return {AgentId(name): secret for name, secret in found.items()}


def _registration(name: str, section: RegistrationSection | None, secrets: _Secrets) -> values.Registration | None:
    if section is None:
        return None
    where = ("gateways", name, "register_at")
    password = secrets.one(where, "password", section.password_env, section.password_file)
    return values.Registration(section.server, section.client, section.user, password)


def _pbx(files: Files, phone_passwords: dict[AgentId, Secret], secrets: _Secrets) -> values.PbxSettings:
    dialplan, phones, sip = files.acd.dialplan, files.acd.phones, files.acd.sip
    return values.PbxSettings(
        context_from_trunk=dialplan.from_trunk,
        context_from_agents=dialplan.from_agents,
        context_fallback=dialplan.fallback,
        gateways=tuple(
            values.Gateway(
                name=name,
                trunk=TrunkId(gateway.trunk),
                match=gateway.match,
                contact=gateway.contact,
                codecs=gateway.codecs,
                dtmf_mode=gateway.dtmf_mode,
                registration=_registration(name, gateway.register_at, secrets),
            )
            for name, gateway in files.trunks.gateways.items()
        ),
        phone_codecs=phones.codecs,
        phone_dtmf_mode=phones.dtmf_mode,
        phone_passwords=phone_passwords,
        fallback_agents=tuple(AgentId(a) for a in files.acd.fallback.agents or files.agents.agents),
        dead_man_s=files.acd.fallback.dead_man,
        hand_over_at_stop=files.acd.fallback.at_stop == "hand_over",
        sip_bind=sip.bind,
        sip_port=sip.port,
        rtp_ports=(sip.rtp_from, sip.rtp_to),
        phones_ahead_s=phones.ahead,
    )
