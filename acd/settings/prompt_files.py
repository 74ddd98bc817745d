"""What is said and who says it: prompts.yaml, and ``prompts:`` in acd.yaml.

Decides their shape only.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field

from acd.settings.fields import Count, Name, SoundPath, Strict, Text, wrong

PLACEHOLDERS = ("voice", "language", "file", "text")


def _argument(value: str) -> str:
    unknown = [name for name in re.findall(r"\{(\w*)\}", value) if name not in PLACEHOLDERS]
    if unknown:
        raise wrong(f"{{{unknown[0]}}} is none of {', '.join(f'{{{name}}}' for name in PLACEHOLDERS)}")
    return value


Argument = Annotated[Text, AfterValidator(_argument)]


class PromptsSection(Strict):
    """Sound files of the prompts."""

    dir: Text = "/var/lib/asterisk/sounds/acd"
    """Where rendered prompts are kept: ``<dir>/<language>/<prompt>/<wording>.wav``, and the latest of each as
    ``<dir>/<language>/<prompt>.wav``."""
    recorded_dir: Text | None = None
    """Recorded voices, same layout; they take precedence over the rendered ones."""
    sound_prefix: SoundPath | None = None
    """Path Asterisk plays them by: ``sound:<sound_prefix>/<language>/<prompt>/<wording>``; by default the full path of
    ``dir``. Without a leading ``/`` it is below ``sounds`` in Asterisk's data directory."""
    command: tuple[Argument, ...] = Field(
        default=(), examples=[["piper", "--model", "{voice}", "--output_file", "{file}"]]
    )
    """The program that speaks what nobody has recorded, with its arguments; espeak-ng by default. ``{voice}``,
    ``{language}`` and ``{file}`` (the WAV file to write; without it, standard output is one) are filled in; the text
    comes by standard input, or in place of ``{text}``."""
    voices: dict[Name, Text] = Field(default_factory=dict)
    """That program's voice of a language; the one named with the language by default."""
    fallback: Name | None = None
    """Prompt that callers hear in place of one that is missing and cannot be made."""
    delivery: Literal["folder", "http"] = "folder"
    """How Asterisk gets the files: it sees ``dir`` itself, or fetches each from the API (``res_http_media_cache``)."""
    url: Text | None = Field(default=None, examples=["http://10.0.0.5:8169"])
    """Where Asterisk reaches the API, with ``delivery: http``; the API's own address by default."""


class PromptSection(Strict):
    """What is said, by language. Beside the texts stand their version and voices of their own, if any."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Text] = Field(init=False)

    version: Annotated[Count, Field(ge=1)] = 1
    """To be raised with every change that matters to a listener; the sound is made again."""
    voices: dict[Name, Text] = Field(default_factory=dict)
    """Voices of this prompt alone, by language."""

    @property
    def texts(self) -> dict[str, str]:
        """Texts by language."""
        return self.__pydantic_extra__


class PromptsFile(Strict):
    """prompts.yaml: what is said, by prompt and language."""

    prompts: dict[Name, PromptSection]
