"""The simulated plant: a SimPy model of lines, what it says, and what really happened; and the same model compiled."""

from simulators.engines import Choice, Engine, choose
from simulators.initial import EMPTY, InitialState
from simulators.ledger import Interval, Journey, Ledger, Passage
from simulators.readout import TrueValue
from simulators.simulation import Simulation
from simulators.summary import summarise

__all__ = [
    "EMPTY", "Choice", "Engine", "InitialState", "Interval", "Journey", "Ledger", "Passage",
    "Simulation", "TrueValue", "choose", "summarise",
]  # fmt: skip
