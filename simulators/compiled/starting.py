"""How a world of the kernel begins: empty at time 0, everything set in the order in which SimPy's model sets it."""

from typing import TYPE_CHECKING

from simulators.compiled.world import RELEASED

if TYPE_CHECKING:
    from simulators.compiled.world import World


def start(world: "World", until: int) -> int:
    """Let a world begin and run to an instant; why it could not, or 0."""
    for timetable in world.timetables:
        timetable.look_ahead()
    for line in world.lines:
        for expected in line.expected:
            if expected > 0:
                world.after(world.told[expected - 1].release, RELEASED, expected - 1)
            else:
                world.order_streams[-expected - 1].wait()
    for line in world.lines:
        for station in line.stations:
            for machine in station.machines:
                for mode in machine.modes:
                    mode.wind()
                for job in machine.jobs:
                    job.wind()
        for source in line.sources:
            source.wait()
    for timetable in world.timetables:
        timetable.open()
    for line in world.lines:
        line.catch_up()
    return run(world, until)


def run(world: "World", until: int) -> int:
    """Go on to an instant, and bring the sums up to date; why it could not, or 0."""
    error = world.work_off(until)
    world.time = max(world.time, until)
    for line in world.lines:
        line.close()
    return error
