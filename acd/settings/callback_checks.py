"""Checks what the files say about callbacks: trunks, hours, prompts, and that an offer can be kept.

Decides what must be there before a customer may be promised a call. Must not know how one is made.
"""

from __future__ import annotations

from acd.settings.files import CallbacksSection
from acd.settings.names import Names, check_spoken, refer
from acd.settings.sources import Sources
from acd.settings.yaml_marks import Document, Path_

CALLBACK_PROMPTS = (
    "callback_number", "callback_confirm", "callback_enter", "callback_bad_number", "callback_stay", "callback_noted",
    "callback_greeting",
)  # fmt: skip
"""Prompts the engine plays by name where callbacks are configured."""


def check(sources: Sources, names: Names) -> None:
    """Note every mistake about callbacks."""
    document, acd = sources.acd.document, sources.acd.model
    if acd is not None and acd.callbacks is not None:
        _check_lines(sources, document, acd.callbacks, names)
        _check_prompts(sources, document, names)
    _check_offers(sources, names, possible=acd is None or not sources.acd.whole or acd.callbacks is not None)


def _check_lines(sources: Sources, document: Document, section: CallbacksSection, names: Names) -> None:
    if not section.lines and sources.acd.whole:
        document.add(("callbacks", "lines"), "must not be empty: at least one is needed")
    trunks = sources.trunks.model
    for number, line in enumerate(section.lines):
        path: Path_ = ("callbacks", "lines", number)
        if refer(document, (*path, "trunk"), line.trunk, names.trunks, "trunk") and trunks is not None:
            trunk = trunks.trunks.get(line.trunk)
            if trunk is not None and line.reserve >= trunk.capacity:
                document.add((*path, "reserve"), f"no callback could ever go out: the trunk has {trunk.capacity} SST")
            _check_endpoint(sources, document, (*path, "dial"), line.dial, line.trunk)
    if section.calendar:
        refer(document, ("callbacks", "calendar"), section.calendar, names.calendars, "calendar")


def _check_endpoint(sources: Sources, document: Document, path: Path_, dial: str, trunk: str) -> None:
    """A gateway of ours must belong to the trunk whose SST are counted, and have an address to call."""
    trunks = sources.trunks.model
    gateway = trunks.gateways.get(dial.rpartition("@")[2]) if trunks is not None and "@" in dial else None
    if gateway is not None and gateway.trunk != trunk:
        document.add(path, f"this gateway belongs to trunk '{gateway.trunk}'")
    elif gateway is not None and gateway.contact is None:
        document.add(path, "this gateway has no `contact` in trunks.yaml: Asterisk would not know where to call")


def _check_prompts(sources: Sources, document: Document, names: Names) -> None:
    for prompt in CALLBACK_PROMPTS if names.prompts is not None else ():
        if refer(document, ("callbacks",), prompt, names.prompts, "prompt"):
            check_spoken(sources, document, ("callbacks",), prompt, sorted(names.languages or ()))


def _check_offers(sources: Sources, names: Names, *, possible: bool) -> None:
    document, model = sources.queues.document, sources.queues.model
    for name, queue in model.queues.items() if model is not None else ():
        if queue.callback is None:
            continue
        path: Path_ = ("queues", name, "callback")
        if not possible:
            document.add(path, "nobody can be called back: `callbacks` is missing in acd.yaml", at_key=True)
        if queue.callback.announce_every is not None and queue.callback.announce_after is None:
            document.add((*path, "announce_every"), "has no effect without announce_after", at_key=True)
        prompt = queue.callback.prompt
        wanted = queue.callback.announce_after is not None or "prompt" in queue.callback.model_fields_set
        if wanted and refer(document, (*path, "prompt"), prompt, names.prompts, "prompt"):
            check_spoken(sources, document, (*path, "prompt"), prompt, sorted(names.languages or ()))
