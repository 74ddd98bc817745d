"""Turns checked files into the engine's plan.

Decides nothing an operator could get wrong: it runs only on files without mistakes. Must not know where they stood.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from acd.domain.ids import (
    ONLY_PBX,
    AgentId,
    CalendarId,
    DispositionId,
    FlowId,
    Language,
    PbxId,
    PromptKey,
    QueueId,
    SkillId,
    TrunkId,
)
from acd.domain.plan import (
    AccessCodePlan,
    AgentPlan,
    Capacity,
    DispositionPlan,
    FeatureCode,
    Plan,
    QueuePlan,
    RelaxationStep,
    Reservation,
    TreatmentPlan,
    TrunkPlan,
)
from acd.engine.ivr import names as flow_names
from acd.settings import files, queue_file
from acd.settings.build_calendars import calendar
from acd.settings.build_callbacks import callbacks, offer
from acd.settings.build_flow import flow
from acd.settings.build_talk_nodes import keys
from acd.settings.build_way_nodes import levels
from acd.settings.expression_checks import reads_earlier
from acd.settings.limit_file import limits
from acd.settings.matching_files import RelaxationSection, ReservationSection
from acd.settings.national import NationalDays
from acd.settings.sources import Files
from acd.settings.values import PromptsSettings
from acd.settings.wordings import worded


def device_of(agent: str, section: files.AgentSection) -> str:
    """The Asterisk endpoint of an agent's phone."""
    return section.device or f"PJSIP/{agent}"


def prefixes_of(trunk: str, trunks: files.TrunksFile) -> tuple[str, ...]:
    """A trunk's channel prefixes: its gateways', then those written down."""
    gateways = (f"PJSIP/{name}" for name, gateway in trunks.gateways.items() if gateway.trunk == trunk)
    return tuple(dict.fromkeys((*gateways, *trunks.trunks[trunk].channel_prefixes)))


def plan(version: str, files: Files, national: Mapping[str, NationalDays], prompts: PromptsSettings) -> Plan:
    """The plan of files that hold no mistake; ``national`` are the holidays of calendars that want a country's."""
    acd = files.acd
    names = flow_names.types(files.queues.queues, files.calendars.calendars)
    versions = {key: prompt.version for key, prompt in files.prompts.prompts.items()}
    return Plan(
        version=version,
        agents={AgentId(k): _agent(k, v, files.queues.queues) for k, v in files.agents.agents.items()},
        queues={QueueId(k): _queue(k, v, files) for k, v in files.queues.queues.items()},
        trunks={
            TrunkId(k): TrunkPlan(TrunkId(k), prefixes_of(k, files.trunks), v.capacity, PbxId(v.pbx or ONLY_PBX))
            for k, v in files.trunks.trunks.items()
        },
        access_codes={
            number: AccessCodePlan(number, FlowId(section.flow))
            for code, section in files.access_codes.access_codes.items()
            for number in (code, *section.also)
        },
        calendars={
            CalendarId(k): calendar(k, v, acd.time_zone, national.get(k)) for k, v in files.calendars.calendars.items()
        },
        flows={
            FlowId(k): worded(flow(k, v, files.flow_versions[k], files.flows, names, versions), prompts)
            for k, v in files.flows.items()
        },
        tables={k: table.plan() for k, table in files.tables.items()},
        language_skills={Language(k): SkillId(v.skill) for k, v in acd.languages.items() if v.skill},
        feature_codes={k: _feature_code(k, v) for k, v in acd.feature_codes.items()},
        pause_reasons=acd.pause_reasons,
        contact_policy=files.queues.contact_policy,
        reservations=tuple(map(_reservation, files.queues.reservations)),
        no_answer_reason=acd.no_answer_reason,
        callbacks=callbacks(acd.callbacks) if acd.callbacks is not None else None,
        recording_prefix=f"{acd.recordings.folder}/" if acd.recordings.folder else "",
        time_zone=acd.time_zone,
        overload=acd.overload.plan(sum(trunk.capacity for trunk in files.trunks.trunks.values())),
        pbxs=tuple(PbxId(name) for name in acd.pbx),
        lost_after_s=acd.peers.lost_after,
        remember_callers_s=acd.remember_callers if reads_earlier(files.flows) else 0.0,
    )


def _feature_code(code: str, section: files.FeatureCodeSection) -> FeatureCode:
    return FeatureCode(code, section.action, section.reason or "", section.by or 30.0, section.disposition or "")


def _agent(name: str, section: files.AgentSection, queues: Iterable[str]) -> AgentPlan:
    return AgentPlan(
        id=AgentId(name),
        name=section.name,
        device=device_of(name, section),
        skills=levels(section.skills),
        queues=tuple(QueueId(q) for q in section.queues or (queues if section.tiers else ())),
        login_at_start=section.login_at_start,
        wrap_up_s=section.wrap_up,
        tiers={QueueId(queue): tier for queue, tier in section.tiers.items()},
        pbx=PbxId(section.pbx or ONLY_PBX),
        capacity=tuple(Capacity(medium, c.most, c.beside) for medium, c in section.capacity.items()),
    )


def _queue(name: str, section: queue_file.QueueSection, all_files: Files) -> QueuePlan:
    overflow, wait = section.overflow, section.limits.wait if section.limits else None
    return QueuePlan(
        id=QueueId(name),
        name=section.name,
        requires=levels(section.requires),
        ring=section.ring,
        ring_timeout_s=section.ring_timeout,
        wrap_up_s=section.wrap_up,
        max_wrap_up_s=section.max_wrap_up,
        dispositions={
            DispositionId(k): DispositionPlan(DispositionId(k), v.name, v.wrap_up)
            for k, v in section.dispositions.items()
        },
        max_wait_s=wait.at_most if wait else overflow.after,
        max_wait_by_language={
            Language(k): v for k, v in (wait.by_language if wait else overflow.after_by_language).items()
        },
        overflow_queue=QueueId(overflow.queue) if overflow.queue else None,
        overflow_drops_language=overflow.drop_language,
        overflow_prompt=PromptKey(overflow.prompt) if overflow.prompt else None,
        limits=limits(section.limits, all_files.flows),
        max_length=section.max_length,
        max_no_answer=section.max_no_answer,
        music=section.music,
        treatment=_treatment(section.announce),
        priority=section.priority,
        record=section.record,
        service_level_s=section.service_level,
        short_abandon_s=section.short_abandon,
        callback=offer(section.callback) if section.callback is not None else None,
        redial_s=section.redial_within or 0.0,
        policy=section.policy,
        prefers=levels(section.prefers),
        tier=section.tier,
        relaxation=tuple(map(_step, section.relaxation)),
        weight=section.weight,
        service_time_s=section.service_time,
        share=section.share,
    )


def _step(section: RelaxationSection) -> RelaxationStep:
    helpers = tuple(QueueId(queue) for queue in section.helpers)
    return RelaxationStep(section.after, levels(section.lower), section.drop_preferred, section.tier, helpers)


def _reservation(section: ReservationSection) -> Reservation:
    queues = tuple(QueueId(queue) for queue in section.queues)
    return Reservation(SkillId(section.skill), section.level, section.keep, queues, section.priority)


def _treatment(section: queue_file.AnnounceSection) -> TreatmentPlan:
    return TreatmentPlan(
        position=section.position,
        estimate=section.estimate,
        comfort=keys(section.comfort),
        first_after_s=section.first_after,
        every_s=section.every,
        at_most_positions=section.at_most_positions,
        estimate_at_least_s=section.estimate_at_least,
        estimate_at_most_s=section.estimate_at_most,
        estimate_step_s=section.estimate_step,
        lunch=CalendarId(section.lunch) if section.lunch is not None else None,
    )
