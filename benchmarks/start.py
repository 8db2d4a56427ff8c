"""Seconds from `shopfloor demo` to the first picture with a past.

    uv run python benchmarks/start.py [--runs 3]

Starts the command as a user would (dependencies installed) and asks the page's own API until the line has a past of at
least seven hours and the plant is live. Compared with the start of a bare Python that imports the same libraries.
"""

import argparse
import json
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request

BUDGET = 5.0
SEVEN_HOURS = 7 * 3600 * 1_000_000
IMPORTS = "import simpy, numpy, pydantic, msgspec, aiomqtt, duckdb, fastapi, uvicorn, typer, rich"


def ask(url: str) -> dict:
    """One answer of the API, empty while there is none."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 our own loopback address
            return json.load(answer)
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        return {}


def once() -> float:
    """Seconds of one start."""
    begun = time.perf_counter()
    command = [sys.executable, "-m", "shopfloor", "demo", "--no-browser", "--for", "60s"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None  # noqa: S101
        page = ""
        while not page:
            found = re.search(r"http://\S+/", process.stdout.readline())
            page = found[0] if found else ""
        while True:
            health = ask(f"{page}api/v1/health")
            if health.get("phase", {}).get("name") == "live" and health["to"] - health["from"] >= SEVEN_HOURS:
                return time.perf_counter() - begun
            time.sleep(0.02)
    finally:
        process.terminate()
        process.wait(20)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", IMPORTS], check=True)
    bare = time.perf_counter() - begun
    times = sorted(once() for _ in range(runs))
    middle = times[len(times) // 2]
    met = "met" if middle < BUDGET else "MISSED"
    print(f"first picture with a past after {middle:.2f} s (min {times[0]:.2f}, max {times[-1]:.2f}, {runs} runs)")
    print(f"{middle / bare:.1f} x the start of a bare Python with the same libraries; budget {BUDGET:g} s: {met}")


if __name__ == "__main__":
    main()
