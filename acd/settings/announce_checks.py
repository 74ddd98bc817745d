"""Checks what waiting callers are told: the prompts, the languages, and limits that fit each other.

Decides when an announcement could not be spoken. Must not know how a queue finds agents.
"""

from __future__ import annotations

from acd.domain.ids import Language
from acd.engine import saying
from acd.settings.names import Names, check_spoken, refer
from acd.settings.queue_file import AnnounceSection
from acd.settings.sources import Sources
from acd.settings.yaml_marks import Document, Path_


def check(sources: Sources, names: Names, document: Document, path: Path_, section: AnnounceSection) -> None:
    """Note the mistakes of one queue's announcements."""
    languages = sorted(names.languages or ())
    for number, prompt in enumerate(section.comfort):
        where = (*path, "comfort", number)
        if refer(document, where, prompt, names.prompts, "prompt"):
            check_spoken(sources, document, where, prompt, languages)
    if section.lunch is not None and refer(document, (*path, "lunch"), section.lunch, names.calendars, "calendar"):
        model = sources.calendars.model
        calendar = model.calendars.get(section.lunch) if model is not None else None
        if calendar is not None and calendar.lunch is None and sources.calendars.whole:
            document.add((*path, "lunch"), f"calendar '{section.lunch}' has no lunch")
    mute = [language for language in languages if not saying.speaks(Language(language))]
    for key, wanted in (("position", section.position), ("estimate", section.estimate)):
        if wanted and mute:
            document.add((*path, key), f"numbers can be said in id and en only, not in {', '.join(mute)}")
    if section.estimate_at_least > section.estimate_at_most:
        document.add((*path, "estimate_at_least"), "is more than estimate_at_most")
