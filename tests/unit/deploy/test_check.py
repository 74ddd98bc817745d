from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from acd.deploy.check import check
from acd.deploy.check_sounds import Sounds
from acd.deploy.live import LivePbx
from acd.deploy.modules import REQUIRED
from acd.deploy.plan import PbxPlan, PeerPlan, WayOutPlan
from acd.domain.errors import DeployError
from tests.unit.deploy.plans import small_plan

PLAN = small_plan(music_classes=("calm",))


@dataclass
class FakePbx:
    """An Asterisk with everything in place; a test takes something away."""

    root: Path
    console: dict[str, str] = field(default_factory=dict)
    complaint: str = ""
    status: int = 200
    version: str = "22.10.1"
    modules: set[str] = field(default_factory=lambda: {*REQUIRED, "app_stasis_broadcast"})

    def __post_init__(self) -> None:
        etc, spool = self.root / "etc", self.root / "spool"
        etc.mkdir()
        (spool / "recording").mkdir(parents=True)
        self.write("ari.conf", "[general]\nenabled=yes\n")
        self.write("manager.conf", "[general]\nbindaddr=127.0.0.1\n[acd]\nwritetimeout=5000\n")
        self.write("http.conf", "[general]\nbindaddr=127.0.0.1\n")
        pid = self.root / "asterisk.pid"
        pid.write_text(str(os.getpid()))
        self.console = {
            "core show version": "Asterisk 22.10.1",
            "core show settings": f"  Configuration directory: {etc}\n  Spool directory: {spool}\n  PID file: {pid}\n",
            "manager show user acd": "  read perm: system,call,agent\n  write perm: system,call,reporting\n",
            "dialplan show 169@acd-from-trunk": "1. Set(ACD_FALLBACK_QUEUE=acd-general)",
            "pjsip show endpoint gw1": " context            : acd-from-trunk\n",
            "pjsip show endpoint agent101": " context            : acd-from-agents\n",
            "pjsip show endpoint agent102": " context            : acd-from-agents\n",
            "queue show acd-general": "\nacd-general has 0 calls\n",
            "moh show classes": "Class: acd\n\tMode: files\nClass: calm\n\tMode: files\n",
            **{
                f"dialplan show {name}": f"[ Context '{name}' created by 'pbx_config' ]"
                for name in ("acd-from-trunk", "acd-from-agents", "acd-fallback")
            },
        }

    def write(self, name: str, text: str) -> None:
        (self.root / "etc" / name).write_text(text)

    def find(self, monkeypatch: pytest.MonkeyPatch, plan: PbxPlan = PLAN, sounds: Sounds | None = None) -> list[str]:
        def ask(command: str) -> str:
            if not self.console:
                raise DeployError("Asterisk's console does not answer")
            return self.console.get(command, "")

        def ari_get(_: LivePbx, path: str) -> tuple[int, Any]:
            if self.status != 200:
                return self.status, None
            if path == "/asterisk/info":
                return 200, {"system": {"version": self.version}, "config": {"name": "sby"}}
            return 200, [{"name": f"{name}.so", "status": "Running"} for name in self.modules]

        monkeypatch.setattr(LivePbx, "ari_get", ari_get)
        monkeypatch.setattr(LivePbx, "ami_login", lambda _: self.complaint)
        live = LivePbx(ask, plan.ari, plan.ami)
        return [str(found) for found in check(live, plan, self.root / "spool/recording", sounds)]


@pytest.fixture
def pbx(tmp_path: Path) -> FakePbx:
    return FakePbx(tmp_path)


def test_an_asterisk_with_everything_has_no_findings(pbx: FakePbx, monkeypatch: pytest.MonkeyPatch) -> None:
    assert pbx.find(monkeypatch) == []


def _unload(pbx: FakePbx) -> None:
    pbx.modules.discard("res_stasis_recording")


def _no_broadcast(pbx: FakePbx) -> None:
    pbx.modules.discard("app_stasis_broadcast")


def _no_context(pbx: FakePbx) -> None:
    del pbx.console["dialplan show acd-fallback"]


def _no_code(pbx: FakePbx) -> None:
    del pbx.console["dialplan show 169@acd-from-trunk"]


def _wrong_context(pbx: FakePbx) -> None:
    pbx.console["pjsip show endpoint gw1"] = " context            : from-pstn\n"


def _no_phone(pbx: FakePbx) -> None:
    del pbx.console["pjsip show endpoint agent102"]


def _no_queue(pbx: FakePbx) -> None:
    del pbx.console["queue show acd-general"]


def _few_rights(pbx: FakePbx) -> None:
    pbx.console["manager show user acd"] = "read perm: call\nwrite perm: all\n"


def _refused(pbx: FakePbx) -> None:
    pbx.complaint = "Authentication failed"


def _ari_refused(pbx: FakePbx) -> None:
    pbx.status = 401


def _no_http(pbx: FakePbx) -> None:
    pbx.status = 0


def _old(pbx: FakePbx) -> None:
    pbx.version = "18.20.0"


def _long_ari_timeout(pbx: FakePbx) -> None:
    pbx.write("ari.conf", "[general]\nenabled=yes\nwebsocket_write_timeout=5000\n")


def _short_ami_timeout(pbx: FakePbx) -> None:
    pbx.write("manager.conf", "[acd]\nwritetimeout=100\n")


def _open_ami(pbx: FakePbx) -> None:
    pbx.write("manager.conf", "[general]\nbindaddr=0.0.0.0\n[acd]\nwritetimeout=5000\n")


def _few_sessions(pbx: FakePbx) -> None:
    pbx.write("http.conf", "[general]\nsessionlimit=10\n")


def _direct_media(pbx: FakePbx) -> None:
    for name in ("gw1", "agent102"):
        pbx.console[f"pjsip show endpoint {name}"] += " direct_media_method : invite\n direct_media  : true\n"


def _no_music_of_ours(pbx: FakePbx) -> None:
    pbx.console["moh show classes"] = "Class: calm\n"


def _other_music(pbx: FakePbx) -> None:
    pbx.console["moh show classes"] = "Class: acd\nClass: default\n"


def _silence(pbx: FakePbx) -> None:
    pbx.console["moh show classes"] = "Class: acd\n"


def _no_folder(pbx: FakePbx) -> None:
    (pbx.root / "spool/recording").rmdir()


def _other_folder(pbx: FakePbx) -> None:
    pbx.console["core show settings"] = pbx.console["core show settings"].replace("/spool", "/elsewhere")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_unload, "MISSING: the module res_stasis_recording is not loaded (recordings)"),
        (_no_broadcast, "note: this Asterisk has no StasisBroadcast"),
        (_no_context, "MISSING: the dialplan has no context acd-fallback"),
        (_no_code, "MISSING: the access code 169 is not in acd-from-trunk"),
        (_wrong_context, "MISSING: the endpoint gw1 is in the context from-pstn"),
        (_no_phone, "MISSING: PJSIP does not know agent102"),
        (_no_queue, "MISSING: there is no queue acd-general"),
        (_few_rights, "MISSING: the AMI user acd lacks the read right system"),
        (_refused, "does not let acd in: Authentication failed"),
        (_ari_refused, "MISSING: ARI refuses the user acd"),
        (_no_http, "MISSING: nobody answers HTTP at 127.0.0.1:8088"),
        (_old, "MISSING: Asterisk is version 18.20.0"),
        (_long_ari_timeout, "MISSING: an event that nobody reads holds up a new caller for 5000 ms"),
        (_short_ami_timeout, "MISSING: a write timeout is 100 ms: a pause of the engine ends its AMI"),
        (_open_ami, "note: manager.conf: bindaddr=0.0.0.0 is open to everybody"),
        (_few_sessions, "note: http.conf: sessionlimit=10"),
        (_direct_media, "MISSING: direct_media=yes lets sound bypass Asterisk at gw1, agent102"),
        (_no_music_of_ours, "note: no music on hold class acd"),
        (_other_music, "note: no music on hold class calm with a file in it: waiting callers hear default instead"),
        (_silence, "MISSING: no music on hold class calm with a file in it: callers wait in silence"),
        (_no_folder, "does not exist"),
        (_other_folder, "elsewhere/recording, the configuration names"),
    ],
)
def test_one_thing_missing_is_one_finding_in_plain_words(
    pbx: FakePbx, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[FakePbx], None], words: str
) -> None:
    spoil(pbx)
    found = pbx.find(monkeypatch)
    assert len(found) == 1
    assert words in found[0]
    assert "\n    -> " in found[0]


def test_a_number_outside_that_a_flow_hands_callers_to_must_be_in_the_dialplan(
    pbx: FakePbx, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = replace(PLAN, ways_out=(WayOutPlan("acd-out-gw1", "gw1", ("110", "0215252008")),))
    pbx.console["dialplan show 110@acd-out-gw1"] = "  '110' => 1. Dial(PJSIP/110@gw1,60)  [pbx_config]"
    assert [line.split("\n")[0] for line in pbx.find(monkeypatch, plan)] == [
        "MISSING: flows cannot hand callers to 0215252008: it is not in acd-out-gw1"
    ]


def test_others_must_be_able_to_ask_for_a_number_outside_whose_trunk_is_here(
    pbx: FakePbx, monkeypatch: pytest.MonkeyPatch
) -> None:
    peers = (PeerPlan("acd-peer-sby", "10.0.0.2:5060", "a-secret-of-both"),)
    ways = (WayOutPlan("acd-out-gw1", "gw1", ("110",)), WayOutPlan("acd-out-gw2", "gw2", ("112",), "acd-peer-sby"))
    plan = replace(PLAN, ways_out=ways, peers=peers, system_name="jkt")

    def cannot() -> list[str]:
        return [line.split("\n")[0] for line in pbx.find(monkeypatch, plan) if "hand callers" in line]

    pbx.console["dialplan show 110@acd-out-gw1"] = "  '110' => 1. Dial(PJSIP/110@gw1,60)  [pbx_config]"
    assert cannot() == [
        "MISSING: flows cannot hand callers to 110: it is not in acd-from-peers",
        "MISSING: flows cannot hand callers to 112: it is not in acd-out-gw2",
    ]
    pbx.console["dialplan show acd-out-gw1.110@acd-from-peers"] = "1. Goto(acd-out-gw1,110,1)  [pbx_config]"
    pbx.console["dialplan show 112@acd-out-gw2"] = "1. Dial(PJSIP/acd-out-gw2.112@acd-peer-sby,60)  [pbx_config]"
    assert cannot() == []


def test_without_a_console_the_rest_is_still_looked_at(pbx: FakePbx, monkeypatch: pytest.MonkeyPatch) -> None:
    pbx.console.clear()
    pbx.modules.discard("res_stasis_recording")
    found = "\n".join(pbx.find(monkeypatch))
    assert "console does not answer" in found
    assert "res_stasis_recording" in found


def test_serious_findings_come_first(pbx: FakePbx, monkeypatch: pytest.MonkeyPatch) -> None:
    _no_broadcast(pbx)
    _no_folder(pbx)
    assert [found.split(":")[0] for found in pbx.find(monkeypatch)] == ["MISSING", "note"]


def test_files_that_cannot_be_read_are_a_note(pbx: FakePbx, monkeypatch: pytest.MonkeyPatch) -> None:
    (pbx.root / "etc/ari.conf").unlink()
    found = pbx.find(monkeypatch)
    assert len(found) == 1
    assert "not everything could be looked at" in found[0]


def _prompts(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


NAMES = ("id/welcome", "en/welcome")


def test_prompts_that_were_not_made_are_missing(pbx: FakePbx, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    place = tmp_path / "sounds"
    _prompts(place, "id/welcome.wav", "en/other.wav")
    [found] = pbx.find(monkeypatch, sounds=Sounds(place, str(place), NAMES))
    assert f"MISSING: 1 of 2 prompts have no sound file in {place}, such as en/welcome" in found
    assert found.endswith("-> acd prompts build")


def test_prompts_in_any_format_suffice(pbx: FakePbx, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    place = tmp_path / "sounds"
    _prompts(place, "id/welcome.wav", "en/welcome.alaw")
    assert pbx.find(monkeypatch, sounds=Sounds(tmp_path / "none", str(place), NAMES)) == []


def test_prompts_elsewhere_than_in_asterisks_data_directory_are_not_found_by_a_short_path(
    pbx: FakePbx, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    place, data = tmp_path / "sounds", tmp_path / "share"
    pbx.console["core show settings"] += f"  Data directory: {data}\n"
    _prompts(place, "id/welcome.wav", "en/welcome.wav")
    [found] = pbx.find(monkeypatch, sounds=Sounds(place, "acd", NAMES))
    assert f"look for the prompts in {data}/sounds/acd, but they are in {place}" in found
    assert found.endswith(f"-> acd.yaml: prompts: sound_prefix: {place}")
    _prompts(data / "sounds/acd", "id/welcome.wav", "en/welcome.wav")
    assert pbx.find(monkeypatch, sounds=Sounds(place, "acd", NAMES)) == []


def test_prompts_fetched_over_http_need_the_module_and_their_files_here(
    pbx: FakePbx, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sounds = Sounds(tmp_path, "/nowhere", NAMES, fetched=True)
    unloaded, absent = pbx.find(monkeypatch, sounds=sounds)
    assert "res_http_media_cache is not loaded" in str(unloaded)
    assert f"prompts have no sound file in {tmp_path}" in str(absent)
    pbx.console["module show like media_cache"] = "res_http_media_cache.so  HTTP Media Cache  1  Running  core\n"
    for name in NAMES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.wav").touch()
    assert pbx.find(monkeypatch, sounds=sounds) == []


def test_one_of_several_needs_its_name_and_the_way_for_the_others(
    pbx: FakePbx, monkeypatch: pytest.MonkeyPatch
) -> None:
    peers = (PeerPlan("acd-peer-sby", "10.0.0.2:5060", "a-secret-of-both"),)
    found = pbx.find(monkeypatch, replace(PLAN, system_name="jkt", peers=peers))
    assert any("is called 'sby': the engine does not connect to it" in one for one in found)
    assert any("the dialplan has no context acd-from-peers" in one for one in found)
    assert any("PJSIP does not know acd-peer-sby" in one for one in found)
    assert not any("is called" in one for one in pbx.find(monkeypatch, replace(PLAN, system_name="sby")))
