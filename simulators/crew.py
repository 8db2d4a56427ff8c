"""Operators: pools, who waits for them, and who gets them."""

from collections.abc import Callable, Sequence
from itertools import count
from operator import attrgetter
from typing import TYPE_CHECKING

from plant.people import Need
from simulators.agenda import Agenda, Timer
from simulators.streams import Times

if TYPE_CHECKING:
    from plant.paths import Node


class Operator:
    """Somebody of a pool.

    Attributes:
        at: the machine where the operator worked last.
        busy: whether the operator works, or walks there.
    """

    __slots__ = ("at", "busy", "pool")

    def __init__(self, pool: "Pool") -> None:
        self.pool = pool
        self.at: Node | None = None
        self.busy = False


class Pool:
    """Operators who can do the same.

    Attributes:
        name: its name.
        operators: all of them; those beyond `present` are not there now unless they still finish a task.
        present: how many work now.
        busy: how many of them are at a task.
        walks: walks so far.
    """

    __slots__ = ("busy", "name", "operators", "present", "walking", "walks")

    def __init__(self, name: str, most: int, walking: Times | None) -> None:
        self.name = name
        self.operators = [Operator(self) for _ in range(most)]
        self.present = most
        self.busy = 0
        self.walking = walking
        self.walks = 0

    @property
    def free(self) -> int:
        """How many could take a task."""
        return self.present - self.busy

    def pick(self, at: "Node") -> Operator:
        """Who is at that machine already, else the first who is free."""
        free = [operator for operator in self.operators if not operator.busy]
        return next((operator for operator in free if operator.at == at), free[0])


class Request:
    """Operators that a machine waits for or has.

    Attributes:
        there: whether they are at the machine.
        operators: who was sent.
    """

    __slots__ = ("action", "at", "needs", "number", "operators", "priority", "there", "timer")

    def __init__(self, at: "Node", needs: Sequence[Need], number: int, action: Callable[[], None]) -> None:
        self.at = at
        self.needs = needs
        self.priority = min(need.priority for need in needs)
        self.number = number
        self.action = action
        self.operators: list[Operator] = []
        self.there = False
        self.timer: Timer | None = None

    @property
    def reason(self) -> str:
        """Whom it waits for, as messages have it."""
        return "+".join(need.pool[0] for need in self.needs)


class Crews:
    """All pools of a plant and the requests for their operators.

    A request is served when all its operators are free at once: priority first, then who has waited longest. What a
    request cannot get is not given to those after it either, so that nobody waits for ever.
    """

    __slots__ = ("_again", "_env", "_numbers", "_serving", "pools", "waiting")

    def __init__(self, env: Agenda, pools: dict[str, Pool]) -> None:
        self._env = env
        self.pools = pools
        self.waiting: list[Request] = []
        self._numbers = count()
        self._serving = self._again = False

    def ask(self, at: "Node", needs: Sequence[Need], action: Callable[[], None]) -> Request:
        """Operators for a machine; the action is done when they are there, unless they are when this returns."""
        request = Request(at, needs, next(self._numbers), action)
        self.waiting.append(request)
        self.waiting.sort(key=attrgetter("priority", "number"))
        self.serve(newcomer=request)
        return request

    def drop(self, request: Request) -> None:
        """The operators of a request are needed no more, be they there, on the way, or awaited."""
        request.timer = None
        request.there = False
        if request.operators:
            for operator in request.operators:
                operator.busy = False
                operator.pool.busy -= 1
            request.operators = []
            self.serve()
        elif request in self.waiting:
            self.waiting.remove(request)
            self.serve()

    def attend(self, pool: str, number: int) -> None:
        """So many of a pool work from now on; who is at a task finishes it."""
        self.pools[pool].present = number
        self.serve()

    def serve(self, newcomer: Request | None = None) -> None:
        """Send operators to all that can be served."""
        self._again = True
        if self._serving:
            return
        self._serving = True
        while self._again:
            self._again = False
            spoken_for: set[str] = set()
            for request in list(self.waiting):
                if request not in self.waiting:
                    continue
                chosen = self._choose(request, spoken_for)
                if chosen is None:
                    spoken_for.update(pool for need in request.needs for pool in need.pool)
                    continue
                self.waiting.remove(request)
                self._send(request, chosen)
                if request.there and request is not newcomer:
                    request.action()
        self._serving = False

    def _choose(self, request: Request, spoken_for: set[str]) -> list[Pool] | None:
        """A pool for each need, or nothing if one of them cannot be met."""
        taken: dict[str, int] = {}
        chosen = []
        for need in request.needs:
            for name in need.pool:
                free = self.pools[name].free - taken.get(name, 0)
                if name not in spoken_for and free >= need.count:
                    taken[name] = taken.get(name, 0) + need.count
                    chosen.append(self.pools[name])
                    break
            else:
                return None
        return chosen

    def _send(self, request: Request, pools: list[Pool]) -> None:
        way = 0
        for need, pool in zip(request.needs, pools, strict=True):
            for _ in range(need.count):
                operator = pool.pick(request.at)
                if operator.at != request.at:
                    if operator.at is not None and pool.walking is not None:
                        way = max(way, pool.walking(pool.walks))
                        pool.walks += 1
                    operator.at = request.at
                operator.busy = True
                pool.busy += 1
                request.operators.append(operator)
        if way:
            request.timer = self._env.after(way, lambda timer: self._arrive(request, timer))
        else:
            request.there = True

    @staticmethod
    def _arrive(request: Request, timer: Timer) -> None:
        if timer is request.timer:
            request.timer = None
            request.there = True
            request.action()
