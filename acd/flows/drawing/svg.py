"""Draws a flow as SVG: dark on light, one box a node, one row a way.

Decides sizes and colours. Text is measured by the number of its characters, which is near enough for one typeface.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from html import escape
from math import sqrt
from textwrap import wrap

from acd.domain.flow import FlowPlan
from acd.domain.ids import Language, NodeId, PromptKey
from acd.flows.drawing.graph import Box, Row, Texts
from acd.flows.drawing.layout import Layout, layout
from acd.flows.drawing.traffic import Traffic

_WIDTH = 190
_BETWEEN = 90
_HEAD = 24
_LINE = 15
_ROW = 18
_PAD = 6
_MARGIN = 24
_TOP = 56
_LINES_SAID = 2
_CHARACTERS = 31
"""Of small text that fit into a box."""
_COLOURS = {
    "play": "#dbeafe", "answer": "#e5e7eb", "menu": "#fef3c7", "collect": "#fef3c7", "survey": "#fef3c7",
    "consent": "#fef3c7", "hours": "#ede9fe", "gate": "#ede9fe", "branch": "#ede9fe", "lookup": "#ede9fe",
    "queue": "#dcfce7", "callback": "#dcfce7", "voicemail": "#dcfce7", "record": "#dcfce7", "http": "#cffafe",
    "event": "#cffafe", "hang_up": "#fee2e2", "transfer": "#fee2e2",
}  # fmt: skip
_PLAIN = "#f3f4f6"
_STYLE = (
    "text{font-family:Helvetica,Arial,sans-serif;fill:#111827}.name{font-size:13px;font-weight:700}"
    ".kind{font-size:10px;fill:#4b5563}.small{font-size:11px;fill:#374151}.row{font-size:11px}"
    ".back{font-size:11px;fill:#7c3aed}.count{font-size:11px;font-weight:700;fill:#1d4ed8}"
    ".left{font-size:11px;font-weight:700;fill:#b91c1c}.line{fill:none;stroke:#6b7280}"
    ".box{stroke:#374151;stroke-width:1}.entry{stroke-width:3}.chosen .box{stroke:#b45309;stroke-width:3}"
)


def draw(plan: FlowPlan, found: Mapping[NodeId, Box], texts: Texts, traffic: Traffic | None = None) -> str:
    """Draw a flow; gives a document of its own, which can also stand within HTML."""
    flow, entry = plan.id, plan.entry
    found = {name: _spoken(box, texts, plan.languages[0]) for name, box in found.items()}
    heights = {str(name): float(_height(box, traffic)) for name, box in found.items()}
    lines = [(str(name), str(row.target)) for name, box in found.items() for row in box.rows if not row.back]
    places = layout(heights, [line for line in lines if line[1] in found])
    width = 2 * _MARGIN + (max(places.layer.values(), default=0) + 1) * (_WIDTH + _BETWEEN) - _BETWEEN
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{places.height + _TOP + _MARGIN:.0f}" '
            f'viewBox="0 0 {width} {places.height + _TOP + _MARGIN:.0f}" role="img" aria-label="{escape(flow)}">'
        ),
        f"<style>{_STYLE}</style>",
        (
            '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
            'markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L8 4L0 8z" fill="#6b7280"/></marker></defs>'
        ),
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        f'<text x="{_MARGIN}" y="32" style="font-size:20px;font-weight:700">{escape(flow)}</text>',
    ]
    if traffic is not None:
        parts.append(f'<text x="{_MARGIN + 14 * len(flow) + 20}" y="32" class="small">{traffic.calls} calls</text>')
    boxes = [_Drawn(box, places, heights[name], traffic) for name, box in found.items()]
    parts += [line for one in boxes for line in one.lines(found, heights)]
    parts += [one.picture(texts, entry=one.box.id == entry) for one in boxes]
    return "".join((*parts, "</svg>\n"))


def _spoken(box: Box, texts: Texts, language: Language) -> Box:
    """Let a box show what it says first."""
    if not box.prompts:
        return box
    text = texts.get(box.prompts[0], {}).get(language, box.prompts[0])
    said = wrap(f"“{text}”", _CHARACTERS, max_lines=_LINES_SAID, placeholder=" …")
    return replace(box, about=(*box.about, *said))


def _height(box: Box, traffic: Traffic | None) -> int:
    lines = len(box.about) + (traffic is not None)
    return _HEAD + _LINE * lines + _ROW * (bool(box.again) + (0 if _plain(box, traffic) else len(box.rows))) + _PAD


def _plain(box: Box, traffic: Traffic | None) -> bool:
    """Whether there is one way only, which goes without saying."""
    return traffic is None and len(box.rows) == 1 and not box.rows[0].label and not box.rows[0].back


def _cut(text: str, most: int = _CHARACTERS) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


class _Drawn:
    """A box where it stands."""

    def __init__(self, box: Box, places: Layout, height: float, traffic: Traffic | None) -> None:
        self.box, self._places, self._traffic, self._height = box, places, traffic, height
        self.x = _MARGIN + places.layer[box.id] * (_WIDTH + _BETWEEN)
        self.y = _TOP + places.middle[box.id] - height / 2
        # Rows in the order of what they lead to, so that lines leave without crossing.
        self.rows = sorted(box.rows, key=lambda row: (row.back, self._towards(row)))

    def _towards(self, row: Row) -> float:
        through = self._places.through.get((self.box.id, row.target), ())
        return through[0] if through else self._places.middle.get(row.target, 0.0)

    def _row_y(self, number: int) -> float:
        if number < len(self.rows) and _plain(self.box, self._traffic):
            return self.y + _HEAD / 2
        return self.y + self._height - _PAD - _ROW * (len(self.rows) + bool(self.box.again) - number) + _ROW / 2

    def lines(self, found: Mapping[NodeId, Box], heights: Mapping[str, float]) -> list[str]:
        drawn = []
        for number, row in enumerate(self.rows):
            if row.back or row.target not in found:
                continue
            points: list[tuple[float, float]] = [(self.x + _WIDTH, self._row_y(number))]
            for layer, y in enumerate(
                self._places.through[self.box.id, row.target], self._places.layer[self.box.id] + 1
            ):
                left = _MARGIN + layer * (_WIDTH + _BETWEEN)
                points += [(left, _TOP + y), (left + _WIDTH, _TOP + y)]
            end = _MARGIN + self._places.layer[row.target] * (_WIDTH + _BETWEEN)
            top = _TOP + self._places.middle[row.target] - heights[row.target] / 2
            points.append((end, top + _HEAD / 2))
            drawn.append(self._line(points, row))
        return drawn

    def _line(self, points: list[tuple[float, float]], row: Row) -> str:
        way = f"M{points[0][0]:.0f} {points[0][1]:.1f}"
        for (x, y), (to_x, to_y) in itertools.pairwise(points):
            bend = (to_x - x) / 2
            way += f"C{x + bend:.0f} {y:.1f} {to_x - bend:.0f} {to_y:.1f} {to_x:.0f} {to_y:.1f}"
        thick = 1.2
        if self._traffic is not None:
            most = max(self._traffic.taken.values(), default=1)
            thick = 0.6 + 7 * sqrt(self._traffic.taken[self.box.id, row.target] / most)
        said = f"{self.box.id} [{', '.join(row.names)}] {row.target}"
        return (
            f'<path class="line" d="{way}" stroke-width="{thick:.1f}" marker-end="url(#tip)">'
            f"<title>{escape(said)}</title></path>"
        )

    def picture(self, texts: Texts, *, entry: bool) -> str:
        box, x, y = self.box, self.x, self.y
        fill = _COLOURS.get(box.kind, _PLAIN)
        parts = [
            (
                f'<g class="node" id="n-{escape(box.id)}"><title>{escape(self._said(texts))}</title>'
                f'<rect class="box{" entry" if entry else ""}" x="{x}" y="{y:.1f}" width="{_WIDTH}" '
                f'height="{self._height:.0f}" rx="5" fill="{fill}"/>'
            ),
            (
                f'<text class="name" x="{x + 8}" y="{y + 16:.1f}">{escape(_cut(box.id, 20))}</text>'
                f'<text class="kind" x="{x + _WIDTH - 8}" y="{y + 16:.1f}" text-anchor="end">{escape(box.kind)}</text>'
            ),
        ]
        at = y + _HEAD + 9
        for line in box.about:
            parts.append(f'<text class="small" x="{x + 8}" y="{at:.1f}">{escape(_cut(line))}</text>')
            at += _LINE
        if self._traffic is not None:
            parts.append(self._counted(at))
        if not _plain(box, self._traffic):
            parts += [self._row(number, row) for number, row in enumerate(self.rows)]
        if box.again:
            again = _cut(f"↻ {', '.join(box.again)}")
            parts.append(
                f'<text class="back" x="{x + 8}" y="{self._row_y(len(self.rows)) + 4:.1f}">{escape(again)}</text>'
            )
        return "".join((*parts, "</g>"))

    def _row(self, number: int, row: Row) -> str:
        y = self._row_y(number) + 4
        if row.back:
            said = f"{row.label} ↩ {row.target}".strip()
            shown = f'<text class="back" x="{self.x + 8}" y="{y:.1f}">{escape(_cut(said, 26))}</text>'
        else:
            said = row.label
            shown = (
                f'<text class="row" x="{self.x + _WIDTH - 8}" y="{y:.1f}" text-anchor="end">{escape(_cut(said))}</text>'
            )
        if self._traffic is None:
            return shown
        count = self._traffic.taken[self.box.id, row.target]
        at = self.x + _WIDTH - 8 if row.back else self.x + 8
        anchor = "end" if row.back else "start"
        return shown + f'<text class="count" x="{at}" y="{y:.1f}" text-anchor="{anchor}">{count}</text>'

    def _counted(self, y: float) -> str:
        assert self._traffic is not None  # noqa: S101 - else nothing is counted
        left = self._traffic.left(self.box.id, self.box.kind)
        visits = self._traffic.visits[self.box.id]
        gone = f'<text class="left" x="{self.x + _WIDTH - 8}" y="{y:.1f}" text-anchor="end">{left} left here</text>'
        return f'<text class="count" x="{self.x + 8}" y="{y:.1f}">{visits} times</text>' + (gone if left else "")

    def _said(self, texts: Texts) -> str:
        lines = [f"{self.box.id} ({self.box.kind})", *self.box.about]
        for prompt in self.box.prompts:
            lines += [f"{prompt} [{language}]: {text}" for language, text in texts.get(PromptKey(prompt), {}).items()]
        return "\n".join(lines)
