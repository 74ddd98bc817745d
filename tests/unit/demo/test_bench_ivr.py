"""What a key did is read out of the packets a caller heard."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
import uvloop

from acd.demo import bench_ivr, bench_menus
from acd.demo.audio import FRAME, power, read_wav, tone
from acd.demo.bench_ivr import PROMPTS, TONES, Reaction, put_tones, reactions, with_background
from acd.demo.deployment import Deployment, prepare
from acd.demo.puppet import Packet
from acd.domain.errors import DeployError

ROOT = Path(__file__).parents[3]
FIRST, SECOND = (tone(hertz, FRAME) for hertz in TONES)
SILENCE = b"\xd5" * FRAME


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    folder = tmp_path_factory.mktemp("bench") / "run"
    return prepare(folder, ROOT / "config", ROOT / "ivr_flows", bench_ivr.WISHES, Random(1))


def heard(*packets: tuple[float, bytes]) -> list[Packet]:
    return [Packet(at, number, sound) for number, (at, sound) in enumerate(packets)]


def test_the_cut_is_the_last_packet_of_the_prompt_and_the_next_the_first_of_the_other() -> None:
    packets = heard((0.98, FIRST), (1.0, FIRST), (1.02, FIRST), (1.03, SILENCE), (1.05, SECOND), (1.07, SECOND))
    (found,) = reactions([0.9], [1.0], packets)
    assert found == Reaction(pytest.approx(20.0), pytest.approx(50.0), pytest.approx(100.0))  # type: ignore[arg-type]


def test_a_prompt_that_was_cut_before_the_key_was_let_go_counts_as_cut_at_once() -> None:
    (found,) = reactions([0.9], [1.0], heard((0.95, FIRST), (1.01, SECOND)))
    assert found.cut == 0.0
    assert found.following == pytest.approx(10.0)


def test_keys_lead_from_tone_to_tone_in_turn() -> None:
    packets = heard((0.9, FIRST), (1.01, SECOND), (1.9, SECOND), (2.03, FIRST))
    assert [round(r.following) for r in reactions([1.0, 2.0], [1.0, 2.0], packets)] == [10, 30]


def test_a_key_that_led_nowhere_is_an_error() -> None:
    packets = heard((0.9, FIRST), (1.02, FIRST), (2.01, SECOND))
    with pytest.raises(DeployError, match="After key 1 of 2"):
        reactions([1.0, 2.0], [1.0, 2.0], packets)


def test_the_tones_take_the_places_of_the_prompts_in_their_forms(tmp_path: Path) -> None:
    for prompt in PROMPTS:
        for form in ("wav", "alaw", "sln16"):
            (tmp_path / f"{prompt}.{form}").write_bytes(b"spoken")
        (tmp_path / prompt).mkdir()
        (tmp_path / prompt / "a1b2.wav").write_bytes(b"spoken")
    (tmp_path / "bye.wav").write_bytes(b"spoken")
    put_tones(tmp_path)
    for prompt, hertz in zip(PROMPTS, TONES, strict=True):
        assert power(read_wav(tmp_path / f"{prompt}.wav")[:FRAME], hertz) > 0.01
        assert power(read_wav(tmp_path / prompt / "a1b2.wav")[:FRAME], hertz) > 0.01
        assert (tmp_path / f"{prompt}.alaw").read_bytes()[:FRAME] == tone(hertz, FRAME)
        assert not (tmp_path / f"{prompt}.sln16").exists()
    assert (tmp_path / "bye.wav").read_bytes() == b"spoken"


def test_the_dialplan_has_the_same_two_menus_with_the_same_files(deployment: Deployment) -> None:
    (path,) = with_background(deployment).plan.extra_includes["extensions.conf"]
    text = path.read_text(encoding="utf-8")
    for here, prompt in enumerate(PROMPTS):
        assert f"exten => s,1,Background({deployment.folder}/sounds/id/{prompt})" in text
        assert f"exten => 1,1,Goto(bench-menu-{1 - here},s,1)" in text


def test_a_crowd_goes_round_in_menus_and_nobody_leaves(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_menus, "CROWD", 20)
    monkeypatch.setattr(bench_menus, "_SECONDS", 0.5)
    monkeypatch.setattr(bench_menus, "_STEPS", 500)
    monkeypatch.setattr(bench_menus, "favour_calls", lambda: None)  # it would hold for every later test
    rows = uvloop.run(bench_menus.measure(deployment.settings.plan, lambda _: None))
    assert [row.unit for row in rows] == ["µs", "µs", "µs", "ms", "ms", "ms"]
    assert all(row.value > 0 for row in rows if row.unit == "µs")
