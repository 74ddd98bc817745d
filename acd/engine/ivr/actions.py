"""What the interpreter wants done, in order; the arrival desk makes commands of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from acd.domain.commands import FetchData, SendHook, Spoken
from acd.domain.exits import Exit
from acd.domain.flow import CallbackNode, QueueNode, TransferNode
from acd.domain.flow_path import Consent, PathStep, SurveyAnswer
from acd.domain.flow_values import Value
from acd.domain.ids import FlowId, Language, NodeId, PlaybackId, PromptKey
from acd.engine.ivr.sound import SoundAction
from acd.engine.state import Position


@dataclass(frozen=True, slots=True)
class AnswerCall:
    """Answer the caller if that was not done."""


@dataclass(frozen=True, slots=True)
class Speak:
    """Say prompts under this playback id."""

    playback: PlaybackId
    prompts: tuple[PromptKey | Spoken, ...]
    wordings: tuple[str, ...] = ()
    """As of ``Play``."""


@dataclass(frozen=True, slots=True)
class Hush:
    """Stop this playback."""

    playback: PlaybackId


@dataclass(frozen=True, slots=True)
class Music:
    """Play music of this class to the caller."""

    name: str


@dataclass(frozen=True, slots=True)
class Silence:
    """End the music."""


@dataclass(frozen=True, slots=True)
class Await:
    """Call ``timeout`` after so many seconds without a key; replaces the wait before."""

    seconds: float


@dataclass(frozen=True, slots=True)
class UseLanguage:
    """Speak this language from here on."""

    language: Language


@dataclass(frozen=True, slots=True)
class Remember:
    """These are the variables now, all of them."""

    variables: dict[str, Value]


@dataclass(frozen=True, slots=True)
class Visit:
    """The caller came to a node."""

    step: PathStep


@dataclass(frozen=True, slots=True)
class InVain:
    """The caller's try at this node, which is ``step``'s, came to nothing."""

    step: PathStep


@dataclass(frozen=True, slots=True)
class Miscarry:
    """An expression of a node had no value."""

    flow: FlowId
    node: NodeId


@dataclass(frozen=True, slots=True)
class Fetch:
    """Ask another system; the answer comes back as ``data_fetched``."""

    question: FetchData


@dataclass(frozen=True, slots=True)
class Tell:
    """Tell another system."""

    hook: SendHook


@dataclass(frozen=True, slots=True)
class Agree:
    """The caller agreed to a notice, or did not."""

    consent: Consent


@dataclass(frozen=True, slots=True)
class Answered:
    """The caller answered a question."""

    answer: SurveyAnswer


@dataclass(frozen=True, slots=True)
class Pass:
    """A number came to a gate; these are its times now."""

    name: str
    times: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class TurnAway:
    """A gate did not let the caller in."""

    flow: FlowId
    node: NodeId
    why: str


@dataclass(frozen=True, slots=True)
class ToCallback:
    """Offer to call the caller back, by this node."""

    node: CallbackNode


@dataclass(frozen=True, slots=True)
class ToQueue:
    """Wait for an agent by this node."""

    node: QueueNode


@dataclass(frozen=True, slots=True)
class ToDialplan:
    """Hand the caller over to the dialplan."""

    node: TransferNode


@dataclass(frozen=True, slots=True)
class Finish:
    """End the call."""

    exit: Exit
    cause: int


Note: TypeAlias = UseLanguage | Remember | Visit | InVain | Miscarry | Agree | Answered | Pass | TurnAway
"""What is only noted or counted."""
Action: TypeAlias = (
    AnswerCall
    | Speak
    | Hush
    | Music
    | Silence
    | Await
    | UseLanguage
    | Remember
    | Visit
    | InVain
    | Miscarry
    | Fetch
    | Tell
    | Agree
    | Answered
    | Pass
    | TurnAway
    | ToCallback
    | ToQueue
    | ToDialplan
    | Finish
    | SoundAction
)
Outcome: TypeAlias = tuple[Position, list[Action]]
BROKEN = Finish(Exit.FAILED_TECHNICAL, 41)
