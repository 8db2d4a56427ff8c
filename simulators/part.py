"""A part on its way through a line."""


class Part:
    """A part: who it is, and where it stands in its visit to the present station. Times in µs since the run's start.

    Attributes:
        number: counts the parts of the line from 1, in order of entering it.
        name: how messages call it.
        entered: when it got a place in the line.
        enter: when it got a place in the station.
        machine: number of the machine it is on, -1 while none.
        operation: number of the operation at the station, from 0; -1 before it begins.
        start: when work on it began.
        finish: when work on it ended.
        worked: pure work so far, without stops, load and unload.
        scrap: why it is scrap, or nothing.
    """

    __slots__ = ("enter", "entered", "finish", "machine", "name", "number", "operation", "scrap", "start", "worked")

    def __init__(self, line: str, number: int, entered: int) -> None:
        self.number = number
        self.name = f"{line}-{number}" if number else ""
        self.entered = entered
        self.scrap = ""
        self.enter = entered
        self.machine = -1
        self.operation = -1
        self.start: int | None = None
        self.finish: int | None = None
        self.worked = 0


NOTHING = Part("", 0, 0)
"""What a machine holds that holds no part."""
