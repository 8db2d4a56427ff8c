"""Whether a service of the stack is well, for the health checks of its container: `python -m shopfloor.alive twin`.

Only the standard library, since a container asks every few seconds. The twin is well when its page answers. A publisher
is well when its past is with the twin, so that who waits for it finds dashboards that have one.
"""

import json
import os
import sys
import urllib.request
from pathlib import Path
from typing import Any

PATIENCE = 4.0
READY = "past.json"


def health(page: str) -> dict[str, Any]:
    """What the twin says of itself."""
    request = urllib.request.Request(f"{page.rstrip('/')}/api/v1/health")  # noqa: S310 an address of our own stack
    request.add_unredirected_header("authorization", f"Bearer {os.environ.get('SHOPFLOOR_TOKEN', '')}")
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310 ditto
        told: dict[str, Any] = json.load(answer)
    return told


def twin_is_well(page: str) -> bool:
    """Whether the twin answers."""
    return bool(health(page)["status"] == "ok")


def past_is_there(page: str, folder: Path) -> bool:
    """Whether the twin has heard all of the past that a publisher has sent."""
    sent = json.loads((folder / READY).read_bytes())
    told = health(page)
    return sent["run"] in told["runs"] and told["to"] is not None and told["to"] >= sent["to"]


def main(arguments: list[str]) -> int:
    """Exit status of a health check: 0 for well."""
    try:
        match arguments:
            case ["twin", page]:
                return 0 if twin_is_well(page) else 1
            case ["publish", page, folder]:
                return 0 if past_is_there(page, Path(folder)) else 1
    except (OSError, ValueError, KeyError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stderr.write("usage: python -m shopfloor.alive twin PAGE | publish PAGE FOLDER\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
