"""What people see: the HTTP API, the built-in page and the shift report."""

from dashboards.api import create_app
from dashboards.report import ReportWindow, ShiftReport, shift_report
from dashboards.report_html import report_page
from dashboards.server import PortBusyError, bind, serve

__all__ = [
    "PortBusyError",
    "ReportWindow",
    "ShiftReport",
    "bind",
    "create_app",
    "report_page",
    "serve",
    "shift_report",
]
