"""Where the sound of a prompt is now, and what is heard in its place when it is missing.

Decides the media URI, and the order of what takes the place of a missing sound: the prompt made now (from the cache or
spoken), the same prompt in another language, the deployment's fallback prompt. Counts each. Must not know channels, nor
how a sound is made. Nothing here waits on the event loop: a sound is made by a thread, within a time.
"""

from __future__ import annotations

import asyncio
import glob
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

import structlog

from acd.domain.commands import Spoken
from acd.domain.errors import AcdError
from acd.domain.ids import Language, PromptKey
from acd.settings.values import PromptsSettings

log = structlog.get_logger(__name__)

Said: TypeAlias = PromptKey | Spoken
How: TypeAlias = Literal["cache", "synthesised", "other_language", "fallback", "left_out", "tone"]
"""What was heard of a prompt whose file was missing."""

MAKE_S = 5.0
"""How long a caller waits for a sound to be made."""
LONGEST_TEXT = 600
"""Characters of a text; about a minute of speech."""
_AT_ONCE = 2
_MOST_WAITING = 32
"""Sounds to be made; while there are as many, further ones are replaced."""
WAV_BYTES_PER_S = 16_000
"""At 8 kHz; a file of more is taken for longer than it is."""
_TEXT = "(text)"
_BEFORE = 8
"""Settings kept that were in force before: of their wordings a caller may still be told something."""


class SoundMaker(Protocol):
    """Makes sounds where they are looked for."""

    def spoken_file(self, settings: PromptsSettings, spoken: Spoken) -> Path:
        """Name the WAV file of a text, whether it is there or not."""

    def make(self, settings: PromptsSettings, said: Said, language: Language) -> Literal["cache", "synthesised"]:
        """Make a sound's files, blocking. Raises ``AcdError`` or ``OSError``."""


class Sounds:
    """The sounds of one deployment.

    Args:
        settings: gives the prompts' settings as they are now.
        maker: makes what is missing; None: nothing can be made here.
        address: the URL under which Asterisk fetches a file; None where the file is not there.
    """

    def __init__(
        self,
        settings: Callable[[], PromptsSettings],
        maker: SoundMaker | None = None,
        address: Callable[[Path], str | None] = lambda _: None,
    ) -> None:
        self._settings = settings
        self._maker = maker
        self._address = address
        self._pool = ThreadPoolExecutor(_AT_ONCE, "prompts")
        self._before: deque[PromptsSettings] = deque([settings()], _BEFORE)
        """Settings that are or were in force, the latest first."""
        self._making: dict[tuple[Said, Language, str], asyncio.Task[How | None]] = {}
        self.fallbacks: Counter[tuple[str, How]] = Counter()
        """How often a prompt was replaced, by prompt and how."""

    def find(self, said: Said, language: Language, wording: str = "") -> str | None:
        """Give the media URI of a sound that is there: of a prompt in a wording, by default the one in force."""
        settings = self._now()
        wav = self._file(settings, said, language, wording)
        return self._uri(settings, wav) if wav is not None else None

    def length_s(self, said: Said, language: Language, wording: str = "") -> float | None:
        """Tell how many seconds a sound lasts; None where its WAV file cannot be seen."""
        wav = self._file(self._now(), said, language, wording)
        try:
            return wav.stat().st_size / WAV_BYTES_PER_S if wav is not None else None
        except OSError:
            return None

    async def obtain(self, said: Said, language: Language, wording: str = "") -> str | None:
        """Give the media URI of a missing sound, once it is made, or of what takes its place; None: nothing."""
        how = await self._made(said, language, wording)
        uri = self.find(said, language, wording) if how is not None else None
        if how is not None and uri is not None:
            if not isinstance(said, Spoken):
                self.count(said, how)
            return uri
        return self.instead(said, language)

    def instead(self, said: Said, language: Language) -> str | None:
        """Give the media URI of what is there to take a sound's place."""
        settings = self._now()
        if not isinstance(said, Spoken):
            for other in settings.texts.get(said, {}):
                if other != language and (uri := self.find(said, other)) is not None:
                    self.count(said, "other_language")
                    return uri
        if settings.fallback is not None and said != settings.fallback:
            for spoken in (language, *settings.texts.get(settings.fallback, {})):
                if (uri := self.find(settings.fallback, spoken)) is not None:
                    self.count(said, "fallback")
                    return uri
        return None

    def count(self, said: Said, how: How) -> None:
        """Count what took a prompt's place; of a text only that it was one."""
        prompt = _TEXT if isinstance(said, Spoken) else said
        self.fallbacks[prompt, how] += 1
        log.warning("prompt_replaced", prompt=prompt, how=how)

    async def close(self) -> None:
        """Let go of what is being made."""
        for task in self._making.values():
            task.cancel()
        await asyncio.gather(*self._making.values(), return_exceptions=True)
        await asyncio.to_thread(self._pool.shutdown, cancel_futures=True)

    def _now(self) -> PromptsSettings:
        """Give the settings in force, and keep those before."""
        settings = self._settings()
        if settings is not self._before[0]:
            self._before.appendleft(settings)
        return settings

    def _settings_of(self, said: Said, language: Language, wording: str) -> PromptsSettings | None:
        """Give the settings in which a prompt has a wording."""
        settings = self._now()
        if isinstance(said, Spoken) or not wording:
            return settings
        worded = (known for known in self._before if language in known.texts.get(said, {}))
        return next((known for known in worded if known.wording(said, language) == wording), None)

    async def _made(self, said: Said, language: Language, wording: str) -> How | None:
        """Have a sound made, once for all who wait for it."""
        if isinstance(said, Spoken) and len(said.text) > LONGEST_TEXT:
            log.warning("text_too_long", characters=len(said.text), longest=LONGEST_TEXT)
            return None
        settings = self._settings_of(said, language, wording)
        if self._maker is None or settings is None:
            return None
        wanted = (said, language, wording)
        task = self._making.get(wanted)
        if task is None:
            if len(self._making) >= _MOST_WAITING:
                log.warning("too_many_sounds_to_make", most=_MOST_WAITING)
                return None
            task = asyncio.create_task(self._make(self._maker, settings, said, language), name="sound")
            self._making[wanted] = task
            task.add_done_callback(lambda _: self._making.pop(wanted, None))
        try:
            return await asyncio.wait_for(asyncio.shield(task), MAKE_S)
        except TimeoutError:
            log.warning("sound_takes_too_long", seconds=MAKE_S)
            return None

    async def _make(self, maker: SoundMaker, settings: PromptsSettings, said: Said, language: Language) -> How | None:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._pool, maker.make, settings, said, language)
        except (AcdError, OSError) as error:
            # Programs' messages may repeat what they were to speak.
            why = type(error).__name__ if isinstance(said, Spoken) else str(error)
            log.warning("sound_not_made", why=why)
            return None

    def _file(self, settings: PromptsSettings, said: Said, language: Language, wording: str) -> Path | None:
        """Name the WAV file a sound would have; None: it has none."""
        if isinstance(said, Spoken):
            return self._maker.spoken_file(settings, said) if self._maker else None
        if not wording and language not in settings.texts.get(said, {}):
            return None
        return settings.file(said, language, wording or settings.wording(said, language))

    def _uri(self, settings: PromptsSettings, wav: Path) -> str | None:
        if settings.delivery == "http":
            for ending in (*settings.forms[:1], "wav"):
                if (url := self._address(wav.with_suffix(f".{ending}"))) is not None:
                    return f"sound:{url}"
            return None
        # A folder that this process cannot see may be one that Asterisk can.
        if wav.is_file() or _in_another_form(wav) or not settings.dir.is_dir():
            return f"sound:{settings.sound_prefix}/{wav.relative_to(settings.dir).with_suffix('')}"
        return None


def _in_another_form(wav: Path) -> bool:
    return any(wav.parent.glob(f"{glob.escape(wav.stem)}.*"))
