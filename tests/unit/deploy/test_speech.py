"""Texts become sounds through any program."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from acd.deploy.speech import Said, Speech, made
from acd.domain.errors import DeployError
from tests.unit.deploy.stand_ins import calls, stand_ins

HELLO = Said("Hello", "en", "en-us")


@pytest.fixture
def speech(tmp_path: Path) -> Speech:
    return Speech(stand_ins(tmp_path))


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    folder = tmp_path / "cache"
    folder.mkdir()
    return folder


def script(text: str) -> tuple[str, ...]:
    return (sys.executable, "-c", text)


def test_a_program_may_take_the_text_as_an_argument_and_write_the_file_named_to_it(speech: Speech, cache: Path) -> None:
    write = "import sys; open(sys.argv[4], 'w').write(' '.join(sys.argv[1:4]) + sys.stdin.read())"
    other = replace(speech, command=(*script(write), "{text}", "v={voice}", "{language}", "{file}"))
    assert made(HELLO, cache, other)["wav"].read_text() == "Hello v=en-us en"


def test_a_program_may_take_standard_input_and_write_standard_output(speech: Speech, cache: Path) -> None:
    other = replace(speech, command=script("import sys; sys.stdout.write(sys.stdin.read().upper())"))
    assert made(HELLO, cache, other)["wav"].read_text() == "HELLO"


def test_a_text_that_looks_like_a_placeholder_is_said_as_it_is(speech: Speech, cache: Path) -> None:
    other = replace(speech, command=(*script("import sys; sys.stdout.write(sys.argv[1])"), "{text}"))
    assert made(replace(HELLO, text="{voice} {file}"), cache, other)["wav"].read_text() == "{voice} {file}"


def test_a_sound_is_made_again_when_anything_it_depends_on_changes(speech: Speech, cache: Path, tmp_path: Path) -> None:
    recording = tmp_path / "r.wav"
    recording.write_text("recorded")
    changes = [
        HELLO,
        replace(HELLO, text="Bye"),
        replace(HELLO, language="id"),
        replace(HELLO, voice="en-gb"),
        replace(HELLO, version=2),
        replace(HELLO, recorded=recording),
    ]
    for said in (*changes, *changes):
        made(said, cache, speech)
    assert len(list(cache.glob("*.wav"))) == len(changes)
    assert calls(speech.tools).count("measure") == len(changes)
    assert HELLO.digest(("a",)) != HELLO.digest(("b",))


def test_a_form_that_is_new_is_made_beside_the_others(speech: Speech, cache: Path) -> None:
    assert set(made(HELLO, cache, speech)) == {"wav"}
    files = made(HELLO, cache, replace(speech, forms=("alaw", "ulaw", "sln16")))
    assert set(files) == {"wav", "alaw", "ulaw", "sln16"}
    assert all(file.read_text() == "Hello" for file in files.values())


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (("/nowhere/speaker",), "No such file"),
        (script("import sys; sys.exit('out of voice')"), "out of voice"),
        (script("raise SystemExit(3)"), "failed"),
        (script(""), "wrote no sound"),
        ((*script(""), "{file}"), "wrote no sound"),
        (script("import time; time.sleep(60)"), "took longer than 0.5 s"),
    ],
)
def test_a_program_that_fails_leaves_nothing_and_says_why(
    speech: Speech, cache: Path, command: tuple[str, ...], why: str
) -> None:
    with pytest.raises(DeployError, match=why):
        made(HELLO, cache, replace(speech, command=command, timeout_s=0.5))
    assert list(cache.iterdir()) == []


def test_a_program_that_says_nothing_is_found_out(speech: Speech, cache: Path) -> None:
    mute = replace(speech, command=script("print('mute')"))
    with pytest.raises(DeployError, match="made no sound"):
        made(HELLO, cache, mute)
