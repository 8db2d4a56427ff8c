"""Arithmetic that people write into machine types: ``9549 * spindle_kw / max(spindle_speed, 1)``.

An expression names figures and variables of a machine, and functions: ordinary ones and those of the physics of
machines. It is read once, with a whitelist of what may stand in it, and computed over whole arrays: numbers,
``+ - * / // % **``, comparisons, ``a if condition else b``, ``and``, ``or``, ``not``, calls. Nothing else is possible
in it; so a plant file from a stranger can be opened.
"""

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import CodeType
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from plant.errors import EntryError, did_you_mean, shown

FUNCTIONS: dict[str, tuple[int, int | None]] = {
    "abs": (1, 1), "ceil": (1, 1), "clip": (3, 3), "cos": (1, 1), "exp": (1, 1), "floor": (1, 1), "log": (1, 1),
    "max": (2, None), "min": (2, None), "round": (1, 1), "sin": (1, 1), "sqrt": (1, 1), "tan": (1, 1),
}  # fmt: skip
"""Ordinary functions, with the fewest and the most values that each takes; none: as many as one likes."""

PHYSICS: dict[str, tuple[int, int | None]] = {
    "acceleration": (2, 2), "battery": (4, 4), "bearing_drag": (1, 1), "bearing_envelope": (1, 1),
    "bearing_heat": (1, 1), "bearing_impacts": (1, 1), "bearing_kurtosis": (1, 1), "bearing_noise": (1, 1),
    "bearing_velocity": (2, 2), "blanking": (3, 3), "bpfi": (3, 4), "bpfo": (3, 4), "bsf": (2, 3),
    "carry_out": (4, 4), "chatter_limit": (3, 3), "chip": (2, 2), "choked": (4, 4), "clamp_force": (3, 3),
    "crank": (2, 2), "current_density": (2, 2), "cutting_force": (3, 3), "cutting_speed": (2, 2),
    "cutting_torque": (2, 2), "cutting_vibration": (2, 3), "daily": (2, 3), "decay": (2, 2), "decibels": (1, 1),
    "drive_power": (4, 4), "drum_velocity": (2, 2), "dulled": (3, 4), "duty": (2, 2), "engagement": (2, 2),
    "filter_drop": (4, 4), "force_factor": (1, 2), "force_pressure": (2, 2), "free_air": (1, 2), "ftf": (2, 3),
    "grinding_power": (2, 2), "harris": (2, 2), "heat_input": (4, 4), "hydraulic_power": (2, 3), "hypot": (0, None),
    "idle_power": (3, 3), "isentropic": (3, 4), "kienzle": (3, 3), "leak_rate": (3, 3), "mean_chip": (3, 4),
    "milling_power": (4, 4), "nut_torque": (3, 3), "permissible_error": (3, 3), "phase_current": (3, 3),
    "power_factor": (1, 1), "press_fit": (4, 4), "pressure_decay": (3, 3), "pressure_force": (2, 2),
    "pump_flow": (3, 3), "pump_pressure": (3, 3), "ratio": (2, 3), "reactive_power": (2, 2), "receiver": (3, 3),
    "removal": (3, 3), "roughness": (2, 2), "roughness_depth": (2, 2), "scatter": (3, 3), "shaft_power": (2, 2),
    "shaft_torque": (2, 2), "slip": (2, 2), "small_chip": (3, 3), "snug_angle": (3, 3), "sparkout": (4, 4),
    "specific_power": (2, 2), "spindle_loss": (5, 6), "stable_speed": (3, 3), "steady_rise": (2, 2),
    "table_feed": (3, 3), "taylor": (3, 3), "taylor_extended": (7, 7), "thermal_decay": (3, 3),
    "thermal_growth": (3, 3), "thermostat_duty": (4, 4), "time_constant": (2, 2), "tooth_frequency": (2, 2),
    "turning_power": (4, 4), "turning_speed": (2, 2), "unbalance": (4, 4), "viscosity": (2, 3),
    "warm_deviation": (2, 3), "warm_length": (2, 3), "wear_drift": (2, 2), "wear_land": (1, 3), "weld_mag": (1, 1),
    "weld_tig": (1, 1), "wheel_turns": (2, 2), "worn_roughness": (2, 3),
}  # fmt: skip
"""Functions of the physics of machines, with the fewest and the most values: `simulators.physics` computes them."""

REGISTERED: dict[str, tuple[int, int | None]] = {}
"""Functions that a program brings along: `simulators.functions.register` adds them."""

ALLOWED = "numbers, names, + - * / // % **, comparisons, a if c else b, and, or, not, and functions"
LONGEST = 2000  # characters; far more than people write, and far less than the parser can take

_PLAIN = (
    ast.BinOp, ast.UnaryOp, ast.Compare, ast.BoolOp, ast.IfExp, ast.Call, ast.Name, ast.Constant, ast.Load,
    ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.USub, ast.UAdd, ast.Not, ast.And, ast.Or,
    ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq, ast.Expression,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression, read once; two are equal if their texts are.

    Args:
        text: as people wrote it.

    Attributes:
        names: figures and variables that stand in it, in order of their first appearance.

    Raises:
        EntryError: the text is no expression, or calls a function that there is not.
    """

    text: str
    names: tuple[str, ...] = field(init=False, compare=False)
    _code: CodeType = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        tree = _parsed(self.text)
        called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        names = [node.id for node in _in_order(tree) if isinstance(node, ast.Name) and id(node) not in called]
        object.__setattr__(self, "names", tuple(dict.fromkeys(names)))
        whole = ast.fix_missing_locations(_Arrays().visit(tree))
        object.__setattr__(self, "_code", compile(whole, "<expression>", "eval"))

    def __reduce__(self) -> tuple[type["Expression"], tuple[str]]:
        """Code does not go from process to process: the text does, and is read again."""
        return Expression, (self.text,)

    @property
    def canonical(self) -> str:
        """The same for texts that differ in blanks only."""
        return ast.unparse(ast.parse(self.text.strip(), mode="eval"))

    def __str__(self) -> str:
        """As people wrote it."""
        return self.text

    def of(self, functions: Mapping[str, Callable[..., Any]], values: Mapping[str, Any]) -> Any:
        """The value: arrays in, array out.

        Args:
            functions: by name, those of the tables and those that stand for what arrays cannot do with words:
                ``where``, ``both``, ``either``, ``opposite``.
            values: figures and variables by name, numbers or arrays that go together.
        """
        return eval(self._code, {"__builtins__": {}, **functions}, values)  # noqa: S307  # a whitelisted tree only


def _parsed(text: str) -> ast.Expression:
    if len(text) > LONGEST:
        raise EntryError(f"an expression of {len(text)} characters", f"at most {LONGEST}")
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise EntryError(f"{shown(text)} is no expression", ALLOWED) from None
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and (isinstance(node.value, bool) or not isinstance(node.value, int | float)):
            raise EntryError(f"{shown(node.value)} stands in an expression", ALLOWED)
        if not isinstance(node, _PLAIN):
            raise EntryError(f"{shown(ast.unparse(node))} stands in an expression", ALLOWED)
        if isinstance(node, ast.Call):
            _check_call(node)
    return tree


def _check_call(node: ast.Call) -> None:
    known = FUNCTIONS | PHYSICS | REGISTERED
    if not isinstance(node.func, ast.Name) or node.keywords:
        raise EntryError(f"{shown(ast.unparse(node))} stands in an expression", "function(value, value)")
    name = node.func.id
    if name not in known:
        raise EntryError(f"there is no function {name}", ", ".join(sorted(known)), did_you_mean(name, known))
    few, most = known[name]
    if len(node.args) < few or (most is not None and len(node.args) > most):
        values = f"{few} or more" if most is None else f"{few}" if few == most else f"{few} to {most}"
        raise EntryError(f"{name} is given {len(node.args)} values", f"{values} values")


def _in_order(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _in_order(child)


class _Arrays(ast.NodeTransformer):
    """What Python decides for one value, decided for each value of an array."""

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:  # the name that ast calls
        self.generic_visit(node)
        return _call("where", node.test, node.body, node.orelse)

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        self.generic_visit(node)
        name = "both" if isinstance(node.op, ast.And) else "either"
        whole = node.values[0]
        for more in node.values[1:]:
            whole = _call(name, whole, more)
        return whole

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        sides = [node.left, *node.comparators]
        pairs = [
            ast.Compare(left, [op], [right]) for left, op, right in zip(sides, node.ops, sides[1:], strict=False)
        ]
        whole: ast.expr = pairs[0]
        for more in pairs[1:]:
            whole = _call("both", whole, more)
        return whole

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        return _call("opposite", node.operand) if isinstance(node.op, ast.Not) else node


def _call(name: str, *args: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load()), list(args), [])


def _expression(value: object) -> Expression:
    if isinstance(value, Expression):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise EntryError(f"{shown(value)} is no expression", ALLOWED)
    return Expression(str(value))


ExpressionField = Annotated[
    Expression,
    BeforeValidator(_expression),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string", "maxLength": LONGEST}]}),
]
