"""The two sides a bench compares: app_queue and the engine on one Asterisk, with the same phones and caller program.

Decides how either is reached and what is fair: app_queue is configured the best way it has (``QUEUE``), the engine's
flow goes to its queue at once without recording, and blocks take turns (A B B A ...), so that what else the machine
does meets both alike. In neither is a caller answered before the agent is. Must not know what is measured.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from acd.demo import children
from acd.demo.callers import ADDRESS
from acd.demo.deployment import Deployment, Wishes
from acd.demo.phones import quiet, scenario
from acd.demo.site import Site
from acd.domain.errors import DeployError

APP_QUEUE, ENGINE = "app_queue", "engine"
CODES = {APP_QUEUE: "8000", ENGINE: "8001"}
"""The number that leads to each."""
QUEUE = {
    "strategy": "leastrecent",
    "autofill": "yes",
    "timeout": "15",
    "retry": "1",
    "ringinuse": "no",
    "wrapuptime": "0",
    "memberdelay": "0",
    "timeoutrestart": "no",
    "reportholdtime": "no",
    "announce-frequency": "0",
}
"""app_queue's: every free member is rung for at once, the longest idle first, and nothing is announced."""
WISHES = Wishes(
    wrap_up_s=0.0,
    more_agents=6,
    queue={"record": "false"},
    phones={"ahead": "30s"},
    overload={"calls_per_second": "1000", "burst": "10000", "loop_delay": "10s"},  # app_queue refuses nobody either
    access_codes={CODES[ENGINE]: {"flow": "direct"}},
    flows={
        "direct": {
            "languages": ["id"],
            "entry": "agent",
            "nodes": {"agent": {"kind": "queue", "queue": "q_umum"}},
        }
    },
)
"""The engine's: 24 agents and six more, no wrap-up; an agent is free again the moment a conversation ended. It too is
configured the best way it has: a channel to the phone that rings next is made ahead."""
AHEAD = "ahead."
"""In the names of channels, and of their bridges, that wait for the next caller."""
_QUIET_S = 20.0
_BLOCK_S = 120.0


def with_app_queue(deployment: Deployment, options: str = "") -> Deployment:
    """Add a Queue() of the same phones beside the engine, reached by its own number on the same trunk.

    Args:
        deployment: the engine's.
        options: of the application; ``r`` lets callers hear ringing, as the engine does before the answer.
    """
    plan = deployment.plan
    lines = [f"{key}={value}" for key, value in QUEUE.items()]
    lines += [f"member => PJSIP/{phone.endpoint}" for phone in plan.phones]
    queue = "\n".join(("[bench]", *lines, ""))
    entry = f"exten => {CODES[APP_QUEUE]},1,Queue(bench,{options})\n same => n,Hangup()\n"
    files = {"queues.conf": queue, "extensions.conf": f"[{plan.contexts.from_trunk}](+)\n{entry}"}
    return including(deployment, files)


def including(deployment: Deployment, files: dict[str, str]) -> Deployment:
    """Add text to files of Asterisk."""
    plan = deployment.plan
    includes = dict(plan.extra_includes)
    for name, text in files.items():
        path = deployment.folder / f"bench_{name}"
        path.write_text(text, encoding="utf-8")
        includes[name] = (*includes.get(name, ()), path)
    return replace(deployment, plan=replace(plan, extra_includes=includes))


def order(blocks: int) -> list[str]:
    """Say whose block is when: A B B A A B B A ..."""
    turns = [(APP_QUEUE, ENGINE), (ENGINE, APP_QUEUE)]
    return [side for block in range(blocks) for side in turns[block % 2]]


async def place(site: Site, side: str, name: str, callers: str, *limits: str, **values: int) -> str:
    """Let callers call one side until all have ended; give the log of their scenario.

    Args:
        site: where.
        side: whom they call.
        name: of the block, for its folder.
        callers: their scenario.
        limits: SIPp's options for how many and how fast.
        values: of the scenario.

    Raises:
        DeployError: a call did not end as its scenario says, or not in time.
    """
    await _until_quiet(site)
    patience_s = _BLOCK_S + values.get("hold", 0) / 1000
    deployment = site.deployment
    folder = deployment.folder / "bench" / f"{name}-{side}"
    await asyncio.to_thread(folder.mkdir, parents=True)
    log = folder / "times.log"
    argv = [
        *site.tools.argv("sipp"),
        *("-sf", scenario(callers, folder, **values), "-s", CODES[side]),
        *("-i", ADDRESS, "-bind_local", "-p", str(deployment.ports.callers)),
        *limits,
        *("-trace_logs", "-log_file", str(log), *quiet("callers")),
        f"{deployment.sip[0]}:{deployment.sip[1]}",
    ]
    child = await children.start("the callers (SIPp)", argv, folder / "callers.out", folder, site.tools.env())
    try:
        code = await asyncio.wait_for(child.process.wait(), patience_s)
    except TimeoutError as error:
        raise DeployError(f"The calls of {side} did not end in {patience_s:g} s:\n{child.last_lines()}") from error
    finally:
        await child.stop()
    if code != 0:
        raise DeployError(f"Not every call of {side} was answered and ended in order: see {folder}")
    return await asyncio.to_thread(read_log, log)


def read_log(log: Path) -> str:
    """Give what a scenario logged; nothing where it logged nothing."""
    return log.read_text(encoding="utf-8") if log.exists() else ""


async def _until_quiet(site: Site) -> None:
    """Wait until nothing is left of the block before and every agent is free."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _QUIET_S
    while loop.time() < deadline:
        agents = (await site.api.status())["agents"]
        if all(agent["activity"] == "idle" for agent in agents) and await site.left_in_asterisk(besides=AHEAD) == (
            0,
            0,
        ):
            return
        await asyncio.sleep(0.2)
    busy = [f"{a['id']} is {a['activity']}" for a in agents if a["activity"] != "idle"]
    raise DeployError(f"Not everything came to rest in {_QUIET_S:g} s: {', '.join(busy[:10]) or 'channels are left'}")
