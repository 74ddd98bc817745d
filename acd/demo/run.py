"""The demonstration: sets the site up, lets people call, shows what happens, sums up.

Decides the pace of the calls and when it is over. Must not know how the parts do their work.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from random import Random

from rich.console import Console
from rich.live import Live

from acd.demo import accounting, crowd, summary, table
from acd.demo.behaviour import crowd as draw
from acd.demo.callers import Callers
from acd.demo.deployment import Deployment
from acd.demo.site import Site
from acd.demo.summary import Check
from acd.domain.errors import DeployError
from acd.domain.exits import Exit

ENDLESS = 20_000
"""Callers drawn when nobody says how many: more than half a day's."""
AT_ONCE = 32
"""Two more than the trunk carries: now and then one is refused, as in life."""
RATE = 1.6
_PLACING_SHARE = 0.6
"""The last call is placed when this share of the time is over, so that it can end in time."""
_OVERTIME_S = 90.0
_SETTLE_S = 15.0
_LOOK_S = 0.5
_PLAIN_S = 5.0
_NOTICED_S = 2.0
_SIPP_ENDS = (0, 1, 99)
"""All calls were as the scenario says, some were not (they are named later), none was placed."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """How many calls and seconds; None for without end."""

    calls: int | None
    seconds: float | None

    @property
    def rate(self) -> float:
        """Calls in a second."""
        if self.calls is None:
            return RATE
        return self.calls / (_PLACING_SHARE * self.seconds) if self.seconds else RATE


class Run:
    """One demonstration on a site that is up."""

    def __init__(self, site: Site, wanted: Wanted, console: Console, chance: Random) -> None:
        self._site, self._wanted, self._console = site, wanted, console
        deployment = site.deployment
        scripts = draw(wanted.calls or ENDLESS, crowd.KINDS, crowd.ACCESS_CODE, chance)
        self._callers = Callers(site.tools, deployment.folder / "callers", deployment.sip, scripts)
        self._began = 0.0

    async def __call__(self) -> bool:
        """Let people call until it is over; tell whether every check of the end was passed."""
        deployment = self._site.deployment
        await self._callers.open()
        try:
            child = await self._callers.place(deployment.ports.callers, self._wanted.rate, AT_ONCE)
            self._began = asyncio.get_running_loop().time()
            over = asyncio.ensure_future(self._until_over(child.process))
            failed = asyncio.ensure_future(self._site.failed())
            shown = asyncio.ensure_future(self._show())
            try:
                await asyncio.wait((over, failed, shown), return_when=asyncio.FIRST_COMPLETED)
                if shown.done():
                    # It ends only when the engine does not answer; which program ended says more than that.
                    await asyncio.wait((failed,), timeout=_NOTICED_S)
                if failed.done():
                    raise DeployError(failed.result())
                if shown.done():
                    shown.result()
                await over
            finally:
                for task in (over, failed, shown):
                    task.cancel()
                await asyncio.gather(over, failed, shown, return_exceptions=True)
            if child.process.returncode not in _SIPP_ENDS:
                raise DeployError(await child.ended())
        finally:
            await self._callers.close()
        good = self._report(await self._judge())
        self._invite(await self._site.api.records())
        return good

    async def _until_over(self, process: asyncio.subprocess.Process) -> None:
        """Wait for the last caller; when the time is up, place no more and let those under way finish."""
        try:
            await asyncio.wait_for(process.wait(), self._wanted.seconds)
        except TimeoutError:
            self._callers.no_more()
            try:
                await asyncio.wait_for(process.wait(), _OVERTIME_S)
            except TimeoutError as error:
                raise DeployError(f"Calls are still up {_OVERTIME_S:g} s after the last was placed") from error

    async def _show(self) -> None:
        deployment = self._site.deployment
        if not self._console.is_terminal:
            while True:
                await asyncio.sleep(_PLAIN_S)
                status, figures = await self._look()
                self._console.print(table.line(self._elapsed(), status, figures), soft_wrap=True, highlight=False)
        footer = addresses(deployment)
        with Live(console=self._console, auto_refresh=False, transient=True) as live:
            while True:
                status, figures = await self._look()
                live.update(table.picture(self._elapsed(), status, figures, footer), refresh=True)
                await asyncio.sleep(_LOOK_S)

    async def _look(self) -> tuple[table.Json, table.Json]:
        return await self._site.api.status(), await self._site.api.figures()

    def _elapsed(self) -> float:
        return asyncio.get_running_loop().time() - self._began

    async def _judge(self) -> list[Check]:
        site = self._site
        placed = self._callers.placed()
        await self._settle(len(placed))
        records, figures, status = await site.api.records(), await site.api.figures(), await site.api.status()
        account = accounting.compare(placed, records)
        for complaint in account.complaints:
            self._console.print(f"[red]not accounted for:[/] {complaint}", highlight=False)
        talked = [record for record in records if record["recording"] is not None]
        silent = await asyncio.to_thread(summary.silent_recordings, talked, site.asterisk.recordings_dir)
        for wrong in silent:
            self._console.print(f"[red]recording:[/] {wrong}", highlight=False)
        answered = [record for record in records if record["exit"] == Exit.ANSWERED]
        explained = sum([await self._explained(record) for record in answered])
        channels, bridges = await site.left_in_asterisk()
        used = table.trunk_use(status)[0]
        exits = ", ".join(f"{name} {count}" for name, count in sorted(summary.by_exit(records).items()))
        wanted = self._wanted.calls
        good, bad = figures["recordings_ok"], figures["recordings_bad"]
        return [
            Check("calls placed", str(len(placed)), wanted is None or len(placed) == wanted),
            Check("call records", f"{account.records}: {exits}", not account.complaints),
            *summary.figures_agree(records, figures),
            Check(
                "recordings", f"{good} good, {bad} bad, {len(talked)} conversations", (good, bad) == (len(talked), 0)
            ),
            Check("calls explained", f"{explained} of {len(answered)} answered", explained == len(answered)),
            Check("sound of both parties", f"in {len(talked) - len(silent)} of {len(talked)}", not silent),
            Check("left in Asterisk", f"{channels} channels, {bridges} bridges", (channels, bridges) == (0, 0)),
            Check("trunk channels in use", str(used), used == 0),
        ]

    async def _explained(self, record: table.Json) -> bool:
        """Whether what is kept of a call's offers ends with the agent in its record."""
        decisions = await self._site.api.decisions(record["contact_id"])
        rung = [str(decision["agent"]) for decision in decisions]
        return len(rung) == record["offers"] and rung[-1:] == [record["agent"]]

    async def _settle(self, calls: int) -> None:
        """Give the last records and recordings the moment they take to be written."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _SETTLE_S
        while loop.time() < deadline:
            records = await self._site.api.records()
            figures = await self._site.api.figures()
            checked = figures["recordings_ok"] + figures["recordings_bad"]
            recorded = sum(record["recording"] is not None for record in records)
            if len(records) >= calls and checked >= recorded and await self._site.left_in_asterisk() == (0, 0):
                return
            await asyncio.sleep(_LOOK_S)

    def _report(self, checks: list[Check]) -> bool:
        for check in checks:
            mark = "[green]ok  [/]" if check.ok else "[red]FAIL[/]"
            self._console.print(f"{mark} {check.name}: {check.found}", highlight=False, soft_wrap=True)
        return all(check.ok for check in checks)

    def _invite(self, records: Sequence[table.Json]) -> None:
        """Say how to look further: the database stays, and any call in it can be explained."""
        deployment = self._site.deployment
        say = partial(self._console.print, highlight=False, soft_wrap=True, markup=False)
        say(f"The call records stay in {deployment.database}")
        contact = summary.worth_explaining(records)
        if contact is not None:
            folders = f"--config {deployment.config} --flows {deployment.flows}"
            say(f"Why did whom get this call?  acd explain {contact} {folders}")


def addresses(deployment: Deployment) -> str:
    """Say where the figures and the API are, and where the token is."""
    return (
        f"metrics {deployment.url}/metrics   API {deployment.url}/api/v1/status"
        f'   (-H "Authorization: Bearer $(cat {deployment.token_file})")   files {deployment.folder}'
    )
