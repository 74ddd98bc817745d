from __future__ import annotations

import re
from pathlib import Path

import pytest

from acd.deploy.plan import ContextsPlan, PbxTrunkPlan, RegistrationPlan, WayOutPlan
from acd.deploy.templates import TEMPLATES, included_files, instance_files
from acd.domain.errors import DeployError
from tests.unit.deploy.plans import AMI_SECRET, ARI_SECRET, PHONE_SECRET, small_plan

RUN = Path("/run-folder")
PLACES = {
    "run_dir": RUN,
    "control_dir": RUN / "run",
    "modules_dir": Path("/modules"),
    "data_dir": Path("/data"),
    "recordings": RUN / "recordings",
    "moh_dir": RUN / "moh",
}


def _files(**changes: object) -> dict[str, str]:
    return instance_files(small_plan(**changes), PLACES, ["chan_pjsip.so"])


def _section(text: str, name: str, kind: str) -> str:
    sections = re.split(r"(?m)^(?=\[)", text)
    return next(s for s in sections if s.startswith(f"[{name}]") and f"type={kind}\n" in s)


def test_no_placeholder_is_left_in_any_file() -> None:
    for name, text in _files().items():
        assert "@{" not in text, name


def test_no_template_holds_a_password() -> None:
    for path in TEMPLATES.rglob("*.conf"):
        for line in path.read_text().splitlines():
            if re.match(r"(password|secret)\s*=", line):
                assert re.fullmatch(r"(password|secret)=@\{\w+\}", line), path


def test_each_secret_stands_in_one_file_only() -> None:
    files = _files()
    homes = {
        "acd_pjsip.conf": PHONE_SECRET.replace(";", "\\;"),
        "acd_ari.conf": ARI_SECRET,
        "acd_manager.conf": AMI_SECRET,
    }
    for home, secret in homes.items():
        assert [name for name, text in files.items() if secret in text] == [home]


def test_a_semicolon_in_a_secret_begins_no_comment() -> None:
    assert "password=phone\\;secret\n" in _files()["acd_pjsip.conf"]


def test_a_phone_without_a_secret_is_the_operators_own_and_not_written() -> None:
    assert "[agent102]" not in _files()["acd_pjsip.conf"]
    assert "member => PJSIP/agent102" in _files()["acd_queues.conf"]


def test_a_trunk_is_known_by_address_only_and_its_callers_move_no_calls() -> None:
    text = _files()["acd_pjsip.conf"]
    endpoint = _section(text, "gw1", "endpoint")
    assert "context=acd-from-trunk\n" in endpoint
    assert "identify_by=ip\n" in endpoint
    assert "allow_transfer=no\n" in endpoint
    assert "match=192.0.2.10\nmatch=192.0.2.11:5080\n" in _section(text, "gw1", "identify")


def test_a_trunk_without_addresses_is_the_operators_own_and_not_written() -> None:
    assert "[gw1]" not in _files(trunks=(PbxTrunkPlan("gw1", ()),))["acd_pjsip.conf"]


def test_a_trunk_with_a_contact_and_a_registration_gets_both() -> None:
    registration = RegistrationPlan("sip:sbc.example", "sip:169@sbc.example", "169", "trunk-secret")
    text = _files(trunks=(PbxTrunkPlan("gw1", ("192.0.2.1",), "sip:192.0.2.1", registration, qualify_s=7),))[
        "acd_pjsip.conf"
    ]
    assert "aors=gw1\noutbound_auth=gw1\n" in _section(text, "gw1", "endpoint")
    assert "qualify_frequency=7\n" in _section(text, "gw1", "aor")
    assert "password=trunk-secret\n" in _section(text, "gw1", "auth")
    assert "server_uri=sip:sbc.example\n" in _section(text, "gw1", "registration")


def test_everything_listens_on_loopback_unless_told_otherwise() -> None:
    files = _files()
    for name in ("http.conf", "manager.conf"):
        assert re.findall(r"(?m)^bindaddr=(.*)$", files[name]) == ["127.0.0.1"]
    assert "bind=127.0.0.1:5060\n" in files["pjsip.conf"]
    assert "deny=0.0.0.0/0.0.0.0\npermit=127.0.0.0/255.0.0.0\n" in files["acd_manager.conf"]


def test_the_dialplan_dials_nothing() -> None:
    text = _files(dead_man_s=60)["acd_extensions.conf"]
    applications = set(re.findall(r"(?:exten =>[^,]+,[^,]+,|same => n(?:\(\w+\))?,)(\w+)\(", text))
    assert applications <= {
        "Set", "MSet", "GotoIf", "TryExec", "StasisBroadcast", "Stasis",
        "Goto", "ExecIf", "Hangup", "Answer", "MixMonitor", "StopMixMonitor", "Queue", "Return",
    }  # fmt: skip


def test_only_numbers_that_flows_name_can_be_called_and_only_from_a_context_of_their_own() -> None:
    text = _files(ways_out=(WayOutPlan("acd-out-gw1", "gw1", ("110", "+65612345")),))["acd_extensions.conf"]
    before, _, after = text.partition("[acd-out-gw1]\n")
    assert "Dial(" not in before
    assert [line for line in after.splitlines() if not line.startswith(";")] == [
        "exten => 110,1,Dial(PJSIP/110@gw1,60)",
        " same => n,Hangup(${HANGUPCAUSE})",
        "exten => +65612345,1,Dial(PJSIP/+65612345@gw1,60)",
        " same => n,Hangup(${HANGUPCAUSE})",
    ]
    assert not re.findall(r"acd-out-", before)


@pytest.mark.parametrize("number", ["", "_X.", "110,1", "0811&PJSIP/evil", "${X}"])
def test_what_is_no_number_cannot_be_called(number: str) -> None:
    with pytest.raises(DeployError, match="the number outside"):
        WayOutPlan("acd-out-gw1", "gw1", (number,))


def test_contexts_can_have_other_names() -> None:
    files = _files(contexts=ContextsPlan("in", "phones", "rest"))
    contexts = ["in", "rest", "rest-served", "rest-back", "in-left", "phones"]
    assert re.findall(r"(?m)^\[(.*)\]$", files["acd_extensions.conf"]) == contexts
    assert "context=phones\n" in files["acd_pjsip.conf"]
    assert "context=in\n" in files["acd_pjsip.conf"]
    assert "Goto(in,${ACD_ACCESS_CODE},1)" in files["acd_extensions.conf"]
    assert "context=rest-back\n" in files["acd_queues.conf"]
    assert "membergosub=rest-served\n" in files["acd_queues.conf"]
    assert "Goto(rest,${EXTEN},1)" in files["acd_extensions.conf"]


def test_the_dead_mans_timeout_is_set_only_when_asked_for() -> None:
    assert "TIMEOUT(absolute)=60" not in _files()["acd_extensions.conf"]
    assert ",TIMEOUT(absolute)=60)" in _files(dead_man_s=60)["acd_extensions.conf"]


def test_extra_files_are_included_at_the_end() -> None:
    text = _files(extra_includes={"extensions.conf": (Path("/bench.conf"),)})["extensions.conf"]
    assert text.endswith("\n#include /bench.conf\n")


def test_each_of_our_files_is_included_by_one_of_the_instances() -> None:
    files = _files()
    for name in included_files(small_plan(), Path("/r"), Path("/m")):
        assert f"#include {name}\n" in files[name.removeprefix("acd_")]


def test_a_missing_template_is_told_by_its_path(tmp_path: Path) -> None:
    with pytest.raises(DeployError, match=r"acd_extensions\.conf|access_code\.conf"):
        included_files(small_plan(), Path("/r"), Path("/m"), tmp_path)
