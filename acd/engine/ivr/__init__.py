"""Flows: the interpreter, the actions it gives, and the scene it reads."""

from acd.engine.ivr.actions import (
    BROKEN,
    Action,
    AnswerCall,
    Await,
    Finish,
    Hush,
    Miscarry,
    Music,
    Outcome,
    Remember,
    Silence,
    Speak,
    ToDialplan,
    ToQueue,
    UseLanguage,
    Visit,
)
from acd.engine.ivr.interpreter import digit, enter, enter_flow, playback_ended, resume, start, timeout
from acd.engine.ivr.opening import opening
from acd.engine.ivr.scene import Evaluator, ExpressionError, Scene, no_evaluator, node_at
from acd.engine.ivr.walk import Walk

__all__ = [
    "BROKEN",
    "Action",
    "AnswerCall",
    "Await",
    "Evaluator",
    "ExpressionError",
    "Finish",
    "Hush",
    "Miscarry",
    "Music",
    "Outcome",
    "Remember",
    "Scene",
    "Silence",
    "Speak",
    "ToDialplan",
    "ToQueue",
    "UseLanguage",
    "Visit",
    "Walk",
    "digit",
    "enter",
    "enter_flow",
    "no_evaluator",
    "node_at",
    "opening",
    "playback_ended",
    "resume",
    "start",
    "timeout",
]
