"""Makes what adapters need of the prompts out of the files.

Decides which texts there are: those that come with the program, and the operator's, which take their place.
"""

from __future__ import annotations

from pathlib import Path

from acd.domain.ids import Language, PromptKey
from acd.engine import saying
from acd.settings.sources import Files
from acd.settings.values import PromptsSettings

_FORMS = {"alaw": "alaw", "ulaw": "ulaw", "g722": "sln16", "opus": "sln16"}
"""The form of sound files that Asterisk plays to a codec without transcoding, or with half of it."""


def build_prompts(base: Path, files: Files) -> PromptsSettings:
    """Make the prompts' settings; relative folders are below ``base``."""
    section, languages = files.acd.prompts, files.acd.languages
    texts = saying.catalogue(Language(language) for language in languages)
    for key, given in files.prompts.prompts.items():
        texts.setdefault(PromptKey(key), {}).update({Language(name): text for name, text in given.texts.items()})
    named = {PromptKey(key): given for key, given in files.prompts.prompts.items()}
    return PromptsSettings(
        dir=base / section.dir,
        recorded_dir=base / section.recorded_dir if section.recorded_dir else None,
        sound_prefix=section.sound_prefix or str((base / section.dir).absolute()),
        voices={Language(k): section.voices.get(k) or v.voice or k for k, v in languages.items()},
        texts=texts,
        versions={key: given.version for key, given in named.items()},
        own_voices={key: {Language(k): v for k, v in given.voices.items()} for key, given in named.items()},
        command=section.command,
        forms=_forms(files),
        fallback=PromptKey(section.fallback) if section.fallback else None,
        delivery=section.delivery,
        url=(section.url or "").rstrip("/"),
    )


def _forms(files: Files) -> tuple[str, ...]:
    """List the forms the trunks' and phones' codecs ask for, the trunks' preferred ones first."""
    lists = [gateway.codecs for gateway in files.trunks.gateways.values()] + [files.acd.phones.codecs]
    return tuple(dict.fromkeys(_FORMS[codec] for codecs in lists for codec in codecs if codec in _FORMS))
