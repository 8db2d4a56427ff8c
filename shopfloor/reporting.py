"""The `report` command: the shift report of a data folder, as one HTML file to print."""

import asyncio
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from rich.console import Console

from dashboards import ReportWindow, ShiftReport, report_page, shift_report
from plant.description import Plant
from plant.errors import InputError, did_you_mean, shown
from plant.shifts import DAYS, worked
from plant.time import format_instant
from shopfloor.continuation import RunBook
from shopfloor.keeping import kept_plant
from shopfloor.settings import instant
from twin import read_twin

FORMS = "allowed: --shift NAME and --day YYYY-MM-DD, or --from ISO and --to ISO"


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportSettings:
    """What is reported, and where the report goes, as a person wrote it.

    Args:
        data: the data folder.
        run: the run; none: the newest of the folder.
        plant: the plant file's content; none: the one that the folder holds.
        shift: name of a shift.
        day: its production day.
        begin: first instant of another window.
        end: first instant that is out of it.
        out: the file; none: one in the current folder, called like plant and shift.
    """

    data: Path
    run: str | None = None
    plant: Plant | None = None
    shift: str | None = None
    day: str | None = None
    begin: str | None = None
    end: str | None = None
    out: Path | None = None


def write_report(settings: ReportSettings, console: Console) -> None:
    """Write the report and say where it is.

    Raises:
        InputError: there is no such run, shift or day, or the file cannot be written.
        StoreError: the folder cannot be read.
    """
    run = _run(settings)
    plant = settings.plant or kept_plant(settings.data, run)
    window = _window(settings, plant)
    report = asyncio.run(_report(settings.data, plant, run, window))
    first, last = report.extent
    if last < first:
        raise InputError(f"{settings.data}: the journal tells nothing of {plant.plant} in run {run}")
    if window.end <= first or window.begin >= last:
        told = f"run {run} tells of {format_instant(first)} to {format_instant(last)}"
        raise InputError(f"{format_instant(window.begin)} to {format_instant(window.end)}: nothing is known; {told}")
    out = settings.out or Path(_name(plant, window))
    try:
        out.write_text(report_page(report), encoding="utf-8", newline="\n")
    except OSError as error:
        raise InputError(f"--out: {out} cannot be written: {error.strerror or error}") from None
    console.print(str(out), highlight=False, markup=False, soft_wrap=True)


async def _report(folder: Path, plant: Plant, run: str, window: ReportWindow) -> ShiftReport:
    async with read_twin(plant, folder) as twin:
        if run not in twin.runs():
            raise InputError(f"{folder}: the journal holds nothing of run {run}")
        await twin.load(run)
        return shift_report(twin, window, run)


def _run(settings: ReportSettings) -> str:
    """The run asked for, or the newest of the folder."""
    known = [record.run for record in RunBook.open(settings.data).records]
    if not known:
        raise InputError(f"--data: {settings.data} holds no run; allowed: a folder that run, demo or replay has filled")
    if settings.run is None:
        return known[-1]
    if settings.run not in known:
        raise InputError(f"--run: there is no run {shown(settings.run)}; allowed: {', '.join(known)}")
    return settings.run


def _window(settings: ReportSettings, plant: Plant) -> ReportWindow:
    by_shift, by_time = (settings.shift, settings.day), (settings.begin, settings.end)
    if None not in by_shift and by_time == (None, None):
        return _shift(plant, str(settings.shift), str(settings.day))
    begin, end = instant("--from", settings.begin), instant("--to", settings.end)
    if begin is None or end is None or by_shift != (None, None):
        raise InputError(f"report: of which time? {FORMS}")
    if begin >= end:
        raise InputError("--from: must be before --to")
    return ReportWindow(begin=begin, end=end)


def _shift(plant: Plant, name: str, day: str) -> ReportWindow:
    """A shift by its name and the day on which it begins."""
    known = [shift.name for shift in plant.shifts]
    if not known:
        raise InputError(f"--shift: {plant.plant} has no shifts; allowed: --from and --to")
    if name not in known:
        hint = did_you_mean(name, known)
        told = f"--shift: there is no shift {shown(name)}; allowed: {', '.join(known)}"
        raise InputError(told + (f" ({hint})" if hint else ""))
    try:
        begun = date.fromisoformat(day)
    except ValueError:
        raise InputError(f"--day: {shown(day)} is no day; allowed: a date such as 2026-01-05") from None
    for one in worked(plant.calendar, begun):
        if one.shift == name:
            return ReportWindow(begin=one.begin, end=one.end, shift=name, day=begun)
    days = ", ".join(DAYS[weekday] for shift in plant.shifts if shift.name == name for weekday in shift.days)
    told = f"--day: {name} does not work on {day} ({DAYS[begun.weekday()]})"
    raise InputError(f"{told}; allowed: {days} but for holidays")


def _name(plant: Plant, window: ReportWindow) -> str:
    told = format_instant(window.begin)[:16].replace(":", "")
    when = f"{window.day}-{window.shift}" if window.day is not None else told
    return f"{plant.plant}-{when}.html"
