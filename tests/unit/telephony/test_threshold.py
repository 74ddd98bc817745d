from __future__ import annotations

from acd.domain.commands import Answer, StartMusic
from acd.domain.ids import ContactId, LegId
from acd.telephony.threshold import Threshold

C1, L1 = ContactId("c1"), LegId("c1")


def test_who_is_announced_again_before_coming_in_is_owed_what_was_ordered_at_first() -> None:
    threshold = Threshold()
    threshold.announce(L1)
    music, answer = StartMusic(C1, L1, "default"), Answer(C1, L1)
    assert threshold.holds(music)
    threshold.announce(L1)
    assert threshold.holds(answer)
    assert threshold.enter(L1) == [music, answer]
    assert threshold.enter(L1) is None
