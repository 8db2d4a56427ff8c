"""What pydantic finds wrong with a file that people write, in our words."""

from typing import Any

from plant.errors import did_you_mean, shown
from plant.shape import Model, Spot, keys, sections, words

EXAMPLES: dict[str, str] = {
    "plant": "engine-works",
    "lines": "with one item per line of the plant",
    "name": "OP10",
    "Line.name": "block-line",
    "Shift.name": "early",
    "Product.name": "block-A",
    "Characteristic.name": "bore",
    "stations": "with one item per station",
    "cycle_time": "90 s",
    "mode": "spindle",
    "time_to_repair": "20 min",
    "share": "10 %",
    "to": "OP20",
    "from": "OP10",
    "quantity": "100",
    "product": "block-A",
    "order": "order-1",
    "every": "90 s",
    "size": "20",
    "life": "180 parts",
    "change": "4 min",
    "time": "12 min",
    "nominal": "82.000 mm",
    "sigma": "0.004 mm",
    "pool": "setters",
    "count": "2",
    "Need.for": "[setup, repair]",
    "Choice.to": "[OP20, OP30]",
    "policy": "least-loaded",
    "length": "6 m",
    "speed": "0.5 m/s",
    "capacity": "10",
    "fleet": "agv",
    "distance": "20 m",
    "after": "2 h",
    "lead_time": "4 h",
    "start": '"06:00"',
    "end": '"14:00"',
    "Break.for": "30 min",
}
"""How the keys of plant files are written that must be given; other files say it in the examples of their fields."""

SHORTHANDS = {"joins": "the name of a station", "sequence": "the name of a product"}
"""What an item of a list may be instead of a mapping."""


def in_words(spot: Spot, detail: Any) -> tuple[str, str, str]:
    """What was found, what is allowed, and a hint.

    Args:
        spot: where it stands.
        detail: an error of pydantic's.
    """
    value, hint = detail["input"], ""
    found = f"{shown(value)} cannot be used"
    match detail["type"]:
        case "extra_forbidden":
            return _unknown(spot)
        case "missing":
            found, allowed = f"{spot.key} is missing", f"{spot.key}: {example(spot.model, spot.key)}"
        case "literal_error":
            known = detail["ctx"]["expected"].replace("'", "").replace(" or ", ", ").split(", ")
            found, allowed, hint = f"{shown(value)} is not known", ", ".join(known), did_you_mean(value, known)
        case "int_type" | "greater_than_equal" | "less_than_equal":
            allowed = _whole_number(spot)
            hint = "without quotes" if isinstance(value, str) and value.strip().isdigit() else ""
        case "bool_type" | "bool_parsing":
            allowed = "true, false"
        case "tuple_type":
            found, allowed = f"{shown(value)} is not a list", "items that begin with a dash: - …"
        case "too_short":
            least = detail["ctx"]["min_length"]
            few = "empty" if not value else f"too short: {len(value)} item{'s' if len(value) > 1 else ''}"
            found, allowed = f"the list is {few}", "at least one item" if least == 1 else f"at least {least} items"
        case "model_type":
            short = SHORTHANDS.get(spot.key)
            allowed = f"{f'{short}, or ' if short else ''}the keys {', '.join(keys(spot.about))}"
            found = f"{shown(value)} is not a mapping"
        case "dict_type":
            found, allowed = f"{shown(value)} is not a mapping", _meaning(spot)
        case _:
            allowed = _meaning(spot)
    return found, allowed, hint


def example(model: Model, key: str) -> str:
    """How a key is written that must be given."""
    own = keys(model)[key].examples if key in keys(model) else None
    return str(own[0]) if own else EXAMPLES.get(f"{model.__name__}.{key}") or EXAMPLES[key]


def _unknown(spot: Spot) -> tuple[str, str, str]:
    key, known = spot.key, words(spot)
    if key in known:  # of an alternative that does not stand here
        known, hint = keys(spot.model), ""
    else:
        hint = did_you_mean(key, known)
    if not hint:
        top = spot.root.__name__.lower()
        found = sections(spot.root).items()
        homes = [title.rpartition(" / ")[2] or top for title, model in found if key in keys(model)]
        hint = f"it belongs to {' or '.join(dict.fromkeys(homes))}" if homes else ""
    return f"unknown key {shown(key)}", ", ".join(known), hint


def _whole_number(spot: Spot) -> str:
    bounds = {type(bound).__name__: getattr(bound, type(bound).__name__.lower(), None) for bound in spot.bounds}
    least, most = bounds.get("Ge"), bounds.get("Le")
    return "a whole number" + (f" from {least}" if least is not None else "") + (f" to {most}" if most else "")


def _meaning(spot: Spot) -> str:
    said = spot.field.description if spot.field else None
    return said.rstrip(".") if said else "another value"
