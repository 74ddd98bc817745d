"""The page of a flow: the picture, and beside it each node with what it says in each language.

One file: no network, no fonts, a few lines of script. A click on a node shows it in the list, and the other way round.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from html import escape

from acd.domain.ids import FlowId, NodeId, PromptKey
from acd.flows.drawing.graph import Box, Texts
from acd.flows.drawing.traffic import Traffic

_STYLE = """
body{margin:0;display:flex;height:100vh;font:14px Helvetica,Arial,sans-serif;color:#111827;background:#fff}
#picture{flex:1;overflow:auto}aside{width:360px;overflow:auto;border-left:1px solid #d1d5db;padding:0 16px 16px}
h1{font-size:20px}section{border-top:1px solid #e5e7eb;padding:8px 0}h2{font-size:14px;margin:0}h2 small{color:#4b5563}
p{margin:4px 0}b.lang{color:#4b5563}.chosen{background:#fffbeb}ul{margin:4px 0;padding-left:18px}.left{color:#b91c1c}
.zoom{position:fixed;top:10px;left:50%}button{font-size:16px;width:32px}.node,h2{cursor:pointer}
"""
_SCRIPT = """
let size=1;const svg=document.querySelector('svg'),w=svg.getAttribute('width'),h=svg.getAttribute('height');
function zoom(by){size=Math.min(3,Math.max(.2,size*by));svg.setAttribute('width',w*size);
svg.setAttribute('height',h*size)}
function choose(id){document.querySelectorAll('.chosen').forEach(e=>e.classList.remove('chosen'));
for(const p of['n-','t-']){const e=document.getElementById(p+id);if(e){e.classList.add('chosen');
e.scrollIntoView({block:'center',inline:'center'})}}}
document.querySelectorAll('.node,section').forEach(e=>e.addEventListener('click',()=>choose(e.id.slice(2))));
"""


def page(flow: FlowId, found: Mapping[NodeId, Box], picture: str, texts: Texts, traffic: Traffic | None = None) -> str:
    """Make the page around a picture."""
    calls = "" if traffic is None else f"<p>{traffic.calls} calls</p>"
    listed = "".join(_section(box, texts, traffic) for box in found.values())
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(flow)}</title>'
        f'<style>{_STYLE}</style></head><body><div id="picture">{picture}</div>'
        '<div class="zoom"><button onclick="zoom(1.25)">+</button><button onclick="zoom(.8)">-</button></div>'
        f"<aside><h1>{escape(flow)}</h1>{calls}{listed}</aside><script>{_SCRIPT}</script></body></html>\n"
    )


def _section(box: Box, texts: Texts, traffic: Traffic | None) -> str:
    said = "".join(
        f'<p><code>{escape(prompt)}</code> <b class="lang">{escape(language)}</b> {escape(text)}</p>'
        for prompt in box.prompts
        for language, text in texts.get(PromptKey(prompt), {}).items()
    )
    rows = "".join(
        f"<li>{escape(', '.join(row.names))} → {escape(row.target)}{_taken(box, row.target, traffic)}</li>"
        for row in box.rows
    )
    about = f"<p>{escape('; '.join(box.about))}</p>" if box.about else ""
    return (
        f'<section id="t-{escape(box.id)}"><h2>{escape(box.id)} <small>{escape(box.kind)}</small></h2>'
        f"{_ended(box, traffic)}{about}{said}<ul>{rows}</ul></section>"
    )


def _taken(box: Box, target: NodeId, traffic: Traffic | None) -> str:
    return "" if traffic is None else f": {traffic.taken[box.id, target]}"


def _ended(box: Box, traffic: Traffic | None) -> str:
    if traffic is None:
        return ""
    ended = traffic.ended.get(box.id, Counter())
    told = ", ".join(f"{count} {exit_}" for exit_, count in sorted(ended.items()))
    return (
        f"<p>{traffic.visits[box.id]} times"
        + (f'; <span class="left">ended here: {told}</span>' if told else "")
        + "</p>"
    )
