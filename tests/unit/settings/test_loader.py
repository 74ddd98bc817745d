"""Loading a deployment as a whole."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from acd.domain.calendar_plan import OpeningHours
from acd.domain.errors import ConfigError
from acd.domain.flow import FlowPlan, HoursNode, QueueNode
from acd.domain.flow_talk import ConsentNode, MenuNode, PlayNode
from acd.domain.ids import FlowId, Language, NodeId, PromptKey
from acd.domain.plan import AccessCodePlan, FeatureCode, TrunkPlan
from acd.domain.skills import SkillLevel
from acd.settings import load
from acd.settings.files import AcdFile
from tests.unit.settings.conftest import ROOT, Deployment

TOKEN = "t" * 32
ENV = {
    "ACD_API_TOKENS": f"# who may\noperator {TOKEN}\nwallboard {'w' * 40}\n",
    "ACD_ARI_PASSWORD": "ari-secret",
    "ACD_AMI_PASSWORD": "ami-secret",
}


def mistakes(deployment: Deployment, env: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(deployment.config, deployment.flows, env or {}, secrets=env is not None)
    return [f"{Path(m.file).name}:{m.line}:{m.column}: {m.path}: {m.message}" for m in caught.value.mistakes]


# --- the sample


def test_the_sample_has_the_24_agents_of_the_help_line_each_with_umum_and_indonesian() -> None:
    plan = load(ROOT / "config", ROOT / "ivr_flows", {}, secrets=False).plan
    assert list(plan.agents) == [f"agent{n}" for n in range(101, 125)]
    # At 1 a technical agent knows a little of LKPM.
    skills = {a.id: {s.skill for s in a.skills if s.level > 1 or s.skill == "umum"} for a in plan.agents.values()}
    assert all({"umum", "lang_id"} <= s for s in skills.values())
    counts = {
        skill: sum(skill in s for s in skills.values()) for skill in ("perizinan", "oss_teknis", "lkpm", "pengaduan")
    }
    assert counts == {"perizinan": 12, "oss_teknis": 6, "lkpm": 3, "pengaduan": 3}
    assert sum("lang_en" in s for s in skills.values()) == 4
    assert plan.agents["agent101"].device == "PJSIP/agent101"  # type: ignore[index]


def test_every_queue_of_the_sample_has_an_agent_for_callers_in_english() -> None:
    plan = load(ROOT / "config", ROOT / "ivr_flows", {}, secrets=False).plan
    english = [a for a in plan.agents.values() if any(s.skill == "lang_en" for s in a.skills)]
    for queue in plan.queues.values():
        if queue.overflow_drops_language:
            continue
        levels = [{s.skill: s.level for s in a.skills} for a in english]
        assert any(all(have.get(r.skill, 0) >= r.level for r in queue.requires) for have in levels), queue.id


def test_the_sample_becomes_the_plan_an_engine_decides_from() -> None:
    plan = load(ROOT / "config", ROOT / "ivr_flows", {}, secrets=False).plan
    by_name = {str(k): v for k, v in plan.queues.items()}
    assert by_name["q_perizinan"].requires == (SkillLevel("perizinan", 2),)  # type: ignore[arg-type]
    assert (by_name["q_perizinan"].max_wait_s, by_name["q_perizinan"].overflow_queue) == (90.0, "q_umum")
    assert by_name["q_perizinan"].overflow_drops_language
    assert list(plan.trunks.values()) == [TrunkPlan("e1", ("PJSIP/gw1",), 30)]  # type: ignore[arg-type]
    assert plan.access_codes == {
        n: AccessCodePlan(n, flow)  # type: ignore[arg-type]
        for n, flow in (("169", "169"), ("1500169", "investor"))
    }
    assert plan.language_skills == {"id": "lang_id", "en": "lang_en"}
    assert plan.feature_codes["*31"] == FeatureCode("*31", "pause", "istirahat")
    assert plan.recording_prefix == "acd/"


def test_the_sample_is_open_on_weekdays_from_8_to_17_in_jakarta_and_closed_on_holidays() -> None:
    plan = load(ROOT / "config", ROOT / "ivr_flows", {}, secrets=False).plan
    calendar = next(c for c in plan.calendars.values() if c.id == "jam_layanan")
    assert calendar.time_zone == "Asia/Jakarta"
    assert calendar.hours == tuple(OpeningHours(day, 480, 1020) for day in range(1, 6))
    assert "2026-08-17" in calendar.holidays


def test_the_flow_of_169_asks_the_hours_then_the_language_and_leads_each_key_to_its_queue() -> None:
    plan = load(ROOT / "config", ROOT / "ivr_flows", {}, secrets=False).plan
    flow = next(iter(plan.flows.values()))
    nodes = {str(k): v for k, v in flow.nodes.items()}
    assert flow.languages == ("id", "en")
    assert isinstance(nodes["jam_buka"], HoursNode)
    menu = nodes["utama"]
    assert isinstance(menu, MenuNode)
    assert {c.digit: c.next for c in menu.choices} == {
        "1": "perizinan", "2": "progres", "3": "oss", "4": "q_lkpm", "5": "lapor", "6": "kanal", "0": "q_umum",
    }  # fmt: skip
    assert (menu.repeat, menu.back) == ("*", "#")
    queues = {n.queue for n in nodes.values() if isinstance(n, QueueNode)}
    assert queues == set(plan.queues)


def test_who_refuses_to_be_recorded_is_served_all_the_same() -> None:
    plan = load(ROOT / "config", ROOT / "ivr_flows", {}, secrets=False).plan
    nodes = plan.flows[FlowId("169")].nodes
    notice, refused = nodes[NodeId("pemberitahuan")], nodes[NodeId("tanpa_rekaman")]
    assert isinstance(notice, ConsentNode)
    assert isinstance(refused, PlayNode)
    assert (notice.refuse, notice.refused, notice.next, refused.next) == ("9", refused.id, "utama", "utama")
    assert notice.version == "notice@1"


def test_the_version_changes_with_any_file_and_with_nothing_else(sample: Deployment, tmp_path: Path) -> None:
    before = load(sample.config, sample.flows, {}, secrets=False).plan.version
    shutil.copytree(sample.config, tmp_path / "elsewhere")
    assert load(tmp_path / "elsewhere", sample.flows, {}, secrets=False).plan.version == before
    sample.append("prompts.yaml", "# a comment\n")
    assert load(sample.config, sample.flows, {}, secrets=False).plan.version != before


def test_another_wording_makes_another_version_of_the_flows_that_say_it_and_of_no_other(sample: Deployment) -> None:
    def flows() -> dict[str, FlowPlan]:
        return {str(k): v for k, v in load(sample.config, sample.flows, {}, secrets=False).plan.flows.items()}

    before = flows()
    sample.change("prompts.yaml", "    en: That option is not available.\n", "    en: There is no such option.\n")
    after = flows()
    assert {name for name in after if after[name].version != before[name].version} == {"169", "investor", "cek_nib"}
    invalid, english = PromptKey("invalid"), Language("en")
    assert before["169"].wordings[invalid][english] != after["169"].wordings[invalid][english]
    assert before["169"].wordings[invalid][Language("id")] == after["169"].wordings[invalid][Language("id")]
    chosen = {PromptKey("stage_issued"), PromptKey("nib_stage"), PromptKey("nib_ask")}
    assert chosen <= set(after["cek_nib"].wordings)


def test_the_journal_keeps_what_a_restart_needs_unless_told_to_keep_all(sample: Deployment) -> None:
    assert not load(sample.config, sample.flows, {}, secrets=False).journal.keep_all
    sample.change("acd.yaml", "keep: recent", "keep: all")
    assert load(sample.config, sample.flows, {}, secrets=False).journal.keep_all


def test_prompts_are_played_from_where_they_are_made(sample: Deployment) -> None:
    made = load(sample.config, sample.flows, {}, secrets=False).prompts
    assert made.sound_prefix == str(made.dir)
    sample.change("acd.yaml", "  sound_prefix: /var/lib/asterisk/sounds/acd\n", "")
    sample.change("acd.yaml", "  dir: /var/lib/asterisk/sounds/acd ", "  dir: sounds ")
    made = load(sample.config, sample.flows, {}, secrets=False).prompts
    assert made.sound_prefix == str(sample.config / "sounds")


# --- secrets


def test_secrets_come_from_the_environment() -> None:
    settings = load(ROOT / "config", ROOT / "ivr_flows", ENV)
    assert settings.ari.password.reveal() == "ari-secret"
    assert settings.ami.password.reveal() == "ami-secret"
    assert [(t.name, t.token.reveal()) for t in settings.api.tokens] == [("operator", TOKEN), ("wallboard", "w" * 40)]


def test_secrets_come_from_files_beside_the_configuration(sample: Deployment) -> None:
    sample.change("acd.yaml", "password_env: ACD_ARI_PASSWORD", "password_file: ari.secret")
    (sample.config / "ari.secret").write_text("from-file\n", encoding="utf-8")
    assert load(sample.config, sample.flows, ENV).ari.password.reveal() == "from-file"


def test_secrets_come_from_the_folder_that_systemd_gives_each_service(sample: Deployment, tmp_path: Path) -> None:
    sample.change("acd.yaml", "password_env: ACD_ARI_PASSWORD", "password_file: $CREDENTIALS_DIRECTORY/ari-password")
    (tmp_path / "ari-password").write_text("from-systemd\n", encoding="utf-8")
    given = {**ENV, "CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert load(sample.config, sample.flows, given).ari.password.reveal() == "from-systemd"
    (told,) = mistakes(sample, ENV)
    assert told.endswith(
        " ari.password_file: CREDENTIALS_DIRECTORY is not set,"
        " as it is in a service of systemd's that has LoadCredential="
    )


def test_no_secret_is_shown_by_printing_the_settings() -> None:
    shown = repr(load(ROOT / "config", ROOT / "ivr_flows", ENV))
    assert not any(secret in shown for secret in ("ari-secret", "ami-secret", TOKEN))


def test_secrets_that_are_not_there_are_mistakes_where_they_are_named(sample: Deployment) -> None:
    sample.change("acd.yaml", "password_env: ACD_AMI_PASSWORD", "password_file: none.secret")
    assert [m.split(":", 3)[3] for m in mistakes(sample, {"ACD_API_TOKENS": f"a {TOKEN}"})] == [
        " ari.password_env: the environment variable ACD_ARI_PASSWORD is not set",
        " ami.password_file: the file cannot be read: No such file or directory",
    ]


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        ("operator short", "the token of operator has fewer than 32 characters"),
        (f"operator {TOKEN} x", "line 1 of it is not NAME TOKEN"),
        (f"a {TOKEN}\na {TOKEN}", "line 2 of it names a again"),
        (f"agent/agent999 {TOKEN}", "unknown agent 'agent999' in it"),
    ],
)
def test_tokens_that_cannot_be_used_are_mistakes_that_do_not_show_them(
    sample: Deployment, tokens: str, message: str
) -> None:
    (told,) = mistakes(sample, {**ENV, "ACD_API_TOKENS": tokens})
    assert told.endswith(f"api.tokens_env: {message}")
    assert TOKEN not in told


def test_passwords_of_phones_must_be_of_agents_there_are_and_long_enough(sample: Deployment) -> None:
    sample.change("acd.yaml", "  # passwords_file: /etc/acd/phones", "  passwords_file: phones")
    (sample.config / "phones").write_text("agent101 secret-of-101\nagent999 secret-of-999\n", encoding="utf-8")
    (told,) = mistakes(sample, ENV)
    assert told.endswith("phones.passwords_file: unknown agent 'agent999' in it")
    (sample.config / "phones").write_text("agent101 short\n", encoding="utf-8")
    (told,) = mistakes(sample, ENV)
    assert told.endswith("phones.passwords_file: the password of agent101 has fewer than 8 characters")
    (sample.config / "phones").write_text("agent101 secret-of-101\n", encoding="utf-8")
    passwords = load(sample.config, sample.flows, ENV).pbx.phone_passwords
    assert {k: v.reveal() for k, v in passwords.items()} == {"agent101": "secret-of-101"}


# --- numbers, trunks, calendars


def test_a_number_is_known_in_each_form_a_carrier_delivers(sample: Deployment) -> None:
    sample.change(
        "access_codes.yaml",
        "  1500169:\n    flow: investor",
        '  1500169: {flow: 169, also: [0211500169, "+62211500169"]}',
    )
    codes = load(sample.config, sample.flows, {}, secrets=False).plan.access_codes
    assert codes == {n: AccessCodePlan(n, "169") for n in ("169", "1500169", "0211500169", "+62211500169")}  # type: ignore[arg-type]


def test_a_number_that_begins_with_another_is_a_mistake(sample: Deployment) -> None:
    sample.change("access_codes.yaml", "  1500169:\n    flow: investor", "  1500169: {flow: 169, also: [1694]}")
    assert [m.split(": ", 1)[1] for m in mistakes(sample)] == [
        "access_codes.1500169.also[0]: overlaps 169: one begins with the other"
    ]


@pytest.mark.parametrize(
    ("prefixes", "clashes"),
    [
        ("[PJSIP/gw10]", False),
        ("[DAHDI/i1, DAHDI/i10]", False),
        ("[PJSIP/gw1-b]", True),
        ("[DAHDI/i1, DAHDI/i1-2]", True),
    ],
)
def test_prefixes_overlap_when_a_channel_could_begin_with_both(
    sample: Deployment, prefixes: str, *, clashes: bool
) -> None:
    sample.change("trunks.yaml", "    capacity: 30\n", f"    capacity: 30\n    channel_prefixes: {prefixes}\n")
    if clashes:
        assert "overlaps" in mistakes(sample)[0]
    else:
        load(sample.config, sample.flows, {}, secrets=False)


@pytest.mark.parametrize("address", ["192.0.2.0/29", "192.0.2.10:5070", "2001:db8::1", "gw.example.net", "gw:5080"])
def test_a_gateway_is_known_by_address_port_network_or_name(sample: Deployment, address: str) -> None:
    sample.change("trunks.yaml", "[192.0.2.10]", f'["{address}"]')
    assert load(sample.config, sample.flows, {}, secrets=False).pbx.gateways[0].match == (address,)


@pytest.mark.parametrize("address", ["192.0.2", "192.0.2.256", "192.0.2.10:0", "gw:port", "-gw", "a b", "192.0.2.0/33"])
def test_an_address_that_is_none_is_a_mistake(sample: Deployment, address: str) -> None:
    sample.change("trunks.yaml", "[192.0.2.10]", f'["{address}"]')
    assert "is no address" in mistakes(sample)[0]


def test_a_registration_needs_its_password_from_outside(sample: Deployment) -> None:
    sample.append("trunks.yaml", "    register_at: {server: 'sip:a.example', client: 'sip:169@a.example', user: 169}\n")
    assert mistakes(sample)[0].endswith(
        "gateways.gw1.register_at: password_env or password_file is missing: where does the secret come from?"
    )
    sample.change("trunks.yaml", "user: 169}", "user: 169, password_env: TRUNK}")
    registration = load(sample.config, sample.flows, {**ENV, "TRUNK": "trunk-secret"}).pbx.gateways[0].registration
    assert registration is not None
    assert registration.password.reveal() == "trunk-secret"


# --- files


def test_missing_folders_give_one_message_for_each_file_and_no_more(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "config", tmp_path / "flows", {})
    assert {m.message for m in caught.value.mistakes} == {"this file is missing"}
    assert [Path(m.file).name for m in caught.value.mistakes] == [
        "acd.yaml", "skills.yaml", "queues.yaml", "agents.yaml", "trunks.yaml", "calendars.yaml", "access_codes.yaml",
        "prompts.yaml",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["skills.yaml", "queues.yaml", "agents.yaml", "calendars.yaml", "prompts.yaml"])
def test_a_file_that_cannot_be_read_does_not_make_its_names_unknown_elsewhere(sample: Deployment, name: str) -> None:
    path = sample.config / name if (sample.config / name).exists() else sample.flows / name
    path.write_text("\t", encoding="utf-8")
    assert mistakes(sample) == [f"{name}:1:1: : a tab cannot indent YAML; use spaces"]


def test_a_broken_file_does_not_hide_the_mistakes_of_the_others(sample: Deployment) -> None:
    (sample.config / "skills.yaml").write_text("skills: [", encoding="utf-8")
    sample.change("169.yaml", "next: salam", "next: salm")
    told = mistakes(sample)
    assert len(told) == 2
    assert "unknown node 'salm'; did you mean 'salam'?" in told[1]


def test_an_agent_with_a_mistake_does_not_make_a_queue_impossible_to_serve(sample: Deployment) -> None:
    sample.change("queues.yaml", "requires: {pengaduan: 2}", "requires: {pengaduan: 5}")
    sample.change("agents.yaml", "pengaduan: 5", "pengaduan: five")
    (told,) = mistakes(sample)
    assert told.endswith("skills.pengaduan: must be a whole number, not 'five'")
    sample.change("agents.yaml", "pengaduan: five", "pengaduan: 4")
    (told,) = mistakes(sample)
    assert told.endswith("queues.q_pengaduan.requires: no agent has pengaduan at 5")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("  password_env: ACD_ARI_PASSWORD", "  password_env: lower", "ari.password_env: must be the name of an"),
        ("  url: sqlite+aiosqlite:////var/lib/acd/acd.db", "  url: []", "store.url: must be text, not a list"),
        ("  url: sqlite+aiosqlite:////var/lib/acd/acd.db", "  {}", "store: needs exactly one of url, url_env and"),
        ("  url: sqlite+aiosqlite:", "  url: mysql:", "store.url: must begin with sqlite+aiosqlite:// or"),
        (
            "  # keep_months: {records: 24, decisions: 6}",
            "  keep_months: {records: 6, decisions: 24}",
            "store.keep_months.decisions: decisions go with their call records, after 6 months",
        ),
        ("  # spool: {megabytes: 64}", "  spool: {megabytes: 0}", "store.spool.megabytes: "),
        (
            "  from_agents: acd-from-agents",
            "  from_agents: acd-from-trunk",
            "dialplan.from_agents: 'acd-from-trunk' is",
        ),
        ("  port: 8169", "  prot: 8169", "api.prot: unknown key; did you mean 'port'?"),
        (
            "  bind: 127.0.0.1          #",
            "  bind: everywhere #",
            "api.bind: 'everywhere' is no address of this machine",
        ),
        ("voice: en-us}", "voice: en us}", "languages.en.voice: must be a voice"),
        (
            "  keep: recent",
            "  keep: recent\n  url_env: ACD_DB",
            "journal.url_env: the store must be in the same database",
        ),
        ("  keep: recent", "  keep: recent\n  url: sqlite:///x", "journal.url: must begin with postgresql+asyncpg://"),
        ("keep: recent", "keep: some", "journal.keep: 'some' is none of all, recent"),
        ("rtp_to: 20000", "rtp_to: 10000", "sip.rtp_to: must be above rtp_from (10000)"),
    ],
)
def test_one_slip_in_acd_yaml_is_one_message(sample: Deployment, old: str, new: str, expected: str) -> None:
    sample.change("acd.yaml", old, new)
    (told,) = mistakes(sample)
    assert told.split(": ", 1)[1].startswith(expected)


def test_languages_are_needed_even_beside_another_mistake(sample: Deployment) -> None:
    (sample.config / "acd.yaml").write_text("languages: {}\nnonsense: 1\n", encoding="utf-8")
    assert [m.split(":", 3)[3].strip() for m in mistakes(sample) if m.startswith("acd.yaml")] == [
        "ami: is missing",
        "api: is missing",
        "ari: is missing",
        "languages: at least one language is needed",
        "nonsense: unknown key; known are " + ", ".join(AcdFile.model_fields),
    ]


def test_a_misspelt_file_name_is_a_mistake(sample: Deployment) -> None:
    (sample.config / "queue.yaml").write_text("queues: {}", encoding="utf-8")
    (sample.flows / "170.yml").write_text("nodes: {}", encoding="utf-8")
    assert [m.split(": : ")[1] for m in mistakes(sample)] == [
        "nothing reads a file of this name; did you mean 'queues.yaml'?",
        "nothing reads this file; flows end in .yaml",
    ]


def test_tests_beside_a_flow_are_no_flows(sample: Deployment) -> None:
    (sample.flows / "169.test.yaml").write_text("anything", encoding="utf-8")
    assert list(load(sample.config, sample.flows, {}, secrets=False).plan.flows) == [
        "169",
        "cek_nib",
        "gerbang",
        "investor",
    ]


# --- fuzz: whatever stands in a file, only ConfigError comes out

YAML_FILES = sorted(p.name for d in ("config", "ivr_flows") for p in (ROOT / d).glob("*.yaml"))
PIECES = st.sampled_from(
    [
        "a",
        "169",
        "name",
        "kind",
        "menu",
        "nodes",
        "agents",
        "queues",
        "entry",
        "skills",
        "1",
        "true",
        "20s",
        "*1",
        "",
        "id",
    ]
)
VALUES = st.recursive(
    PIECES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(PIECES, inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@pytest.fixture(scope="module")
def folder() -> Iterator[Deployment]:
    with TemporaryDirectory() as name:
        yield Deployment(Path(name))


def write_flow_style(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{k}": {write_flow_style(v)}' for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(write_flow_style(v) for v in value) + "]"
    return f'"{value}"'


def only_config_errors(deployment: Deployment, name: str, content: bytes) -> None:
    path = deployment.config / name if (deployment.config / name).exists() else deployment.flows / name
    before = path.read_bytes()
    path.write_bytes(content)
    told = None
    try:
        load(deployment.config, deployment.flows, ENV)
    except ConfigError as error:
        told = error.mistakes
    finally:
        path.write_bytes(before)
    assert told is None or told
    assert all(m.line >= 1 and m.column >= 1 and "\n" not in str(m) for m in told or ())


FUZZ = hypothesis_settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)


@FUZZ
@given(name=st.sampled_from(YAML_FILES), content=st.binary(max_size=120))
def test_random_bytes_give_only_config_errors(folder: Deployment, name: str, content: bytes) -> None:
    only_config_errors(folder, name, content)


@FUZZ
@given(name=st.sampled_from(YAML_FILES), value=VALUES)
def test_random_yaml_gives_only_config_errors(folder: Deployment, name: str, value: object) -> None:
    only_config_errors(folder, name, write_flow_style(value).encode())


@FUZZ
@given(data=st.data(), name=st.sampled_from(YAML_FILES))
def test_a_sample_with_a_piece_replaced_gives_only_config_errors(
    folder: Deployment, data: st.DataObject, name: str
) -> None:
    path = folder.config / name if (folder.config / name).exists() else folder.flows / name
    text = path.read_text(encoding="utf-8")
    start = data.draw(st.integers(0, len(text)))
    length = data.draw(st.integers(0, 60))
    piece = data.draw(st.text(alphabet="ab19*#:-{}[]\"'\n ,&!|>", max_size=12))
    only_config_errors(folder, name, (text[:start] + piece + text[start + length :]).encode())
