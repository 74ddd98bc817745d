"""prompts.yaml and ``prompts:`` in acd.yaml: who says what, with which voice, in which forms."""

from __future__ import annotations

import pytest

from acd.domain.errors import ConfigError
from acd.domain.ids import Language, PromptKey
from acd.settings.loader import load
from acd.settings.values import PromptsSettings
from tests.unit.settings.conftest import Deployment

ID, EN, BYE = Language("id"), Language("en"), PromptKey("bye")


def prompts(sample: Deployment) -> PromptsSettings:
    return load(sample.config, sample.flows, {}, secrets=False).prompts


def mistakes(sample: Deployment) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        prompts(sample)
    return [str(mistake).partition("prompts.yaml:")[2] or str(mistake) for mistake in caught.value.mistakes]


def test_a_prompt_may_have_a_version_and_a_voice_of_its_own(sample: Deployment) -> None:
    sample.change("prompts.yaml", "  bye:\n", "  bye:\n    version: 2\n    voices: {id: id+f3}\n")
    made = prompts(sample)
    assert made.texts[BYE] == {ID: "Terima kasih telah menghubungi 169.", EN: "Thank you for calling 169."}
    assert made.versions[BYE] == 2
    assert made.versions[PromptKey("welcome")] == 1
    assert made.own_voices[BYE] == {ID: "id+f3"}


def test_another_program_has_voices_of_its_own(sample: Deployment) -> None:
    assert prompts(sample).command == ()
    assert prompts(sample).voices == {ID: "id", EN: "en-us"}
    sample.change(
        "acd.yaml", "prompts:\n", 'prompts:\n  command: [piper, -m, "{voice}", -f, "{file}"]\n  voices: {id: a b}\n'
    )
    made = prompts(sample)
    assert made.command == ("piper", "-m", "{voice}", "-f", "{file}")
    assert made.voices == {ID: "a b", EN: "en-us"}


def test_forms_are_those_of_the_codecs_with_the_trunks_first(sample: Deployment) -> None:
    assert prompts(sample).forms == ("alaw", "ulaw")
    sample.change("trunks.yaml", "codecs: [alaw, ulaw]", "codecs: [g722, gsm, alaw]")
    sample.change("acd.yaml", "codecs: [alaw, ulaw]", "codecs: [opus, ulaw]")
    assert prompts(sample).forms == ("sln16", "alaw", "ulaw")


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("prompts.yaml", "  bye:\n", "  bye:\n    version: 0\n", "prompts.bye.version: must be at least 1, not '0'"),
        ("prompts.yaml", "  bye:\n", "  bye:\n    fr: Merci\n", "prompts.bye.fr: unknown language 'fr'"),
        (
            "prompts.yaml",
            "  bye:\n",
            "  bye:\n    \ufeffen: Bye\n",
            "prompts.bye.\N{REPLACEMENT CHARACTER}en: unknown language '\N{REPLACEMENT CHARACTER}en'",
        ),
        ("prompts.yaml", "  bye:\n", "  bye:\n    voices: {fr: x}\n", "prompts.bye.voices.fr: unknown language 'fr'"),
        ("prompts.yaml", "  bye:\n", "  bye:\n    fr: {a: b}\n", "prompts.bye.fr: "),
        ("prompts.yaml", "  bye:\n", "  empty: {version: 1}\n  bye:\n", "prompts.empty: has no text in any language"),
        ("acd.yaml", "prompts:\n", "prompts:\n  voices: {fr: x}\n", "prompts.voices.fr: unknown language 'fr'"),
        ("acd.yaml", "fallback: unavailable", "fallback: unavailble", "unknown prompt 'unavailble'; did you mean"),
        (
            "acd.yaml",
            "delivery: folder",
            "delivery: http\n  url: 10.0.0.5:8169",
            "prompts.url: '10.0.0.5:8169' is no address",
        ),
        ("acd.yaml", "delivery: folder", "url: http://a:port", "prompts.url: 'http://a:port' is no address"),
        ("acd.yaml", "delivery: folder", "url: http://a/?b", "prompts.url: 'http://a/?b' is no address"),
        (
            "acd.yaml",
            "prompts:\n",
            "prompts:\n  command: [say, '{txt}']\n",
            "prompts.command[1]: {txt} is none of {voice}, {language}, {file}, {text}",
        ),
    ],
)
def test_a_slip_is_one_message_with_its_line(sample: Deployment, file: str, old: str, new: str, told: str) -> None:
    sample.change(file, old, new)
    (found,) = mistakes(sample)
    assert told in found
    assert found.lstrip("/").partition(":")[0].isdigit() or "acd.yaml:" in found


def test_by_http_an_api_on_every_address_needs_a_url(sample: Deployment) -> None:
    sample.change("acd.yaml", "delivery: folder", "delivery: http")
    assert (prompts(sample).delivery, prompts(sample).url) == ("http", "")
    sample.change("acd.yaml", "bind: 127.0.0.1 ", "bind: 0.0.0.0 ")
    (found,) = mistakes(sample)
    assert "prompts.delivery: http needs a url" in found
    sample.change("acd.yaml", "delivery: http", "delivery: http\n  url: http://10.0.0.5:8169/")
    assert prompts(sample).url == "http://10.0.0.5:8169"
    assert prompts(sample).fallback == "unavailable"
