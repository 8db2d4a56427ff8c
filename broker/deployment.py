"""What a Mosquitto of a plant is given: users, hashed passwords, who may write and read what, its configuration. Pure.

Mosquitto hands a message only to who may read its topic, and drops what nobody may write; a client of MQTT 3.1.1 is not
told of either. So rules name every kind that somebody may use, and forbid nothing.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from broker.topics import PREFIX
from plant.description import Plant
from plant.errors import InputError
from plant.messages import KINDS

TWIN, VIEWER, HEALTH = "twin", "viewer", "health"
OWN_TOPICS = "shopfloor/doctor"
ROUNDS = 1_000  # what Mosquitto counts at each connection; our passwords are random, so guessing does not profit
SALT = 12  # bytes, as mosquitto_passwd takes them
DERIVED = 24  # bytes of a derived password

_TWINS = ("kpi", "cmd")
_READ_BY_LINE = ("cmd",)
_WRITTEN_BY_LINE = tuple(kind for kind in KINDS if kind not in {*_TWINS, "remark"})  # remarks come over no bus
_LEVELS = ("", "+/", "+/+/")  # a line, its stations, the machines of a station


def line_user(name: str) -> str:
    """User of the publisher of a line."""
    return f"line-{name}"


def derived_password(secret: str, user: str) -> str:
    """Password of a user that follows from one secret, so that a plant of many lines has one secret to keep.

    Raises:
        InputError: the secret is empty.
    """
    if not secret:
        raise InputError("SHOPFLOOR_LINES_SECRET: is empty; `shopfloor doctor --init-env` writes a random one")
    digest = hmac.digest(secret.encode(), user.encode(), "sha256")
    return base64.urlsafe_b64encode(digest[:DERIVED]).decode()


def hashed(password: str, salt: bytes, rounds: int = ROUNDS) -> str:
    """A password as Mosquitto's file holds it: ``$7$`` for PBKDF2 with SHA-512."""
    key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, rounds)
    return f"$7${rounds}${base64.b64encode(salt).decode()}${base64.b64encode(key).decode()}"


def password_file(users: Mapping[str, str], salts: Iterator[bytes]) -> str:
    """Lines of ``user:hash``.

    Args:
        users: password of each user.
        salts: random bytes, `SALT` of them at a time, for one user each.

    Raises:
        InputError: a user without a password, which would be open to all.
    """
    for user, password in users.items():
        if not password:
            raise InputError(f"the password of {user}: is empty; `shopfloor doctor --init-env` writes random ones")
    return "".join(f"{user}:{hashed(password, next(salts))}\n" for user, password in users.items())


def access_rules(plant: Plant) -> str:
    """Mosquitto's ACL file of a plant.

    A line's publisher writes what its machines say and reads its commands. The twin reads all and writes KPIs and
    commands; a viewer reads. Who says no name may do nothing: no rule stands above the first user.
    """
    site = f"{PREFIX}/{plant.enterprise}/{plant.plant}"
    lines = ["# Who may write and read what. Made from the plant file: change that, and make this anew."]
    for line in plant.lines:
        stem = f"{site}/{line.node.path}"
        lines += ["", f"user {line_user(line.name)}"]
        lines += [f"topic write {topic}" for kind in _WRITTEN_BY_LINE for topic in _topics(stem, kind)]
        lines += [f"topic read {topic}" for kind in _READ_BY_LINE for topic in _topics(stem, kind)]
    lines += ["", f"user {TWIN}", f"topic read {PREFIX}/#"]
    lines += [f"topic write {topic}" for kind in _TWINS for topic in _topics(f"{site}/+/+", kind)]
    lines += ["", f"user {VIEWER}", f"topic read {PREFIX}/#"]
    lines += ["", f"user {HEALTH}", "topic read $SYS/broker/uptime"]
    lines += ["", "# for the round trip of `shopfloor doctor`", f"pattern readwrite {OWN_TOPICS}/%u/#"]
    return "\n".join(lines) + "\n"


def _topics(stem: str, kind: str) -> list[str]:
    below = "/+" if kind == "alarm" else ""  # its code
    return [f"{stem}/{level}{kind}{below}" for level in _LEVELS]


@dataclass(frozen=True, kw_only=True, slots=True)
class Paths:
    """Where Mosquitto finds its files.

    Args:
        access: folder of ``passwords`` and ``acl``.
        data: folder that keeps retained messages and what waits for clients that are away.
        certificates: folder of ``server.crt``, ``server.key`` and ``ca.crt``; none: no TLS.
    """

    access: str
    data: str
    certificates: str | None = None


def mosquitto_conf(paths: Paths, *, port: int = 1883, tls_port: int = 8883, address: str = "") -> str:
    """Mosquitto's configuration.

    A past may come faster than a twin takes it in, and a twin may be away for hours, so the queue of a
    client is bounded by bytes rather than by the usual 1,000 messages; what does not fit is dropped without a word.

    Args:
        paths: of its files.
        port: of the plain listener.
        tls_port: of the encrypted one, if there are certificates.
        address: to listen at; empty: all of this machine or container.
    """
    place = f" {address}" if address else ""
    lines = [
        "# Made by `shopfloor prepare`.",
        "per_listener_settings false",
        "allow_anonymous false",
        f"password_file {paths.access}/passwords",
        f"acl_file {paths.access}/acl",
        "persistence true",
        f"persistence_location {paths.data}/",
        "autosave_interval 30",
        "persistent_client_expiration 14d",
        "max_inflight_messages 1000",
        "max_queued_messages 2000000",  # never 0, no bound: then 2.0.11 cuts off who was refused a message
        "max_queued_bytes 536870912",
        "max_packet_size 2097152",
        "max_keepalive 600",
        "set_tcp_nodelay true",
        "log_dest stderr",
        "log_type error",
        "log_type warning",
        "log_type notice",
        "connection_messages false",
        "",
        f"listener {port}{place}",
    ]
    if paths.certificates is not None:
        lines += [
            "",
            f"listener {tls_port}{place}",
            f"cafile {paths.certificates}/ca.crt",
            f"certfile {paths.certificates}/server.crt",
            f"keyfile {paths.certificates}/server.key",
            "tls_version tlsv1.2",
        ]
    return "\n".join(lines) + "\n"


def filled(example: str, secrets: Iterator[str]) -> str:
    """An ``.env`` from its example: each name without a value whose comment asks for a secret gets one.

    Args:
        example: lines of ``NAME=value``, comments and blank ones; what ends with ``=`` below a comment that begins with
            ``# secret`` is filled.
        secrets: random text, one for each.
    """
    lines, wanted = [], False
    for line in example.splitlines():
        if line.startswith("#"):
            wanted = line.startswith("# secret")
        elif wanted and line.endswith("="):
            lines.append(f"{line}{next(secrets)}")
            continue
        elif not line:
            wanted = False
        lines.append(line)
    return "\n".join(lines) + "\n"


def variables(text: str) -> dict[str, str]:
    """Names and values of an ``.env`` file; quotes around a value are not part of it."""
    found = {}
    for line in text.splitlines():
        name, equals, value = line.strip().partition("=")
        if equals and not name.startswith("#"):
            found[name.strip()] = value.strip().strip("\"'")
    return found
