"""Files that ship with Shopfloor."""

from pathlib import Path

from plant.errors import InputError

DEMO_PLANT = "engine-works.yaml"


def demo_plant() -> Path:
    """The plant file of the demo: inside an installed wheel, or in the source tree.

    Raises:
        InputError: the installation lacks it.
    """
    here = Path(__file__).parent
    for folder in (here / "examples", here.parent / "examples"):
        if (folder / DEMO_PLANT).is_file():
            return folder / DEMO_PLANT
    raise InputError(f"{DEMO_PLANT} is missing from this installation; install shopfloor again")
