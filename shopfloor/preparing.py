"""The `prepare` command: what broker and database need before the first start, made from the plant file and secrets.

It may run at every start: files are written anew, buckets that are there stay as they are.
"""

import ipaddress
import itertools
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from broker.deployment import (
    HEALTH,
    SALT,
    TWIN,
    VIEWER,
    Paths,
    access_rules,
    derived_password,
    filled,
    line_user,
    mosquitto_conf,
    password_file,
)
from plant.description import Plant
from plant.errors import InputError, ShopfloorError
from plant.time import DAY, SECOND
from shopfloor.asking import Asked, ask
from shopfloor.broker_access import LINES_SECRET

PASSWORDS = {
    TWIN: "SHOPFLOOR_TWIN_PASSWORD",
    VIEWER: "SHOPFLOOR_VIEWER_PASSWORD",
    HEALTH: "SHOPFLOOR_HEALTH_PASSWORD",
}
CERTIFICATES = ("ca.crt", "server.crt", "server.key")
DAYS = "825"


@dataclass(frozen=True, kw_only=True, slots=True)
class PrepareSettings:
    """What is prepared.

    Args:
        plant: the description.
        access: folder of Mosquitto's configuration, users and rules; none: not written.
        broker_data: folder in which Mosquitto keeps its state.
        certificates: folder of certificates.
        hosts: names of the broker for which certificates are made if there are none; empty: none are made.
        buckets: URL of an InfluxDB 2 in which missing buckets are made; none: not asked.
        raw_retention: how long the bucket of telemetry keeps, in microseconds.
    """

    plant: Plant
    access: Path | None = None
    broker_data: str = "/mosquitto/data"
    certificates: Path | None = None
    hosts: tuple[str, ...] = ()
    buckets: str | None = None
    raw_retention: int = 14 * DAY


def run_prepare(settings: PrepareSettings, environment: Mapping[str, str] = os.environ) -> Iterator[str]:
    """Prepare it, and tell line by line what was done.

    Raises:
        InputError: a secret is missing, or nothing is asked for.
        ShopfloorError: a file cannot be written, or a server refuses.
    """
    if settings.hosts:
        if settings.certificates is None:
            raise InputError("--make-certificates: where? allowed: with --certificates DIR")
        made = make_certificates(settings.certificates, list(settings.hosts))
        yield f"certificates: {'made' if made else 'there already'}, for {', '.join(settings.hosts)}"
    if settings.access is not None:
        users = write_access(
            settings.plant,
            settings.access,
            data=settings.broker_data,
            certificates=settings.certificates,
            environment=environment,
        )
        yield f"broker: rules of {', '.join(users)}"
    if settings.buckets is not None:
        names = environment.get("INFLUXDB_BUCKET") or "shopfloor"
        wanted = [Bucket(name=names), Bucket(name=f"{names}_raw", retention=settings.raw_retention)]
        org, token = environment.get("INFLUXDB_ORG") or "shopfloor", environment.get("INFLUXDB_TOKEN", "")
        new = make_buckets(settings.buckets.rstrip("/"), wanted, org=org, token=token)
        yield f"database: {'made ' + ', '.join(new) if new else 'its buckets are there'}"
    if settings.access is None and settings.buckets is None and not settings.hosts:
        raise InputError("prepare: what? allowed: --access DIR, --make-certificates HOST,…, --buckets URL")


def password(plant: Plant, user: str, environment: Mapping[str, str] = os.environ) -> str:
    """Password of a user of the broker, for whoever sets up a publisher of a real line.

    Raises:
        InputError: there is no such user, or a secret is missing.
    """
    users = users_of(plant, environment)
    if user not in users:
        raise InputError(f"--password-of: {user!r} is no user; allowed: {', '.join(users)}")
    return users[user]


@dataclass(frozen=True, kw_only=True, slots=True)
class Bucket:
    """A bucket of InfluxDB 2.

    Args:
        name: of the bucket.
        retention: how long it keeps, in microseconds; 0: for ever.
    """

    name: str
    retention: int = 0


def write_access(
    plant: Plant, folder: Path, *, data: str, certificates: Path | None, environment: Mapping[str, str] = os.environ
) -> list[str]:
    """Write ``mosquitto.conf``, ``passwords`` and ``acl``, readable by this user alone; gives the users.

    Args:
        plant: the description.
        folder: of the files; Mosquitto is told of it under its full name.
        data: folder in which Mosquitto keeps its state.
        certificates: folder of ``server.crt``, ``server.key`` and ``ca.crt``; without them there is no TLS.
        environment: where the passwords are.

    Raises:
        InputError: a password is missing.
        ShopfloorError: a file cannot be written.
    """
    users = users_of(plant, environment)
    tls = certificates is not None and all((certificates / name).is_file() for name in CERTIFICATES)
    place = str(folder.resolve())
    paths = Paths(access=place, data=data, certificates=str(certificates.resolve()) if tls and certificates else None)
    salts = (secrets.token_bytes(SALT) for _ in itertools.count())
    _write(folder / "passwords", password_file(users, salts))
    _write(folder / "acl", access_rules(plant))
    _write(folder / "mosquitto.conf", mosquitto_conf(paths))
    return list(users)


def users_of(plant: Plant, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Password of each user of a plant's broker.

    Raises:
        InputError: a password is missing.
    """
    missing = [name for name in (*PASSWORDS.values(), LINES_SECRET) if not environment.get(name)]
    if missing:
        raise InputError(f"{', '.join(missing)}: not set; `shopfloor doctor --init-env` writes random ones into .env")
    users = {user: environment[name] for user, name in PASSWORDS.items()}
    lines = [line_user(line.name) for line in plant.lines]
    return users | {user: derived_password(environment[LINES_SECRET], user) for user in lines}


def make_certificates(folder: Path, hosts: list[str]) -> bool:
    """Make an authority of our own and a certificate of the broker, by ``openssl``; false if they are there already.

    Args:
        folder: where ``ca.crt``, ``server.crt`` and ``server.key`` go; the key of the authority is not kept.
        hosts: names under which clients reach the broker.

    Raises:
        ShopfloorError: there is no openssl, or it failed.
    """
    if all((folder / name).is_file() for name in CERTIFICATES):
        return False
    program = shutil.which("openssl")
    if program is None:
        raise ShopfloorError("there is no openssl on PATH; put ca.crt, server.crt and server.key there yourself")
    folder.mkdir(parents=True, exist_ok=True)
    names = ",".join(f"{'IP' if _is_address(host) else 'DNS'}:{host}" for host in hosts)
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        (place / "extensions").write_text(f"subjectAltName={names}\nextendedKeyUsage=serverAuth\n", encoding="utf-8")
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        of_authority = ["-keyout", f"{place}/ca.key", "-out", f"{place}/ca.crt", "-subj", "/CN=shopfloor authority"]
        _openssl(program, "req", "-x509", *key, "-days", DAYS, *of_authority)
        of_server = ["-keyout", f"{place}/server.key", "-out", f"{place}/server.csr", "-subj", f"/CN={hosts[0]}"]
        _openssl(program, "req", *key, *of_server)
        signed_by = ["-CA", f"{place}/ca.crt", "-CAkey", f"{place}/ca.key", "-CAcreateserial"]
        into = ["-out", f"{place}/server.crt", "-extfile", f"{place}/extensions"]
        _openssl(program, "x509", "-req", "-in", f"{place}/server.csr", *signed_by, "-days", DAYS, *into)
        for name in CERTIFICATES:
            _write(folder / name, (place / name).read_text(encoding="utf-8"), private=name.endswith(".key"))
    return True


def make_buckets(url: str, buckets: list[Bucket], *, org: str, token: str) -> list[str]:
    """Make the buckets that are not there; gives their names.

    Raises:
        ShopfloorError: the server does not answer, or refuses.
    """
    known = [("authorization", f"Token {token}")]
    orgs = _told(ask(f"{url}/api/v2/orgs", {"org": org}, headers=known), "orgs")
    if not orgs:
        raise ShopfloorError(f"{url}: has no organisation {org!r}")
    made = []
    for bucket in buckets:
        answer = ask(f"{url}/api/v2/buckets", {"name": bucket.name, "orgID": orgs[0]["id"]}, headers=known)
        if answer.status != 404 and _told(answer, "buckets"):
            continue
        rules = [{"type": "expire", "everySeconds": bucket.retention // SECOND}] if bucket.retention else []
        body = {"orgID": orgs[0]["id"], "name": bucket.name, "retentionRules": rules}
        _told(ask(f"{url}/api/v2/buckets", headers=known, told=body), "name")
        made.append(bucket.name)
    return made


def _told(answer: Asked, key: str) -> Any:
    """What stands under a key of an answer that went well."""
    if answer.status not in {200, 201}:
        raise ShopfloorError(f"{answer.url}: {answer.trouble}")
    return answer.json().get(key)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _openssl(program: str, *arguments: str) -> None:
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)  # noqa: S603 fixed words
    if done.returncode:
        raise ShopfloorError(f"openssl {arguments[0]} failed: {done.stderr.strip().splitlines()[-1:]}")


def _write(file: Path, text: str, *, private: bool = True) -> None:
    """Write a file at once or not at all; a private one is readable by this user alone from its first byte on."""
    temporary = file.with_suffix(file.suffix + ".new")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary.unlink(missing_ok=True)
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if private else 0o644)
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as out:
            out.write(text)
        temporary.replace(file)
    except OSError as error:
        raise ShopfloorError(f"{file} cannot be written: {error.strerror}") from error


def init_env(folder: Path) -> Path:
    """Write ``.env`` from ``.env.example`` with random secrets, readable by this user alone.

    Raises:
        InputError: there is no example, or an ``.env`` is there already.
        ShopfloorError: it cannot be written.
    """
    example, file = folder / ".env.example", folder / ".env"
    if file.exists():
        raise InputError(f"{file}: is there already, and what it started keeps its secrets; delete it to begin anew")
    if not example.is_file():
        raise InputError(f"{example}: is not there; allowed: a folder with docker-compose.yml and .env.example")
    _write(file, filled(example.read_text(encoding="utf-8"), (secrets.token_urlsafe(24) for _ in itertools.count())))
    return file
