"""``acd simulate --faults``: does anything get lost when everything breaks?

Decides what is printed and the exit code; ``acd.sim.faults`` does the work.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from acd.deploy.progress import shown_progress
from acd.engine.state import EngineState
from acd.runtime.dispatcher import Codec
from acd.settings import load
from acd.sim.faults.clock import EPOCH
from acd.sim.faults.disk import EventCodec
from acd.sim.faults.engine import Codecs
from acd.sim.faults.hearing import Patience
from acd.sim.faults.pair import Succession
from acd.sim.faults.study import Setting, Sum, Told, histories, killed_everywhere
from acd.sim.faults.world import Wanted
from acd.store.codec import decode, decode_event, encode_event
from acd.store.lease import RENEW_S, TTL_S, WITNESS_S, Lease
from acd.store.pieces import StatePieces
from acd.store.seat import Seen, Turn
from acd.telephony.ami.messages import AmiConfig
from acd.telephony.ari.values import AriConfig
from acd.telephony.silence import Silence, Verdict

_SHOWN = 20


def _decode(data: bytes) -> EngineState:
    return decode(EngineState, data)


def _turn(seat: Any, lease: Any, now: Callable[[], float]) -> Turn:
    return Turn(seat, lease, now)


def _patience(config: AriConfig | AmiConfig) -> Patience:
    silence = partial(Silence, config.quiet_s, config.pong_limit_s)
    return Patience(silence, Verdict.ASK, Verdict.DEAD, config.unseen_s)


CODECS = Codecs(
    Codec(StatePieces(), _decode),
    EventCodec(encode_event, decode_event),
    Succession(Lease, _turn, Seen, TTL_S, RENEW_S, WITNESS_S),
    _patience(AriConfig("", "", "")),
    _patience(AmiConfig("", 0, "", "")),
)


@dataclass(frozen=True, slots=True)
class Deployment:
    """Where a deployment's files are; gives its plan in whichever process needs it."""

    config: Path
    flows: Path | None

    def __call__(self) -> Setting:
        """Read them. Raises ``ConfigError``."""
        flows = self.flows or self.config.parent / "ivr_flows"
        today = datetime.fromtimestamp(EPOCH, UTC).date()
        return load(self.config, flows, {}, secrets=False, today=today).plan, CODECS


@dataclass(frozen=True, slots=True)
class Asked:
    """How much of it."""

    seed: int
    count: int
    seconds: float
    jobs: int
    kill_points: bool = False
    kill_at: str | None = None
    standby: bool = False

    def wanted(self) -> Iterator[Wanted]:
        """The histories, one for each seed."""
        nth, _, place = (self.kill_at or "").partition(" ")
        if place and not nth.isdecimal():
            raise typer.BadParameter("--kill-at is a number and a place")
        for seed in range(self.seed, self.seed + self.count):
            yield Wanted(seed, self.seconds, place=place, nth=int(nth) if place else 0, pair=self.standby)


def faults(deployment: Deployment, asked: Asked, *, as_json: bool) -> None:
    """Live through histories and tell what was found. Exit code 1 if anything happened that must not."""
    total, places, done = Sum(), dict[str, int](), 0.0
    with shown_progress() as bars:
        bars.stage("kill points" if asked.kill_points else "histories")
        if asked.kill_points:
            found = killed_everywhere(deployment, list(asked.wanted()), asked.jobs)
        else:
            found = ((told, 1.0) for told in histories(deployment, asked.wanted(), asked.jobs))
        for told, weight in found:
            total.add(told)
            if told.hit:
                places[told.place] = places.get(told.place, 0) + 1
            done += weight / asked.count
            bars.advance(done, f"{total.histories} histories, {len(total.bad)} failed")
            last = told
    if as_json:
        typer.echo(json.dumps(_as_json(total, last), indent=2))
    else:
        _print(total, last, asked.seconds, standby=asked.standby)
        if places:
            typer.echo(f"killed at {len(places)} places, {sum(places.values())} times in all")
    if total.bad:
        raise typer.Exit(1)


def _as_json(total: Sum, last: Told) -> dict[str, object]:
    return {
        "histories": total.histories,
        "calls": total.calls,
        "records": total.records,
        "unseen": total.unseen,
        "lives": total.lives,
        "events": total.events,
        "faults": dict(sorted(total.faults.items())),
        "checked": dict(sorted(total.checked.items())),
        "trace": last.trace,
        "failed": [
            {
                "seed": told.seed,
                "trace": told.trace,
                "violations": [{"at": one.at, "what": one.what} for one in told.violations],
                "complaints": list(told.complaints),
            }
            for told in total.bad
        ],
    }


def _print(total: Sum, last: Told, seconds: float, *, standby: bool) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for told in total.bad[:_SHOWN]:
        console.print(f"seed {told.seed}, trace {told.trace}", style="bold red", markup=False)
        for one in told.violations:
            console.print(f"  {one.at:9.3f} s  {one.what}", markup=False)
        for complaint in told.complaints[:_SHOWN]:
            console.print(f"  {complaint}", markup=False)
        where = " --standby" * standby + (f" --kill-at '{told.nth} {told.place}'" if told.place else "")
        console.print(f"  again: acd simulate --faults --seed {told.seed} --seconds {seconds:g}{where}", markup=False)
    console.print(
        f"{total.histories} histories, {total.calls} calls, {total.records} records, "
        f"{total.unseen} calls that came and went while no engine was there"
    )
    broken = ", ".join(f"{name} {number}" for name, number in sorted(total.faults.items()))
    console.print(f"{total.lives} lives of the engine; faults: {broken or 'none'}")
    console.print(f"{sum(total.checked.values())} checks of {len(total.checked)} invariants, {len(total.bad)} failed")
    if total.cpu_s:
        busy, whole = total.busy_s / total.cpu_s, total.virtual_s / total.cpu_s
        console.print(
            f"{total.virtual_s:,.0f} s in {total.cpu_s:.1f} s of one core: {whole:,.0f} x real time, "
            f"{busy:,.0f} x counting only the busy {total.busy_s:,.0f} s; {total.events / total.cpu_s:,.0f} events/s"
        )
    console.print(f"trace of seed {last.seed}: {last.trace}")
