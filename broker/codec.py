"""JSON of the native profile: typed both ways, and strict on arrival.

A message that breaks a rule raises `MessageError` with the word under which it is counted; nothing else is ever raised,
whatever the bytes. Unknown keys are ignored, so that kinds can grow.
"""

import base64
import json
import math
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

import msgspec

from broker.topics import PREFIX, Address, parse
from plant.errors import MessageError
from plant.messages import (
    KINDS,
    Alarm,
    Clock,
    Command,
    Energy,
    Kpi,
    Message,
    Meta,
    Order,
    PartEvent,
    Quality,
    Remark,
    StateChange,
    Telemetry,
    Truth,
    Waveform,
)
from plant.paths import NAME
from plant.remarks import LONGEST_TEXT, Alerted, Disposed, Recoded, Replanned, Shelved
from plant.states import State
from plant.time import DAY

LARGEST = 1 << 20
"""Bytes of the largest payload that is looked at."""

AHEAD = DAY
"""How far the clock of a device may be ahead: its samples are later than what they come with."""

EXACT = 1 << 53
"""Integers from here on are not exact in every reader."""

MOST_LABELS = 64
"""Labels of an alert, and annotations."""

WORD = 2
"""Bytes of a sample of a waveform."""

SCHEMA_MAJOR = "1"

_ENCODER = msgspec.json.Encoder()
encode: Callable[[Message], bytes] = _ENCODER.encode

_DECODERS = {kind: msgspec.json.Decoder(row.type) for kind, row in KINDS.items()}
_STATES = frozenset(State)


def decode(topic: str, payload: bytes, prefix: str = PREFIX) -> tuple[Address, Message | None]:
    """Address and message of what arrived; no message for the empty payload that clears an alarm's topic.

    Raises:
        MessageError: reason ``topic``, ``kind``, ``size``, ``json``, ``envelope`` or ``value``.
    """
    address = parse(topic, prefix)
    if not payload and address.kind == "alarm":
        return address, None
    if len(payload) > LARGEST:
        raise MessageError("size", f"{len(payload)} bytes; at most {LARGEST} are taken")
    try:
        message = _DECODERS[address.kind].decode(payload)
    except msgspec.ValidationError as error:
        raise MessageError("value", str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MessageError("json", str(error)[:200]) from None
    _check_envelope(message)
    if encode(message) != payload:  # else each key stands in it once: so our own publishers write, and to write is fast
        _look_at_keys(payload)
    if check := _CHECKS.get(address.kind):
        check(message, address)
    return address, message


def decode_all(topic: str, payloads: Sequence[bytes], prefix: str = PREFIX) -> list[Message] | None:
    """Messages of one topic as `decode` gives them, in half the time; none if one of them has to be looked at alone.

    Each payload is read as a line. No line break stands in a message that is written: where as many messages as
    payloads are written as they were read, each was a payload of its own.
    """
    lines = b"\n".join([*payloads, b""])
    try:
        address = parse(topic, prefix)
        messages: list[Message] = _DECODERS[address.kind].decode_lines(lines)
        as_read = len(messages) == len(payloads) and _ENCODER.encode_lines(messages) == lines
        if not as_read or max(map(len, payloads)) > LARGEST:
            return None
        check = _CHECKS.get(address.kind)
        for message in messages:
            _check_envelope(message)
            if check:
                check(message, address)
    except (MessageError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return messages


def _check_envelope(message: Message) -> None:
    if not _is_name(message.run):
        raise MessageError("envelope", "run is missing or no name")
    if not 1 <= message.session < EXACT:
        raise MessageError("envelope", "session is missing or below 1")
    if not (0 <= message.seq < EXACT and 0 <= message.n < EXACT):
        raise MessageError("envelope", "seq or n is missing, negative or too large")
    if not 0 <= message.ts < EXACT:
        raise MessageError("envelope", "ts is negative or too large")


@lru_cache(maxsize=1024)
def _is_name(text: str) -> bool:
    return NAME.fullmatch(text) is not None


def _look_at_keys(payload: bytes) -> None:
    """Refuse the keys of the envelope where they stand twice.

    Raises:
        MessageError: reason ``envelope``.
    """
    count = payload.count
    once = count(b'"run"') + count(b'"session"') + count(b'"seq"') + count(b'"n"') + count(b'"ts"') == 5
    if not once or b"\\u" in payload:  # rare, and only then worth a close look: keys may be written with escapes
        _refuse_duplicate_keys(payload)


def _refuse_duplicate_keys(payload: bytes) -> None:
    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in items]
        if len(set(keys)) != len(keys):
            raise MessageError("envelope", "a key stands twice")
        return dict(items)

    try:
        json.loads(payload, object_pairs_hook=pairs)
    except (ValueError, RecursionError) as error:
        raise MessageError("json", str(error)[:200]) from None


def _whole(name: str, values: Iterable[int | None]) -> None:
    numbers = [value for value in values if value is not None]
    if numbers and not 0 <= min(numbers) <= max(numbers) < EXACT:
        raise MessageError("value", f"{name} is negative or too large")


def _check_state(message: StateChange, _: Address) -> None:
    if message.state not in _STATES:
        raise MessageError("value", f"there is no state {message.state[:64]!r}")
    if not 0 <= message.since <= message.ts:
        raise MessageError("value", "since is negative or later than ts")


def _check_telemetry(message: Telemetry, _: Address) -> None:
    length = len(message.t)
    for column in message.v.values():  # a loop and no generator: this is the busiest check of all
        if len(column) != length:
            raise MessageError("value", "the columns of v are not as long as t")
    for codes in (message.q or {}).values():
        if isinstance(codes, list) and len(codes) != length:
            raise MessageError("value", "the columns of q are not as long as t")
        _whole("q", codes if isinstance(codes, list) else (codes,))
    if length and (min(message.t) < 0 or max(message.t) > message.ts + AHEAD):
        raise MessageError("value", "a sample is later than ts by more than a day, or before 1970")


def _check_waveform(message: Waveform, _: Address) -> None:
    _whole("begin or samples", (message.begin, message.samples))
    if message.begin > message.ts:
        raise MessageError("value", "begin is later than ts")
    if not (math.isfinite(message.rate_hz) and message.rate_hz > 0):
        raise MessageError("value", "rate_hz is not above 0")
    for data in (message.data, message.data if message.axis is None else message.axis.data):
        try:
            words = base64.b64decode(data, validate=True)
        except ValueError:
            raise MessageError("value", "data is not base64") from None
        if len(words) != WORD * message.samples:
            raise MessageError("value", "data does not hold so many samples")


def _check_truth(message: Truth, _: Address) -> None:
    _whole("t_start, t_end or t_detectable", (message.t_start, message.t_end, message.t_detectable))
    if not message.id:
        raise MessageError("value", "id is empty")
    if message.t_end is not None and message.t_end < message.t_start:
        raise MessageError("value", "t_end is earlier than t_start")


def _check_part(message: PartEvent, _: Address) -> None:
    if not message.part or len(message.part) > 128:
        raise MessageError("value", "part is empty or longer than 128 characters")
    if message.cycle_us is not None and not 0 <= message.cycle_us < EXACT:
        raise MessageError("value", "cycle_us is negative or too large")


def _check_meta(message: Meta, _: Address) -> None:
    if message.schema.partition(".")[0] != SCHEMA_MAJOR:
        raise MessageError("value", f"schema {message.schema[:32]!r} is not a version {SCHEMA_MAJOR}")
    _whole("ideal_cycle_us, machines or buffer", (message.ideal_cycle_us, message.machines, message.buffer))
    _whole("last", chain.from_iterable((message.last or {}).values()))


def _check_alarm(message: Alarm, address: Address) -> None:
    if message.code != address.code:
        raise MessageError("value", "the code differs from the topic's")
    if not 1 <= message.priority <= 4:
        raise MessageError("value", "priority must be 1 to 4")
    _whole("since or count", (message.since, message.count))


def _check_energy(message: Energy, _: Address) -> None:
    if message.kwh < 0 or not math.isfinite(message.kwh):
        raise MessageError("value", "kwh is negative")
    if message.air_m3 is not None and (message.air_m3 < 0 or not math.isfinite(message.air_m3)):
        raise MessageError("value", "air_m3 is negative")


def _check_clock(message: Clock, _: Address) -> None:
    _whole("now, epoch or wall", (message.now, message.epoch, message.wall))
    _whole("last", chain.from_iterable(message.last.values()))


def _check_kpi(message: Kpi, _: Address) -> None:
    _whole("from, to or revision", (message.from_, message.to, message.revision))
    if message.from_ > message.to:
        raise MessageError("value", "from is later than to")


def _check_order(message: Order, _: Address) -> None:
    figures = (message.quantity, message.good, message.scrap, message.due)
    _whole("quantity, good, scrap or due", figures)


def _check_command(message: Command, _: Address) -> None:
    if not message.id:
        raise MessageError("value", "id is empty")
    _whole("expires", (message.expires,))


def _check_quality(message: Quality, _: Address) -> None:
    if not message.part:
        raise MessageError("value", "part is empty")


def _check_remark(message: Remark, _: Address) -> None:
    if not 1 <= len(message.by) <= LONGEST_TEXT or len(message.note) > LONGEST_TEXT:
        raise MessageError("value", f"by is empty, or by or note longer than {LONGEST_TEXT} characters")
    about = message.about
    if isinstance(about, Recoded | Replanned):
        _whole("begin or end", (about.begin, about.end))
        if about.begin >= about.end:
            raise MessageError("value", "begin is not earlier than end")
    if isinstance(about, Recoded) and not 1 <= len(about.reason) <= LONGEST_TEXT:
        raise MessageError("value", f"reason is empty or longer than {LONGEST_TEXT} characters")
    if isinstance(about, Disposed):
        _whole("at", (about.at,))
    if isinstance(about, Shelved):
        _whole("until", (about.until,))
    if isinstance(about, Alerted):
        _check_alert(about)


def _check_alert(about: Alerted) -> None:
    _whole("starts or ends", (about.starts, about.ends))
    if not all(1 <= len(text) <= LONGEST_TEXT for text in (about.name, about.fingerprint)):
        raise MessageError("value", f"name or fingerprint is empty or longer than {LONGEST_TEXT} characters")
    for told in (about.labels, about.annotations):
        if len(told) > MOST_LABELS or any(len(text) > LONGEST_TEXT for pair in told.items() for text in pair):
            raise MessageError(
                "value", f"more than {MOST_LABELS} labels or annotations, or one longer than {LONGEST_TEXT} characters"
            )


_CHECKS: dict[str, Callable[[Any, Address], None]] = {
    "state": _check_state,
    "telemetry": _check_telemetry,
    "waveform": _check_waveform,
    "truth": _check_truth,
    "part": _check_part,
    "meta": _check_meta,
    "alarm": _check_alarm,
    "energy": _check_energy,
    "clock": _check_clock,
    "kpi": _check_kpi,
    "quality": _check_quality,
    "order": _check_order,
    "cmd": _check_command,
    "remark": _check_remark,
}
