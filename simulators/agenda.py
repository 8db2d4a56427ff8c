"""SimPy's environment with whole microseconds as time, worked off instant by instant."""

from collections.abc import Callable, Iterable
from heapq import heappop, heappush
from operator import itemgetter

from simpy import Environment
from simpy.events import NORMAL, Event

from plant.errors import SimulationError

CROWD = 1_000_000  # happenings of one instant after which nobody believes that it will end


Action = Callable[["Timer"], None]


class Timer(Event):
    """An event that comes after a set time, like SimPy's Timeout, and can be set again when it has come.

    Who changes his mind before that gives it up and takes a new one: the old one still comes, and nobody heeds it.
    """

    _ok = True
    _value = None

    def __init__(self, env: "Agenda", action: Action) -> None:
        super().__init__(env)
        self.actions = [action]


class Agenda(Environment):
    """What is due and when, in the order in which SimPy has it: by time, then by the number of the scheduling.

    An event stands here only where something must wait for time to pass. What follows from it in the same instant
    (a part moves on, the one behind it moves up, work begins) is done in its callback at once and takes no event.

    Args:
        time: microseconds since the start of the run at which to begin.
    """

    def __init__(self, time: int = 0) -> None:
        super().__init__(time)
        self.time = time

    def set(self, timer: Timer, delay: int) -> Timer:
        """Let a timer come after a delay in microseconds."""
        timer.callbacks = timer.actions
        heappush(self._queue, (self.time + delay, NORMAL, next(self._eid), timer))
        return timer

    def after(self, delay: int, action: Action) -> Timer:
        """Have something done after a delay in microseconds."""
        return self.set(Timer(self, action), delay)

    def work_off(self, to: int, settle: Callable[[], None]) -> None:
        """Do everything that is due up to and including `to`; after each instant that saw an event, settle it.

        Raises:
            SimulationError: an instant does not end, as when parts need no time at all.
        """
        queue = self._queue
        crowd = 0
        while True:
            while queue and (time := queue[0][0]) <= to:
                if time != self.time:
                    settle()
                    time = queue[0][0]  # settling may have begun something
                    self._now = self.time = int(time)
                    crowd = 0
                timer = heappop(queue)[3]
                crowd += 1
                if crowd > CROWD:
                    raise SimulationError(
                        f"more than {CROWD} things happen at {self.time} µs: time does not pass any more"
                    )
                actions, timer.callbacks = timer.callbacks, None  # type: ignore[assignment]  # as SimPy's step does
                for action in actions:
                    action(timer)
            settle()
            if not queue or queue[0][0] > to:
                return

    def ranks(self, timers: Iterable[Event | None]) -> dict[Event | None, int]:
        """Place of each of these timers in the order in which they were set; 0 for those that are over."""
        known = set(timers)
        entries = sorted((entry for entry in self._queue if entry[3] in known), key=itemgetter(2))
        return dict.fromkeys(known, 0) | {entry[3]: rank for rank, entry in enumerate(entries)}
