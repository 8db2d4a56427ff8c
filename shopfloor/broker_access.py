"""How our clients come to a broker: what the environment says of users, passwords and certificates."""

import os
from collections.abc import Mapping
from pathlib import Path

from broker import Access
from broker.deployment import derived_password, line_user
from plant.errors import InputError

USER, PASSWORD, CA_FILE = "SHOPFLOOR_MQTT_USER", "SHOPFLOOR_MQTT_PASSWORD", "SHOPFLOOR_MQTT_CA_FILE"
LINES_SECRET = "SHOPFLOOR_LINES_SECRET"  # noqa: S105 the name of a variable


def broker_access(
    *, line: str | None = None, ca_file: Path | None = None, environment: Mapping[str, str] = os.environ
) -> Access:
    """Who a client is, from the environment: one user for all, or one for each line.

    Args:
        line: the line that it publishes for; with ``SHOPFLOOR_LINES_SECRET``, and no user named, its user is
            ``line-NAME`` with a password that follows from the secret.
        ca_file: certificates to believe; none: ``SHOPFLOOR_MQTT_CA_FILE``, else those of the system.
        environment: names and values.

    Raises:
        InputError: a password without a user, or a secret that is empty.
    """
    user, password = environment.get(USER) or None, environment.get(PASSWORD) or None
    named = environment.get(CA_FILE)
    ca_file = ca_file or (Path(named) if named else None)
    if user is None and line is not None and (secret := environment.get(LINES_SECRET)):
        user = line_user(line)
        password = derived_password(secret, user)
    elif user is None and password is not None:
        raise InputError(f"{USER}: is missing, while {PASSWORD} is set; allowed: both or none")
    return Access(user=user, password=password, ca_file=ca_file)
