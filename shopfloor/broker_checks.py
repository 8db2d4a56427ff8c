"""Whether a broker is there, lets us in, carries a message both ways, and has heard of a plant."""

import asyncio
import socket
import time
import uuid

from broker import PREFIX, Access, Endpoint, MqttBus, Subscription, UndeliveredError, endpoint, hide_password
from broker.deployment import OWN_TOPICS
from plant.errors import BrokerError
from plant.messages import Delivery
from shopfloor.findings import Finding, failed, ok, skipped

HOP = "broker"
PATIENCE = 5.0
LISTENING = 3.0  # seconds for topics of a plant; retained ones come at once
CHECKS = ("reachable", "login", "round trip", "topics of the plant")


async def broker_findings(url: str, access: Access, site: str) -> list[Finding]:
    """Look at each hop up to the first that fails; the rest is skipped.

    Args:
        url: of the broker.
        access: user, password and certificates.
        site: filter of the plant's topics.

    Raises:
        InputError: the address is none, or the certificates cannot be read.
    """
    at = endpoint(url, access)
    found = [await asyncio.to_thread(_reachable, at)]
    if found[-1].outcome == "ok":
        async with MqttBus(url, identifier=f"shopfloor-doctor-{uuid.uuid4().hex[:8]}", access=access) as bus:
            found.append(await _login(bus, url, at))
            if found[-1].outcome == "ok":
                found.append(await _round_trip(bus, at))
                found.append(await _topics(bus, site))
    return found + [skipped(HOP, what, "after the failure above") for what in CHECKS[len(found) :]]


def _reachable(at: Endpoint) -> Finding:
    try:
        socket.create_connection((at.host, at.port), timeout=PATIENCE).close()
    except OSError as error:
        return failed(
            HOP,
            "reachable",
            f"{at.host}:{at.port}: {error.strerror or error}",
            "start the broker (docker compose up -d mosquitto), or name another with --broker",
        )
    return ok(HOP, "reachable", f"{at.host}:{at.port}")


async def _login(bus: MqttBus, url: str, at: Endpoint) -> Finding:
    who = at.user or "anonymous"
    try:
        await bus.wait_connected(PATIENCE)
    except BrokerError as error:
        text = str(error).removeprefix(f"no broker answers at {hide_password(url)}").lstrip(": ")
        if "certificate" in text.lower() or "ssl" in text.lower():
            remedy = "name the authority's certificate with --ca-file, and a host for which the broker's own was made"
        elif "author" in text.lower() or "bad user" in text.lower():
            remedy = "check user and password in .env; after a change: docker compose up -d --force-recreate"
        else:
            remedy = "does another program listen there, or only with TLS (mqtts://)? look at its log"
        return failed(HOP, "login", f"as {who}: {text or 'no answer'}", remedy)
    return ok(HOP, "login", f"as {who}" + (", over TLS" if at.tls else ""))


async def _round_trip(bus: MqttBus, at: Endpoint) -> Finding:
    topic = f"{OWN_TOPICS}/{at.user or 'anonymous'}/{uuid.uuid4().hex}"
    began = time.monotonic()
    try:
        async with asyncio.timeout(PATIENCE), bus.subscribe(topic) as subscription:
            await bus.publish([Delivery(topic=topic, payload=b"round trip")])
            await _first(subscription)
    except (TimeoutError, UndeliveredError, BrokerError):
        return failed(
            HOP,
            "round trip",
            f"nothing came back on {OWN_TOPICS}/{at.user or 'anonymous'}/…",
            f"the broker's rules must let this user read and write {OWN_TOPICS}/%u/#, as shopfloor prepare writes them",
        )
    return ok(HOP, "round trip", f"{1000 * (time.monotonic() - began):.0f} ms")


async def _topics(bus: MqttBus, site: str) -> Finding:
    topics: set[str] = set()
    try:
        async with asyncio.timeout(LISTENING), bus.subscribe(site) as subscription:
            while True:
                topics.update(one.topic for one in await subscription.batch())
                await subscription.acknowledge()
    except (TimeoutError, BrokerError):
        pass
    if not topics:
        return failed(
            HOP,
            CHECKS[3],
            f"nothing on {site}",
            "start a publisher (docker compose --profile demo up -d), or check that this user may read the plant",
        )
    lines = {"/".join(topic.removeprefix(f"{PREFIX}/").split("/")[:4]) for topic in topics}
    return ok(HOP, CHECKS[3], f"{len(topics)} topics of {', '.join(sorted(lines)[:3])}")


async def _first(subscription: Subscription) -> None:
    await subscription.batch()
    await subscription.acknowledge()
