"""The contacts' side of the router: lines of contacts with equal requirements, and who may take from which.

Knows the groups of agents by the numbers of their lines only. A requirement becomes a line when it is first heard of
and stays one as long as the plan does; there are as many as the configuration has combinations in use.
"""

from __future__ import annotations

from collections.abc import Iterable

from acd.domain.ids import AgentId, ContactId, QueueId
from acd.domain.plan import Medium, Plan, QueuePlan
from acd.engine.matching.facts import Key, Rank, Requirement
from acd.engine.matching.fit import Fit
from acd.engine.matching.lines import Lines, Several
from acd.engine.matching.policies import Policies, agent_policy
from acd.engine.matching.policies.contract import AgentPolicy, draws, weighs
from acd.engine.matching.staff import Staff, bits

FEW = 4
"""Up to so many heads are compared one by one, more at once."""
APART = float(1 << 33)
"""Between two priorities, in seconds: longer than any two contacts' times lie apart."""


def entry_of(contact: ContactId, priority: int, since: float) -> Key:
    """A contact's place in its line. The first number alone puts nearly all in order; rounding cannot turn it round."""
    return (since - priority * APART, -priority, since, contact)


def rank_of(entry: Key) -> Rank:
    """The rank of a contact under a plain policy."""
    return entry[1:]


class Level:
    """The groups that are equally good for a requirement before their agents are looked at."""

    __slots__ = ("lines", "mask", "prefix", "several")

    def __init__(self, prefix: Key, lines: tuple[int, ...]) -> None:
        self.prefix = prefix
        self.lines = lines
        self.mask = sum(1 << line for line in lines)
        self.several = Several(lines) if len(lines) > FEW else None


class Wanted:
    """A requirement: the groups that may take it, best level first, and the queue's policy."""

    __slots__ = ("draws", "fits", "levels", "lines", "mask", "need", "number", "policy", "pools", "queue")

    def __init__(self, need: Requirement, queue: QueuePlan, policy: AgentPolicy, lines: Lines, number: int) -> None:
        self.need = need
        self.queue = queue
        self.policy = policy
        self.draws = policy if draws(policy) else None
        self.pools = policy if weighs(policy) else None
        self.lines = lines
        self.number = number
        self.mask = 0
        self.levels: tuple[Level, ...] = ()
        self.fits: dict[int, Fit] = {}

    def may(self, fits: dict[int, Fit]) -> None:
        """Note which groups may take it, in an order that depends on the groups alone: lots go by it."""
        self.fits = fits
        self.mask = sum(1 << line for line in fits)
        levels: dict[Key, list[int]] = {}
        for line, fit in fits.items():
            prefix = (fit.tier, -fit.preferred, *self.policy.level(fit))
            levels.setdefault(prefix, []).append(line)
        self.levels = tuple(Level(prefix, tuple(lines)) for prefix, lines in sorted(levels.items()))


class Demand:
    """Every requirement heard of, and who waits with it."""

    def __init__(self, plan: Plan, policies: Policies, staff: Staff) -> None:
        self._queues = plan.queues
        self._policies = policies
        self._staff = staff
        self.lines = Lines()
        self.wanted: list[Wanted] = []
        """The requirement of each line."""
        self.waiting: dict[QueueId, int] = {}
        """Contacts in the lines of each queue."""
        self.serves: list[int] = []
        """For each line of agents, a bit for each line of contacts it may take from."""
        self._known: dict[Requirement, Wanted] = {}
        self._latest: Wanted | None = None
        """The one asked for last: a contact that comes is asked about several times in a row."""
        self.several: list[Several | None] = []
        """What ``pick`` gave for each line of agents, until there are more lines of contacts it may take from."""
        self._contacts: dict[ContactId, tuple[Requirement, Key, Wanted | None]] = {}
        self.named: dict[tuple[AgentId, Medium], dict[ContactId, Key]] = {}
        """Contacts that wait for one agent alone."""
        self.widen()

    def of(self, need: Requirement) -> Wanted:
        """The line of a requirement, made when first asked for."""
        latest = self._latest
        if latest is None or latest.need is not need:
            latest = self._latest = self._known.get(need) or self._make(need)
            latest.need = need  # equal; who asks again with this very one is spared the comparison
        return latest

    def _make(self, need: Requirement) -> Wanted:
        queue = self._queue(need)
        policy = agent_policy(self._policies, queue.policy)
        wanted = Wanted(need, queue, policy, self._staff.lines_of(queue.policy), self.lines.add())
        self.wanted.append(wanted)
        self._known[need] = wanted
        self._place(wanted, self._staff.fits(need))
        return wanted

    def _place(self, wanted: Wanted, fits: dict[int, Fit]) -> None:
        wanted.may(fits)
        for line in fits:
            self.serves[line] |= 1 << wanted.number
            self.several[line] = None

    def widen(self, new_lines: Iterable[int] = ()) -> None:
        """Note lines of agents that are new."""
        new = len(self._staff.groups) - len(self.serves)
        self.serves += [0] * new
        self.several += [None] * new
        if any(True for _ in new_lines):
            for wanted in self.wanted:
                self._place(wanted, self._staff.fits(wanted.need))

    # ------------------------------------------------------------ who waits

    def put(self, contact: ContactId, need: Requirement, priority: int, since: float) -> None:
        """Let a contact wait, or wait otherwise."""
        before = self._contacts.get(contact)
        entry = entry_of(contact, priority, since)
        if before is not None:
            if before[:2] == (need, entry):
                return
            self.take(contact)
        wanted = self.of(need) if need.agent is None else None
        self._contacts[contact] = (need, entry, wanted)
        self.waiting[need.queue] = self.waiting.get(need.queue, 0) + 1
        if wanted is not None:
            self.lines.put(wanted.number, entry)
        else:
            assert need.agent is not None  # noqa: S101 - for the type checker
            self.named.setdefault((need.agent, need.medium), {})[contact] = entry

    def take(self, contact: ContactId) -> None:
        """Let a contact wait no longer."""
        before = self._contacts.pop(contact, None)
        if before is None:
            return
        need, _, wanted = before
        self.waiting[need.queue] -= 1
        if wanted is not None:
            self.lines.take(wanted.number, contact)
            return
        assert need.agent is not None  # noqa: S101 - for the type checker
        named = self.named[need.agent, need.medium]
        del named[contact]
        if not named:
            del self.named[need.agent, need.medium]

    def for_agent(self, agent: AgentId, medium: Medium) -> tuple[QueuePlan, Key] | None:
        """The next contact that waits for this agent alone."""
        named = self.named.get((agent, medium))
        if named is None:
            return None
        entry = min(named.values())
        return self._queue(self._contacts[ContactId(str(entry[-1]))][0]), entry

    def _queue(self, need: Requirement) -> QueuePlan:
        # A queue that a reload took away while somebody waited in it has the defaults.
        return self._queues.get(need.queue) or QueuePlan(need.queue, need.queue, ())

    def pick(self, line: int) -> Several:
        """Give what finds the best head among all the lines of contacts, more than one, that a line may take from."""
        picked = self.several[line] = Several(bits(self.serves[line]))
        return picked

    def snapshot(self) -> object:
        """Everything that counts, to be compared with another's."""
        lines = {w.need: self.lines.entries(w.number) for w in self.wanted if self.lines.count(w.number)}
        return lines, {k: n for k, n in self.waiting.items() if n}, self.named
