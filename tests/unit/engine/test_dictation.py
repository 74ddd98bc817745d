"""Callers' own recordings, from the tone to what is kept; messages; voices that are listened for."""

from __future__ import annotations

import pytest

from acd.domain.commands import Answer, CheckRecording, Ignored, MarkVoicemail, Play, Reply, WriteVoicemail
from acd.domain.events import (
    CommandFailed,
    LegLeft,
    LinkChanged,
    PlanLoaded,
    RecordingChecked,
    RecordingEnded,
    TalkingStarted,
    VoicemailMarked,
)
from acd.domain.exits import Exit
from acd.domain.flow import QueueNode
from acd.domain.flow_media import TakeLimits
from acd.domain.flow_talk import PlayNode
from acd.domain.ids import LegId, QueueId, RecordingName, RequestId, VoicemailId
from acd.domain.record import RecordingRow
from acd.domain.sound_commands import (
    Beep,
    DiscardTake,
    PlayTake,
    SeekTake,
    StartListening,
    StartTake,
    StopListening,
    StopTake,
)
from acd.domain.voicemail import VoicemailMark, VoicemailRow
from acd.engine.ivr.recording import BEEP_S, DECIDE_S, GUARD_S
from acd.engine.take_state import OpenVoicemail
from acd.engine.takes import END_GUARD_S
from acd.engine.view_shapes import VoicemailsView
from acd.engine.views import view
from tests.dictation_kit import (
    LIMITS,
    dictating,
    dictation_flow,
    dictation_plan,
    end,
    judged,
    place,
    record_node,
    recording,
    silence_node,
    voicemail_node,
)
from tests.engine_kit import Bench, n, prompts

NAME = RecordingName("acd/call1-r1")


def kinds(bench: Bench) -> list[str]:
    return [command.kind for command in bench.ordered]


# ---------------------------------------------------------------- recording


def test_a_caller_is_answered_told_what_to_say_and_recorded_after_a_tone() -> None:
    bench, leg = dictating(record_node())
    assert kinds(bench) == ["answer", "play"]
    bench.spoken(leg)
    tone = bench.one(Beep)
    bench.sleep(BEEP_S)
    assert kinds(bench) == ["stop_play", "start_take"]
    assert bench.one(StartTake) == StartTake(bench.contact(leg).id, leg, NAME, 30.0, 3.0, "#")
    assert tone.playback_id not in bench.pbx.playbacks


def test_without_prompts_and_tone_the_recording_begins_at_once() -> None:
    bench, _ = dictating(record_node(prompts=(), limits=TakeLimits(beep=False)))
    assert kinds(bench) == ["answer", "start_take"]


def test_a_key_ends_the_prompts_where_they_may_be_interrupted() -> None:
    bench, leg = dictating(record_node())
    bench.press(leg, "5")
    assert kinds(bench) == ["stop_play", "beep"]
    bench, leg = dictating(record_node(barge_in=False))
    bench.press(leg, "5")
    assert kinds(bench) == []


def test_what_was_said_is_kept_under_a_name_that_the_flow_can_read() -> None:
    bench, leg, name = recording(record_node())
    bench.sleep(6.0)
    end(bench, name, 6.0)
    assert bench.one(CheckRecording) == CheckRecording(NAME, 5.0)
    judged(bench, 5.5)
    assert place(bench, leg).node == "thanks"
    assert bench.contact(leg).variables == {"name": NAME}
    (row,) = bench.rows
    assert row == RecordingRow(
        NAME, bench.contact(leg).id, None, row.started_at, row.talk_s, 80_044, 5.5, ok=True, problem=""
    )
    assert row.talk_s == pytest.approx(6.6)
    assert (bench.state.figures.recordings_ok, bench.voicemails) == (1, [])
    bench.spoken(leg)
    assert bench.records[0].exit is Exit.IVR_EXIT


@pytest.mark.parametrize("nothing", [{"duration_s": 0.9}, {"silent": True, "ok": False, "problem": "silent"}])
def test_nothing_said_leads_elsewhere_and_leaves_no_file(nothing: dict[str, object]) -> None:
    bench, leg, name = recording(record_node())
    end(bench, name)
    judged(bench, **nothing)  # type: ignore[arg-type]
    assert bench.got(DiscardTake) == [DiscardTake(bench.contact(leg).id, NAME)]
    assert place(bench, leg).node == "nothing"
    assert (bench.rows, bench.pbx.files) == ([], {})


@pytest.mark.parametrize("fault", [{"bytes": 0, "problem": "there is no file"}, {"problem": "truncated"}])
def test_a_file_that_cannot_be_kept_leads_elsewhere(fault: dict[str, object]) -> None:
    bench, leg, name = recording(record_node())
    end(bench, name)
    judged(bench, ok=False, **fault)  # type: ignore[arg-type]
    assert place(bench, leg).node == "broken"
    assert [row.problem for row in bench.rows] == [fault["problem"]]
    assert bench.state.figures.recordings_bad == 1


@pytest.mark.parametrize("reason", ["gone", "refused"])
def test_a_recording_asterisk_refuses_has_ended(reason: str) -> None:
    bench, leg = dictating(record_node())
    bench.spoken(leg)
    bench.pbx.mishaps.append(("gone", False))  # the tone was over
    bench.pbx.mishaps.append((reason, False))  # type: ignore[arg-type]
    bench.sleep(BEEP_S)
    assert bench.one(CheckRecording) == CheckRecording(NAME, 0.0)
    judged(bench, 0.0, ok=False, bytes=0, problem="there is no file")
    assert place(bench, leg).node == "broken"


def test_a_recording_whose_end_is_not_told_is_ended_and_looked_at() -> None:
    bench, leg, name = recording(record_node())
    bench.sleep(LIMITS.most_s + GUARD_S)
    assert StopTake(bench.contact(leg).id, name) in bench.ordered
    assert [check.name for check in bench.checks] == [name]
    judged(bench, 30.0)
    assert place(bench, leg).node == "thanks"


def test_a_recording_that_had_ended_unheard_is_looked_at_when_stopping_it_finds_nothing() -> None:
    bench, leg, name = recording(record_node())
    del bench.pbx.takes[name]
    bench.sleep(LIMITS.most_s + GUARD_S)
    judged(bench, 30.0)
    assert place(bench, leg).node == "thanks"


def test_a_look_at_the_file_that_comes_to_nothing_keeps_nobody_waiting() -> None:
    bench, leg, name = recording(record_node())
    end(bench, name)
    bench.sleep(GUARD_S)
    assert place(bench, leg).node == "broken"
    judged(bench)
    assert place(bench, leg).node == "broken"
    assert [row.name for row in bench.rows] == [name]


def test_keys_during_a_recording_are_asterisks_to_understand() -> None:
    bench, leg, _ = recording(record_node())
    bench.press(leg, "#5")
    assert bench.ordered == []


def test_news_of_a_recording_nobody_makes_is_ignored() -> None:
    bench, leg, name = recording(record_node())
    for event in (
        RecordingEnded(bench.at, RecordingName("other"), ok=True),
        RecordingChecked(bench.at, name, 1, 1.0, ok=True, problem=""),
        CommandFailed(bench.at, "stop_take", "other", "gone"),
    ):
        assert isinstance(bench.feed(event)[-1], Ignored)
    end(bench, name)
    assert isinstance(bench.feed(RecordingEnded(bench.at, name, ok=True))[-1], Ignored)
    assert len(bench.checks) == 1
    judged(bench)
    assert place(bench, leg).node == "thanks"


# ---------------------------------------------------------------- review


def review() -> tuple[Bench, LegId]:
    """A caller who hears what was recorded."""
    bench, leg, name = recording(record_node(review=prompts("main")))
    end(bench, name)
    judged(bench)
    return bench, leg


def test_a_caller_hears_the_recording_and_keeps_it() -> None:
    bench, leg = review()
    played = bench.one(PlayTake)
    assert (played.name, played.prompts, played.language) == (NAME, prompts("main"), "id")
    assert bench.rows == []
    bench.press(leg, "1")
    assert place(bench, leg).node == "thanks"
    assert [row.name for row in bench.rows] == [NAME]


def test_a_caller_records_again_under_another_name_and_the_first_file_goes() -> None:
    bench, leg = review()
    bench.spoken(leg)
    bench.press(leg, "2")
    assert kinds(bench) == ["discard_take", "beep"]
    bench.sleep(BEEP_S)
    end(bench, RecordingName("acd/call1-r2"))
    judged(bench)
    bench.press(leg, "1")
    assert [row.name for row in bench.rows] == ["acd/call1-r2"]


def test_another_key_plays_it_again_and_no_key_keeps_it() -> None:
    bench, leg = review()
    bench.press(leg, "7")
    assert kinds(bench) == ["stop_play", "play_take"]
    bench.spoken(leg)
    bench.sleep(DECIDE_S)
    assert place(bench, leg).node == "thanks"


def test_a_prompt_of_the_review_whose_end_is_not_told_is_over_in_time() -> None:
    bench, leg = review()
    bench.sleep(5.0 + 120.0 + DECIDE_S)
    assert place(bench, leg).node == "thanks"


def test_who_hangs_up_during_the_review_has_left_it() -> None:
    bench, leg, name = recording(voicemail_node(review=prompts("main")))
    end(bench, name)
    judged(bench)
    bench.hang_up(leg)
    assert (bench.records[0].exit, len(bench.voicemails), len(bench.rows)) == (Exit.VOICEMAIL, 1, 1)


# ---------------------------------------------------------------- voicemail


def test_a_message_is_there_for_its_queue_and_the_contact_counts_as_voicemail() -> None:
    bench, leg, name = recording(voicemail_node())
    bench.sleep(8.0)
    left_at = bench.at
    end(bench, name, 8.0)
    judged(bench, 7.5)
    message = VoicemailRow(
        VoicemailId("call1-r1"), bench.contact(leg).id, QueueId("billing"), bench.contact(leg).language,
        "0811222333", left_at, 7.5, NAME,
    )  # fmt: skip
    assert bench.voicemails == [message]
    assert bench.state.voicemails.open == {message.id: OpenVoicemail(QueueId("billing"))}
    bench.spoken(leg)
    (record,) = bench.records
    assert (record.exit, record.queue, record.last_node) == (Exit.VOICEMAIL, None, "end")
    figures = bench.state.figures
    assert figures.by_exit[Exit.VOICEMAIL] == 1
    assert figures.success_call_ratio == 0.0


def test_a_message_left_out_of_hours_can_count_as_closed() -> None:
    bench, leg, name = recording(voicemail_node(exit=Exit.CLOSED))
    end(bench, name)
    judged(bench)
    bench.hang_up(leg)
    assert bench.records[0].exit is Exit.CLOSED


def test_who_leaves_a_message_and_then_gets_an_agent_was_answered() -> None:
    plan = dictation_plan(voicemail_node(next=n("wait")))
    flow = dictation_flow(voicemail_node(next=n("wait")))
    nodes = {**flow.nodes, n("wait"): QueueNode(n("wait"), QueueId("billing"))}
    plan.flows[flow.id] = type(flow)(**{**{f: getattr(flow, f) for f in flow.__slots__}, "nodes": nodes})
    bench = Bench(plan)
    bench.login("ana")
    leg = bench.call("180")
    bench.spoken(leg)
    bench.sleep(1.0)
    end(bench, NAME)
    judged(bench)
    bench.pick_up("ana")
    bench.hang_up(leg)
    assert (bench.records[0].exit, len(bench.voicemails)) == (Exit.ANSWERED, 1)


def test_who_hangs_up_while_speaking_has_left_a_message_if_it_is_long_enough() -> None:
    bench, leg, _ = recording(voicemail_node())
    bench.sleep(4.0)
    gone_at = bench.at
    bench.hang_up(leg)
    assert bench.records == []
    current = view(bench.state, bench.at)
    assert current is not None
    assert [contact.phase for contact in current.contacts] == ["leaving"]
    assert current.trunks[0].in_use == 0
    bench.at += 0.5
    judged(bench, 3.5)
    (record,) = bench.records
    assert (record.exit, record.ended_at, record.cause) == (Exit.VOICEMAIL, gone_at, 16)
    assert [message.left_at for message in bench.voicemails] == [gone_at]
    assert not bench.state.contacts
    assert not bench.timers


@pytest.mark.parametrize(
    ("found", "rows"),
    [
        ({"duration_s": 0.5}, 0),
        ({"ok": False, "silent": True}, 0),
        ({"ok": False, "problem": "truncated"}, 1),
        ({"ok": False, "bytes": 0, "problem": "there is no file"}, 1),
    ],
)
def test_who_hangs_up_with_nothing_in_the_file_has_left_none(found: dict[str, object], rows: int) -> None:
    bench, leg, _ = recording(voicemail_node())
    bench.hang_up(leg)
    judged(bench, **found)  # type: ignore[arg-type]
    assert (bench.records[0].exit, bench.voicemails, len(bench.rows)) == (Exit.IVR_EXIT, [], rows)
    assert (not bench.pbx.files) is (rows == 0)


def test_a_recording_whose_end_is_never_told_after_its_caller_is_gone_is_looked_at_all_the_same() -> None:
    bench, leg, name = recording(voicemail_node())
    bench.pbx.takes.clear()
    bench.hang_up(leg)
    assert bench.checks == []
    bench.sleep(END_GUARD_S)
    judged(bench)
    assert [message.recording for message in bench.voicemails] == [name]


def test_a_caller_taken_away_by_somebody_else_while_speaking_has_left_a_message() -> None:
    bench, leg, name = recording(voicemail_node())
    bench.pbx.leave_app(leg)
    bench.settle()
    bench.sleep(2.0)
    end(bench, name)
    assert isinstance(bench.feed(LegLeft(bench.at, leg))[-1], object)
    bench.sleep(2.0)
    judged(bench)
    assert (bench.records[0].exit, len(bench.voicemails)) == (Exit.TRANSFERRED, 1)


def test_the_end_of_a_caller_who_is_gone_already_changes_nothing() -> None:
    bench, leg, _ = recording(voicemail_node())
    bench.hang_up(leg)
    bench.feed(LinkChanged(bench.at, "ari", up=False))
    bench.feed(LinkChanged(bench.at, "ari", up=True))
    bench.feed(bench.pbx.resync(after_gap=True))
    assert bench.records == []
    bench.checks = bench.checks[-1:]
    judged(bench)
    assert [record.exit for record in bench.records] == [Exit.VOICEMAIL]


@pytest.mark.parametrize("stage", ["tone", "recording", "review"])
def test_a_call_we_end_leaves_no_recording_behind(stage: str) -> None:
    bench, leg = dictating(voicemail_node(review=prompts("main")))
    bench.spoken(leg)
    if stage != "tone":
        bench.sleep(1.0)
    if stage == "review":
        end(bench, NAME)
        judged(bench)
    bench.feed(CommandFailed(bench.at, "claim", leg, "refused"))  # the caller is somebody else's
    assert not bench.state.contacts
    if stage == "recording":
        judged(bench)
    assert not bench.state.recordings
    assert len(bench.rows) == (0 if stage == "tone" else 1)


# ---------------------------------------------------------------- marking


def mark(bench: Bench, state: str, message: str = "call1-r1") -> None:
    request = RequestId(f"r{bench.at}{state}")
    event = VoicemailMarked(bench.at, request, VoicemailId(message), QueueId("billing"), state, "agent/ana")  # type: ignore[arg-type]
    bench.feed(event)
    assert bench.one(Reply) == Reply(request, None, ok=True)
    assert bench.one(MarkVoicemail).mark == VoicemailMark(VoicemailId(message), state, "agent/ana", bench.at)  # type: ignore[arg-type]


def counts(bench: Bench) -> VoicemailsView:
    current = view(bench.state, bench.at)
    assert current is not None
    return next(found for found in current.voicemails if found.queue == "billing")


def test_messages_are_counted_by_how_far_they_have_come() -> None:
    bench, _, name = recording(voicemail_node())
    end(bench, name)
    judged(bench)
    billing = QueueId("billing")
    assert bench.got(WriteVoicemail)
    assert counts(bench) == VoicemailsView(billing, 1, 0, 0)
    mark(bench, "heard")
    assert counts(bench) == VoicemailsView(billing, 0, 1, 0)
    mark(bench, "done")
    assert counts(bench) == VoicemailsView(billing, 0, 0, 1)
    mark(bench, "done")
    mark(bench, "heard", "unknown-r1")
    assert counts(bench) == VoicemailsView(billing, 0, 0, 1)
    assert VoicemailMark(VoicemailId("call1-r1"), "done", "x", 1.0).contact_id == "call1"


# ---------------------------------------------------------------- gaps


def gap(bench: Bench) -> None:
    bench.feed(bench.pbx.resync(after_gap=True))


def test_after_a_gap_a_recording_that_goes_on_goes_on() -> None:
    bench, leg, name = recording(record_node())
    gap(bench)
    assert bench.got(SeekTake) == [SeekTake(bench.contact(leg).id, name)]
    assert bench.checks == []
    end(bench, name)
    judged(bench)
    assert place(bench, leg).node == "thanks"


def test_after_a_gap_a_recording_that_ended_meanwhile_is_looked_at() -> None:
    bench, leg, name = recording(record_node())
    del bench.pbx.takes[name]
    gap(bench)
    judged(bench)
    assert place(bench, leg).node == "thanks"


def test_after_a_gap_a_recording_that_was_never_begun_begins_anew() -> None:
    bench, leg, _ = recording(record_node())
    bench.pbx.takes.clear()
    bench.pbx.files.clear()
    gap(bench)
    judged(bench, ok=False, bytes=0, problem="there is no file")
    assert place(bench, leg).node == "say"
    assert bench.one(Play).prompts == prompts("notice")


def test_after_a_gap_the_tone_ends_a_look_is_repeated_and_a_review_begins_again() -> None:
    bench, leg = dictating(record_node(review=prompts("main")))
    bench.spoken(leg)
    gap(bench)
    assert kinds(bench) == ["stop_play", "start_take"]
    end(bench, NAME)
    bench.checks.clear()
    gap(bench)
    judged(bench)
    gap(bench)
    assert kinds(bench) == ["stop_play", "play_take"]
    assert place(bench, leg).node == "say"


def test_after_a_gap_prompts_before_a_recording_are_said_again() -> None:
    bench, _ = dictating(record_node())
    gap(bench)
    assert kinds(bench) == ["answer", "stop_play", "play"][1:]


# ---------------------------------------------------------------- reloads


def reloaded(bench: Bench, node: PlayNode | None) -> None:
    """The caller's flow is another one, and the version the caller began is not known any more."""
    plan = dictation_plan(record_node())
    flow = plan.flows[dictation_flow(record_node()).id]
    nodes = {name: kept for name, kept in flow.nodes.items() if name != "say"}
    entry = node or PlayNode(n("welcome"), prompts("lang"), n("end"))
    plan.flows[flow.id] = type(flow)(
        **{**{f: getattr(flow, f) for f in flow.__slots__}, "nodes": {**nodes, entry.id: entry}, "entry": entry.id}
    )
    bench.state.old_flows.clear()
    bench.feed(PlanLoaded(bench.at, plan))
    bench.state.old_flows.clear()


@pytest.mark.parametrize("node", [None, PlayNode(n("say"), prompts("lang"), n("end"))])
def test_a_node_that_a_reload_took_away_or_changed_leaves_the_recording_to_be_looked_at(node: PlayNode | None) -> None:
    bench, leg, name = recording(record_node())
    end(bench, name)
    reloaded(bench, node)
    judged(bench)
    assert place(bench, leg).node == ("say" if node else "welcome")
    assert bench.one(Play).prompts == prompts("lang")
    assert not bench.state.recordings


def test_a_recording_that_goes_on_at_a_node_a_reload_took_away_is_ended_and_kept() -> None:
    bench, leg, name = recording(record_node())
    reloaded(bench, None)
    bench.sleep(LIMITS.most_s + GUARD_S)
    assert place(bench, leg).node == "welcome"
    judged(bench)
    assert [row.name for row in bench.rows] == [name]


# ---------------------------------------------------------------- listening


def test_who_says_something_after_the_prompts_is_there() -> None:
    bench, leg = dictating(silence_node())
    assert [type(c) for c in bench.ordered] == [Answer, Play]
    bench.spoken(leg)
    assert bench.got(StartListening) == [StartListening(bench.contact(leg).id, leg)]
    bench.feed(TalkingStarted(bench.at, leg))
    assert kinds(bench) == ["stop_listening", "play"]
    assert place(bench, leg).node == "thanks"
    assert isinstance(bench.feed(TalkingStarted(bench.at, leg))[-1], Ignored)


def test_who_presses_a_key_is_there_even_during_the_prompts() -> None:
    bench, leg = dictating(silence_node())
    bench.press(leg, "5")
    assert kinds(bench) == ["stop_play", "play"]
    assert place(bench, leg).node == "thanks"
    bench, leg = dictating(silence_node(prompts=()))
    bench.press(leg, "5")
    assert kinds(bench) == ["stop_listening", "play"]


def test_who_pressed_a_key_ahead_is_there_and_the_key_counts_in_the_next_menu() -> None:
    plan = dictation_plan(PlayNode(n("hello"), prompts("lang"), n("say")))
    flow = next(flow for flow in plan.flows.values() if flow.id == "dictation")
    flow.nodes[n("say")] = silence_node(next=n("nothing"))
    bench = Bench(plan)
    leg = bench.call("180")
    bench.press(leg, "1")
    assert bench.got(StartListening) == []
    # The prompts after it are skipped, as they would be had the check not been there.
    assert [step.node for step in bench.records[0].path] == ["hello", "say", "nothing", "end"]


def test_who_says_and_presses_nothing_is_counted_as_no_response() -> None:
    bench, leg = dictating(silence_node())
    bench.spoken(leg)
    bench.sleep(5.0)
    assert bench.got(StopListening) == [StopListening(bench.contact_id(leg), leg)]
    (record,) = bench.records
    assert record.exit is Exit.NO_RESPONSE
    assert [(step.node, step.key) for step in record.path][-1] == ("nobody", "timeout")
    assert bench.state.figures.success_call_ratio == 0.0


def test_a_voice_where_nobody_listens_is_ignored() -> None:
    bench, leg = dictating(silence_node())
    assert isinstance(bench.feed(TalkingStarted(bench.at, leg))[-1], Ignored)
    assert isinstance(bench.feed(TalkingStarted(bench.at, LegId("nobody")))[-1], Ignored)
    assert place(bench, leg).node == "say"


def test_after_a_gap_the_silence_check_begins_again() -> None:
    bench, leg = dictating(silence_node())
    bench.spoken(leg)
    gap(bench)
    assert kinds(bench) == ["stop_listening", "play"]
