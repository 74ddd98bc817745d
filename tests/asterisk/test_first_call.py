"""Thirty callers at once on a trunk of thirty, from the access code to the agent, on a real Asterisk with real sound.

One episode is lived through once; each test states one thing about it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest
from prometheus_client.parser import text_string_to_metric_families

from acd.demo import crowd
from acd.demo.accounting import Account, compare
from acd.demo.api import Json
from acd.demo.behaviour import Kind, Script, script
from acd.demo.callers import Attempt, Callers
from acd.demo.deployment import Deployment, Wishes, prepare
from acd.demo.phones import Manner
from acd.demo.site import Site, speak
from acd.demo.summary import service_level, silent_recordings, success_call_ratio
from acd.deploy.cache import cache_root
from acd.deploy.progress import SilentProgress
from acd.deploy.toolchain import ToolSet, fetch_tools
from tests.call_centre import SHARE

pytestmark = pytest.mark.asterisk

ROOT = Path(__file__).parents[2]
CAPACITY = 30
SHARES = {"licensing": 14, "licensing in English": 2, "technical help": 6, "investment reports": 3, "complaint": 3}
"""Together with two who want any officer, thirty."""
WISHES = Wishes(more_agents=6)
MANNER = Manner(ring_ms=(200, 600), talk_ms=(14000, 18000))
"""They talk long enough for all thirty to be up together."""


@dataclass
class Episode:
    """What was seen in it."""

    deployment: Deployment
    attempts: list[Attempt]
    refused: list[Attempt]
    in_use: int
    """Trunk channels while all thirty were up."""
    records: list[Json]
    recordings: list[Json]
    status: Json
    metrics: dict[tuple[str, tuple[tuple[str, str], ...]], float]
    left: tuple[int, int]
    """Channels and bridges in Asterisk afterwards."""
    silent: list[str]
    account: Account


def kinds() -> Iterator[Kind]:
    by_name = {kind.name: kind for kind in crowd.KINDS}
    for name, count in SHARES.items():
        yield from [by_name[name]] * count
    while True:
        yield by_name["any officer"]


def scripts(count: int, first: int) -> tuple[Script, ...]:
    chance = Random(first)
    chosen = kinds() if first == 1 else (crowd.KINDS[0] for _ in range(count))
    return tuple(script(first + place, next(iter(chosen)), "169", chance) for place in range(count))


def metrics(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    samples = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
    return {(sample.name, tuple(sorted(sample.labels.items()))): sample.value for sample in samples}


async def live(tools: ToolSet, deployment: Deployment) -> Episode:
    async with AsyncExitStack() as stack:
        site = await stack.enter_async_context(Site(tools, deployment, MANNER))
        thirty = Callers(tools, deployment.folder / "callers", deployment.sip, scripts(CAPACITY, 1))
        one_more = Callers(tools, deployment.folder / "one_more", deployment.sip, scripts(1, 31))
        for callers in (thirty, one_more):
            stack.push_async_callback(callers.close)
            await callers.open()
        placing = await thirty.place(deployment.ports.callers, rate=15, at_once=CAPACITY)
        in_use = 0
        async with asyncio.timeout(60):
            while in_use < CAPACITY:
                in_use = (await site.api.status())["trunks"][0]["in_use"]
                await asyncio.sleep(0.1)
        refused = await one_more.place(deployment.ports.more_callers, rate=1, at_once=1)
        async with asyncio.timeout(90):
            await refused.process.wait()
            in_use = (await site.api.status())["trunks"][0]["in_use"]
            await placing.process.wait()
            while not await at_rest(site):  # noqa: ASYNC110 - another process, seen only by asking
                await asyncio.sleep(0.2)
        records = await site.api.records()
        attempts = [*thirty.attempts.values(), *one_more.attempts.values()]
        return Episode(
            deployment=deployment,
            attempts=list(thirty.attempts.values()),
            refused=list(one_more.attempts.values()),
            in_use=in_use,
            records=records,
            recordings=[row for record in records for row in await site.api.recordings(record["contact_id"])],
            status=await site.api.status(),
            metrics=metrics(await site.api.metrics()),
            left=await site.left_in_asterisk(),
            silent=silent_recordings(records, site.asterisk.recordings_dir),
            account=compare(attempts, records),
        )


async def at_rest(site: Site) -> bool:
    figures = await site.api.figures()
    checked = figures["recordings_ok"] + figures["recordings_bad"]
    counted = figures["contacts"] == CAPACITY + 1 and checked == figures["by_exit"]["answered"]
    return counted and await site.left_in_asterisk() == (0, 0)


@pytest.fixture(scope="module")
def episode(tmp_path_factory: pytest.TempPathFactory) -> Episode:
    tools = fetch_tools()
    folder = tmp_path_factory.mktemp("first") / "run"
    deployment = prepare(folder, ROOT / "config", ROOT / "ivr_flows", WISHES, Random(), SHARE)
    speak(tools, deployment, cache_root() / "prompts", SilentProgress())
    return asyncio.run(live(tools, deployment))


def test_thirty_callers_at_once_are_answered_and_hear_something(episode: Episode) -> None:
    assert episode.in_use == CAPACITY
    assert len(episode.attempts) == CAPACITY
    for attempt in episode.attempts:
        assert attempt.answered_at is not None
        assert attempt.heard.sound > 0


def test_every_caller_reaches_the_queue_chosen_by_key_and_an_agent_with_the_skill(episode: Episode) -> None:
    plan = episode.deployment.settings.plan
    answered = [record for record in episode.records if record["exit"] == "answered"]
    assert len(answered) == CAPACITY
    for record in answered:
        levels = {skill.skill: skill.level for skill in plan.agents[record["agent"]].skills}
        for need in plan.queues[record["queue"]].requires:
            assert levels.get(need.skill, 0) >= need.level
        assert plan.language_skills[record["language"]] in levels
    chosen = [record["queue"] for record in answered]
    assert {queue: chosen.count(queue) for queue in set(chosen)} == {
        "q_perizinan": 16,
        "q_oss_teknis": 6,
        "q_lkpm": 3,
        "q_pengaduan": 3,
        "q_umum": 2,
    }
    assert [record["language"] for record in answered].count("en") == SHARES["licensing in English"]


def test_every_caller_hears_the_agent(episode: Episode) -> None:
    assert [attempt.script.number for attempt in episode.attempts if not attempt.heard.talked] == []


def test_every_conversation_is_recorded_with_the_sound_of_both_parties(episode: Episode) -> None:
    assert len(episode.recordings) == CAPACITY
    assert [row for row in episode.recordings if not row["ok"]] == []
    assert episode.silent == []


def test_the_thirty_first_is_refused_with_503_and_counted(episode: Episode) -> None:
    assert [attempt.end for attempt in episode.refused] == ["refused_503"]
    (blocked,) = [record for record in episode.records if record["exit"] == "blocked"]
    assert (blocked["cause"], blocked["sip_code"], blocked["answered_at"]) == (34, 503, None)
    (trunk,) = episode.status["trunks"]
    assert (trunk["blocked"], trunk["peak"]) == (1, CAPACITY)


def test_afterwards_nothing_is_left_in_asterisk_or_in_the_trunk_ledger(episode: Episode) -> None:
    assert episode.left == (0, 0)
    assert [trunk["in_use"] for trunk in episode.status["trunks"]] == [0]
    assert episode.metrics["acd_trunk_channels_in_use", (("trunk", "e1"),)] == 0


def test_every_attempt_has_one_record_that_tells_what_the_caller_lived_through(episode: Episode) -> None:
    assert episode.account.complaints == ()
    assert (episode.account.attempts, episode.account.records) == (CAPACITY + 1, CAPACITY + 1)


def test_the_ratios_at_metrics_equal_those_counted_by_hand_from_the_records(episode: Episode) -> None:
    assert episode.metrics["acd_success_call_ratio", ()] == pytest.approx(success_call_ratio(episode.records))
    assert episode.metrics["acd_success_call_ratio", ()] == pytest.approx(CAPACITY / (CAPACITY + 1))
    assert episode.metrics["acd_service_level_ratio", ()] == pytest.approx(service_level(episode.records))
