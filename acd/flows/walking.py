"""A walk through a flow at a terminal: what is typed becomes keys and silence, what is said becomes text.

Decides what a line that was typed means and what is shown. Must not know a terminal or a loudspeaker: lines come in and
go out by the functions it is given.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from acd.domain.commands import FetchData
from acd.domain.flow import Node
from acd.domain.ids import Language, NodeId, PromptKey
from acd.domain.plan import Plan
from acd.flows.drawing.graph import Texts
from acd.flows.given import DataGiven, Given
from acd.flows.line import Endless, Line
from acd.flows.running import shown
from acd.flows.ways import marked, ways

HELP = """\
  keys such as 1 or 812#   press them, one after the other
  Enter                    say and press nothing until something happens
  say 5                    speak for five seconds
  hang up (or Ctrl-D)      end the call
  answer, end              the agent whose phone rings answers, hangs up
  vars                     the flow's variables
  help                     this"""
_OUTCOMES = {"ok", "not_found", "invalid", "timeout", "failed"}
Read = Callable[[str], "str | None"]
"""Shows a question and gives the line that was typed; None at the end of the input."""
Play = Callable[[PromptKey, Language], None]


class Walking:
    """One call."""

    def __init__(
        self,
        plan: Plan,
        given: Given,
        texts: Texts,
        *,
        read: Read,
        show: Callable[[str], None],
        play: Play | None = None,
    ) -> None:
        self._plan, self._texts = plan, texts
        self._read, self._show, self._play = read, show, play
        self._at: NodeId | None = None
        self._line = Line(marked(plan), given, asked=self._answer)

    def go(self) -> None:
        """Walk until the call is over."""
        line = self._line
        try:
            self._speak()
            while not line.over:
                self._where()
                typed = self._read("> ")
                if typed is None or not self._do(typed.strip()):
                    line.hang_up()
                self._speak()
        except Endless:
            self._show("the flow speaks on without end")
            line.hang_up()
        record = line.record
        if line.handed_over is not None:
            self._show(f"handed to the dialplan: {line.handed_over.context}/{line.handed_over.extension}")
        if record is not None:
            self._show(f"the call is over: {record.exit}")
        self._show(f"way: {shown(line.path)}")

    # ------------------------------------------------------------ what is shown

    def _speak(self) -> None:
        """Show what was begun to be said, and what follows by itself; the last of it can still be cut by a key."""
        line = self._line
        while True:
            while line.unheard:
                heard = line.unheard.popleft()
                text = self._texts.get(PromptKey(heard.prompt), {}).get(heard.language)
                named = f"{heard.prompt}: {text}" if text is not None else heard.prompt
                self._show(f"  [{heard.language}] {named}")
                if self._play is not None and text is not None:
                    self._play(PromptKey(heard.prompt), heard.language)
            if self._asks() or not line.finish_speech():
                return

    def _asks(self) -> bool:
        """Whether the caller may press something into what is being said."""
        node = self._node()
        return self._line.speaking is not None and hasattr(node, "timeout_s") and getattr(node, "barge_in", True)

    def _node(self) -> Node | None:
        flow = self._plan.flows.get(self._line.flow)
        return None if flow is None else flow.nodes.get(self._line.node)

    def _where(self) -> None:
        line, node = self._line, self._node()
        phase = line.contact.phase.kind
        if phase == "talking":
            return self._show(f"-- talking with {line.contact.agent}")
        if node is None:
            return self._show(f"-- {phase}")
        said = ", ".join(way.says or way.name for way in ways(node))
        return self._show(f"-- {line.flow}:{node.id} ({node.kind}) [{said}]")

    # ------------------------------------------------------------ what is typed

    def _do(self, typed: str) -> bool:
        """Do what was typed; False to hang up."""
        line = self._line
        match typed:
            case "":
                waited = line.wait_for_next()
                self._show("  (nothing more happens by itself)" if waited is None else f"  ({waited:.0f} s of silence)")
            case "hang up" | "quit" | "q":
                return False
            case "help" | "?":
                self._show(HELP)
            case "vars":
                values = ", ".join(f"{name} = {value!r}" for name, value in line.contact.variables.items())
                self._show(f"  {values or 'no variables'}")
            case _ if re.fullmatch(r"say [0-9]{1,3}", typed):
                line.speak(float(typed[4:]))
            case "answer":
                self._show("" if line.agent_answers() else "  no agent's phone rings")
            case "end":
                self._show("" if line.agent_hangs_up() else "  no agent is on the line")
            case _ if re.fullmatch(r"[0-9*#A-D]{1,60}", typed):
                for key in typed:
                    line.press(key)
            case _:
                self._show("  that is none of:\n" + HELP)
        return True

    def _answer(self, question: FetchData) -> DataGiven:
        """Ask for another system's answer."""
        names = ", ".join(want.variable for want in question.wanted)
        self._show(f"  {question.node} asks {question.request.method} {question.request.url}")
        typed = self._read(f"  answer ({', '.join(sorted(_OUTCOMES))}; or values for {names or 'nothing'}: a=1 b=x)> ")
        words = (typed or "failed").split()
        if len(words) == 1 and words[0] in _OUTCOMES:
            return DataGiven(words[0])  # type: ignore[arg-type] # one of them
        values = dict(word.split("=", 1) for word in words if "=" in word)
        return DataGiven("ok", values)
