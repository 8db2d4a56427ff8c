"""Functions of the kernel's language as machine code, made once and kept on disk."""

import ctypes
import json
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from hashlib import blake2b
from importlib import import_module
from pathlib import Path
from types import FunctionType
from typing import Any, cast

import llvmlite
from llvmlite import binding

from simulators.compiler.language import Record
from simulators.compiler.memory import CAPACITY, Memory
from simulators.compiler.module import Module

OWN = ("body", "expressions", "kinds", "language", "memory", "module", "program")
"""Modules of the compiler itself: code that another one made is not used."""


Entry = Callable[..., int]
"""A function that is called from outside."""


class Program:
    """Machine code of some functions.

    Args:
        entries: functions that are called from outside; they take a record and whole numbers, and return a number.
        folder: where code is kept; none: that of the user.

    Attributes:
        kept: whether it was found on disk.
        modules: names of the modules of which it was made.
    """

    def __init__(self, entries: Sequence[Entry], folder: Path | None = None) -> None:
        binding.initialize_native_target()
        binding.initialize_native_asmprinter()
        self._entries = cast("Sequence[FunctionType]", entries)
        self._machine = binding.Target.from_default_triple().create_target_machine(
            cpu=binding.get_host_cpu_name(), features=binding.get_host_cpu_features().flatten(), opt=2, jit=True
        )
        place = _folder() if folder is None else folder
        found = self._find(place)
        self.kept = found is not None
        code, about = found or self._make(place)
        self.modules: list[str] = about["modules"]
        self.classes = tuple(getattr(import_module(module), name) for module, name in about["classes"])
        self._engine = binding.create_mcjit_compiler(binding.parse_assembly(""), self._machine)
        self._engine.add_object_file(binding.ObjectFileRef.from_data(code))
        self._engine.finalize_object()
        self._functions = {entry: self._function(entry) for entry in self._entries}

    def _function(self, entry: FunctionType) -> Any:
        address = self._engine.get_function_address(f"entry.{entry.__name__}")
        numbers = [ctypes.c_int64] * entry.__code__.co_argcount
        return ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, *numbers)(address)

    def memory(self, root: Record, capacity: int = CAPACITY) -> Memory:
        """Lay out a graph of records for this code."""
        return Memory(root, self.classes, capacity)

    def run(self, entry: Entry, memory: Memory, *numbers: int) -> int:
        """Call an entry with the root of a memory and whole numbers; other threads run meanwhile."""
        return int(self._functions[cast("FunctionType", entry)](memory.words.ctypes.data, memory.root, *numbers))

    # --- making and keeping --------------------------------------------------------------------------------------

    def _make(self, folder: Path) -> tuple[bytes, dict[str, Any]]:
        module = Module()
        text = module.text(self._entries)
        compiled = binding.parse_assembly(text)
        compiled.verify()
        # Few passes and little inlining: measured, half as long to wait for, and code that is no slower.
        tuning = binding.PipelineTuningOptions(speed_level=1)
        tuning.loop_vectorization = tuning.slp_vectorization = tuning.loop_interleaving = tuning.loop_unrolling = False
        tuning.inlining_threshold = 100
        passes = binding.create_pass_builder(self._machine, tuning)
        passes.getModulePassManager().run(compiled, passes)
        code = self._machine.emit_object(compiled)
        modules = sorted(module.modules)
        about = {"modules": modules, "classes": [(of.__module__, of.__qualname__) for of in module.classes]}
        _keep(folder / self._name, code, about | {"key": self._key(modules)})
        return code, about

    def _find(self, folder: Path) -> tuple[bytes, dict[str, Any]] | None:
        try:
            about = json.loads((folder / f"{self._name}.json").read_text(encoding="utf-8"))
            if about["key"] != self._key(about["modules"]):
                return None
            code = (folder / f"{self._name}.{about['code']}.o").read_bytes()
        except (OSError, ValueError, KeyError, ImportError):
            return None
        return (code, about) if _digest(code) == about["code"] else None

    @property
    def _name(self) -> str:
        names = " ".join(f"{entry.__module__}.{entry.__qualname__}" for entry in self._entries)
        return f"kernel-{_digest(f'{names} {binding.get_host_cpu_name()} {sys.version_info[:2]}'.encode())}"

    def _key(self, modules: Sequence[str]) -> str:
        """What code depends on: the sources, the compiler, the machine."""
        here = __name__.rpartition(".")[0]
        paths = [import_module(name).__file__ for name in [*modules, *(f"{here}.{own}" for own in OWN)]]
        sources = b"\0".join(Path(path).read_bytes() for path in paths if path is not None)
        machine = [binding.get_host_cpu_name(), binding.get_host_cpu_features().flatten(), binding.get_default_triple()]
        return _digest(sources + f"{llvmlite.__version__} {machine}".encode())


def _digest(content: bytes) -> str:
    return blake2b(content, digest_size=10).hexdigest()


def _folder() -> Path:
    """Where the user's programs keep what they can make again."""
    if (told := os.environ.get("SHOPFLOOR_CACHE")) is not None:
        return Path(told)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", tempfile.gettempdir())) / "shopfloor" / "cache"
    home = Path("~/Library/Caches" if sys.platform == "darwin" else os.environ.get("XDG_CACHE_HOME") or "~/.cache")
    return home.expanduser() / "shopfloor"


def _keep(path: Path, code: bytes, about: dict[str, Any]) -> None:
    """Write both files, each at once; a folder that cannot be written keeps nothing."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for old in path.parent.glob(f"{path.name}.*.o"):
            old.unlink(missing_ok=True)
        digest = _digest(code)
        _write(path.with_name(f"{path.name}.{digest}.o"), code)
        _write(path.with_name(f"{path.name}.json"), json.dumps(about | {"code": digest}).encode())
    except OSError:
        return


def _write(path: Path, content: bytes) -> None:
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(content)
    Path(file.name).replace(path)
