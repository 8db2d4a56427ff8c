"""The simulated plant: a SimPy model of lines, what it says, and what really happened."""

from simulators.initial import EMPTY, InitialState
from simulators.ledger import Interval, Journey, Ledger, Passage
from simulators.readout import TrueValue
from simulators.simulation import Simulation
from simulators.summary import summarise

__all__ = ["EMPTY", "InitialState", "Interval", "Journey", "Ledger", "Passage", "Simulation", "TrueValue", "summarise"]
