"""The small types a configuration value can have, from the text an operator wrote.

Decides how text becomes a number, a duration, a yes or a name, and what is said when it does not. Must not know which
file a value stands in. Numbers and yes/no are parsed here because the loader hands over nothing but text; the JSON
Schema beside each type describes what an editor sees, where YAML 1.2 has already read ``30`` as a number.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from acd.settings.yaml_marks import printable


class Strict(BaseModel):
    """A part of a file: unknown keys are mistakes and nothing changes after loading.

    What docstrings say of its fields is for editors: ``acd.settings.schema`` reads them, for that takes its time and an
    engine that starts has callers waiting.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)


def wrong(message: str) -> PydanticCustomError:
    """Make the error a field parser raises; ``message`` is shown as it is."""
    return PydanticCustomError("acd", "{message}", {"message": message})


def _text(value: Any) -> str:
    if isinstance(value, str):
        if value:
            return value
        raise wrong("must not be empty")
    raise wrong(f"must be text, not a {'list' if isinstance(value, list) else 'mapping'}")


def _integer(value: Any) -> int:
    text = _text(value)
    if re.fullmatch(r"-?[0-9]{1,9}", text):
        return int(text)
    raise wrong(f"must be a whole number, not {quoted(text)}")


def _number(value: Any) -> float:
    text = _text(value)
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", text):
        return float(text)
    raise wrong(f"must be a number such as 2 or 0.5, not {quoted(text)}")


def _flag(value: Any) -> bool:
    text = _text(value)
    if text in {"true", "false"}:
        return text == "true"
    raise wrong(f"must be true or false, not {quoted(text)}")


_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_DURATION = re.compile(r"(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m)?(?:([0-9]{1,6})s)?(?:([0-9]{1,6})ms)?")
DURATION_PATTERN = r"^(?=[0-9])([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$"


def _duration(value: Any) -> float:
    text = _text(value)
    match = _DURATION.fullmatch(text)
    if match:
        return sum(int(n) * unit for n, unit in zip(match.groups(), _UNITS.values(), strict=True) if n)
    if re.fullmatch(r"[0-9.]+", text):
        raise wrong(f"a duration needs its unit: {text}s for seconds, {text}m for minutes")
    raise wrong(f"must be a duration such as 20s, 3m or 1h30m, not {quoted(text)}")


def quoted(text: str) -> str:
    """Show a value in a message, short and printable whatever it holds."""
    return f"'{printable(text, 40)}'"


def matching(pattern: str, what: str) -> BeforeValidator:
    """Take text of a pattern only; ``what`` says what it must be."""
    compiled = re.compile(pattern)

    def check(value: Any) -> str:
        text = _text(value)
        if compiled.fullmatch(text):
            return text
        raise wrong(f"must be {what}, not {quoted(text)}")

    return BeforeValidator(check)


def _like_text(pattern: str) -> WithJsonSchema:
    """Text that an editor may see as a number, such as ``169``; a pattern applies to its text form only."""
    return WithJsonSchema({"type": ["string", "integer"], "pattern": f"^(?:{pattern})$"})


_NUMBERS = r"\+?[0-9XZN]+\.?"
_DIAL = r"[A-Za-z0-9]{2,12}/[A-Za-z0-9_.@/-]{0,40}\{(?:number|e164)\}[A-Za-z0-9_.@/:-]{0,60}"
_NAME = r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}"
_CODE = r"\+?[0-9]{2,15}"
_OUTSIDE = r"\+?[0-9]{3,20}"
_DIALLED = r"[0-9*#]{1,8}"
_KEY = r"[0-9*#]"
_PREFIX = r"[A-Za-z0-9]{2,12}/[A-Za-z0-9_.-]{1,60}"
_WORD = r"[A-Za-z0-9_.-]{1,60}"

Text = Annotated[str, BeforeValidator(_text), WithJsonSchema({"type": ["string", "number", "boolean"], "minLength": 1})]
Whole = Annotated[int, BeforeValidator(_integer)]
Count = Annotated[int, Field(ge=0), BeforeValidator(_integer)]
Positive = Annotated[int, Field(ge=1), BeforeValidator(_integer)]
Number = Annotated[float, BeforeValidator(_number)]
Priority = Annotated[int, Field(ge=-100, le=999), BeforeValidator(_integer)]
Flag = Annotated[bool, BeforeValidator(_flag)]
Level = Annotated[int, Field(ge=1, le=5), BeforeValidator(_integer)]
"""Proficiency of an agent or minimum of a queue, 1 (some) to 5 (expert)."""
Months = Annotated[int, Field(ge=1, le=1200), BeforeValidator(_integer)]
Megabytes = Annotated[int, Field(ge=1, le=100_000), BeforeValidator(_integer)]
Port = Annotated[int, Field(ge=1, le=65535), BeforeValidator(_integer)]
Duration = Annotated[
    float, Field(le=86400), BeforeValidator(_duration), WithJsonSchema({"type": "string", "pattern": DURATION_PATTERN})
]
"""Seconds, written ``500ms``, ``20s``, ``3m`` or ``1h30m``; at most a day."""
PositiveDuration = Annotated[
    float,
    Field(gt=0, le=86400),
    BeforeValidator(_duration),
    WithJsonSchema({"type": "string", "pattern": DURATION_PATTERN}),
]
Name = Annotated[
    str,
    matching(_NAME, "a name of letters, digits, _ and - (at most 40)"),
    _like_text(_NAME),
]
"""What a queue, skill, agent … is called in these files, in figures and in records."""
_POLICY = r"[a-z_]{1,40}|[A-Za-z_][A-Za-z0-9_.]{0,99}:[A-Za-z_][A-Za-z0-9_]{0,99}"
PolicyName = Annotated[
    str, matching(_POLICY, "a policy such as longest_idle, or module:Class of your own"), _like_text(_POLICY)
]
AccessNumber = Annotated[str, matching(_CODE, "a number of 2 to 15 digits"), _like_text(_CODE)]
Outside = Annotated[str, matching(_OUTSIDE, "a telephone number: digits, perhaps after a +"), _like_text(_OUTSIDE)]
Dialled = Annotated[str, matching(_DIALLED, "1 to 8 of the keys 0-9, * and #"), _like_text(_DIALLED)]
Key = Annotated[str, matching(_KEY, "one of the keys 0-9, * and #"), _like_text(_KEY)]
NumberPattern = Annotated[
    str,
    matching(_NUMBERS, "a pattern such as 08X. or +65X."),
    _like_text(_NUMBERS),
]
"""Numbers: digits and + stand for themselves, X is any digit, Z 1-9, N 2-9, a dot at the end any rest."""
DialString = Annotated[
    str, matching(_DIAL, "an endpoint with {number} or {e164} in it, such as PJSIP/{number}@gw1"), _like_text(_DIAL)
]
CountryCode = Annotated[str, matching(r"[1-9][0-9]{0,2}", "a country code such as 62"), _like_text(r"[1-9][0-9]{0,2}")]
AreaCode = Annotated[str, matching(r"[1-9][0-9]{0,3}", "an area code without its 0, such as 21"),
                     _like_text(r"[1-9][0-9]{0,3}")]  # fmt: skip
LongDuration = Annotated[
    float,
    Field(gt=0, le=1_209_600),
    BeforeValidator(_duration),
    WithJsonSchema({"type": "string", "pattern": DURATION_PATTERN}),
]
"""Seconds, written as any duration; at most two weeks (336h)."""
Terminator = Annotated[
    str,
    matching(f"{_KEY}|none", "one of the keys 0-9, * and #, or none"),
    _like_text(f"{_KEY}|none"),
]
ChannelPrefix = Annotated[str, matching(_PREFIX, "a channel prefix such as PJSIP/gw1 or DAHDI/i1"), _like_text(_PREFIX)]
Word = Annotated[str, matching(_WORD, "one word of letters, digits, _, . and -"), _like_text(_WORD)]
"""A name Asterisk uses: a context, an extension, a class of music."""
_SOUND = r"[A-Za-z0-9_./-]{1,200}"
_VOICE = r"[A-Za-z0-9_.+-]{1,60}"
_URI = r"sips?:[^\s;,\"<>\\]{1,200}"
_USER = r"[^\s;]{1,100}"
SoundPath = Annotated[str, matching(_SOUND, "a path of letters, digits, _, ., - and /"), _like_text(_SOUND)]
Voice = Annotated[str, matching(_VOICE, "a voice of espeak-ng such as id or en-us+f3"), _like_text(_VOICE)]
SipUri = Annotated[str, matching(_URI, "an address such as sip:192.0.2.10:5060"), _like_text(_URI)]
SipUser = Annotated[str, matching(_USER, "a user name without spaces"), _like_text(_USER)]
EnvName = Annotated[str, matching(r"[A-Z][A-Z0-9_]*", "the name of an environment variable such as ACD_ARI_PASSWORD")]
