"""What people see: the HTTP API and the built-in page."""

from dashboards.api import create_app
from dashboards.server import PortBusyError, bind, serve

__all__ = ["PortBusyError", "bind", "create_app", "serve"]
