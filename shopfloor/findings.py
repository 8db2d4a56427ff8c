"""What a look at the stack has found: one row a hop, and what to do where something is wrong."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from rich.console import Console
from rich.table import Table

Outcome = Literal["ok", "failed", "skipped"]
COLOURS: dict[Outcome, str] = {"ok": "green", "failed": "red", "skipped": "dim"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One hop.

    Args:
        hop: part of the stack.
        what: is looked at.
        outcome: whether it is well.
        detail: what was found, in a few words.
        remedy: what to do, if it failed.
    """

    hop: str
    what: str
    outcome: Outcome
    detail: str = ""
    remedy: str = ""


def ok(hop: str, what: str, detail: str = "") -> Finding:
    """It is well."""
    return Finding(hop=hop, what=what, outcome="ok", detail=detail)


def failed(hop: str, what: str, detail: str, remedy: str) -> Finding:
    """It is not, and what to do about it."""
    return Finding(hop=hop, what=what, outcome="failed", detail=detail, remedy=remedy)


def skipped(hop: str, what: str, why: str) -> Finding:
    """It was not looked at."""
    return Finding(hop=hop, what=what, outcome="skipped", detail=why)


def print_findings(findings: Iterable[Finding], console: Console, secrets: Iterable[str] = ()) -> bool:
    """Print a table and what to do; whether nothing failed.

    Args:
        findings: in their order.
        console: to print on.
        secrets: what must not be printed, whoever said it.
    """
    hidden = [secret for secret in secrets if secret]
    table = Table(box=None, pad_edge=False)
    for heading in ("hop", "check", "result", "found"):
        table.add_column(heading, overflow="fold")
    wrong = []
    for finding in findings:
        colour = COLOURS[finding.outcome]
        detail = _without(finding.detail, hidden)
        table.add_row(finding.hop, finding.what, f"[{colour}]{finding.outcome}[/]", _plain(detail))
        if finding.outcome == "failed":
            wrong.append(f"{finding.hop}, {finding.what}: {_without(finding.remedy, hidden)}")
    console.print(table, highlight=False)
    for line in wrong:
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    return not wrong


def _without(text: str, hidden: list[str]) -> str:
    for secret in hidden:
        text = text.replace(secret, "…")
    return text


def _plain(text: str) -> str:
    """Text whose brackets are no markup."""
    return text.replace("[", r"\[")
