"""What the source of a package does, as its syntax shows it: imports, writes, joins of paths, handlers.

A rule reads syntax, so what is only known at run time escapes it: a function kept under another name, a
path handed to another function, a mode worked out elsewhere and passed by position to an open file's method.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


@cache
def tree_of(path: Path) -> ast.Module:
    """Return the syntax of a file."""
    return ast.parse(path.read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Package:
    """The files of a package, by the names that they import each other with.

    Attributes:
        root: Its folder, named like the package.
    """

    root: Path

    def files(self) -> list[Path]:
        """Return all its files, ascending."""
        return sorted(self.root.rglob("*.py"))

    def name_of(self, path: Path) -> str:
        """Return a file's path below the package."""
        return path.relative_to(self.root).as_posix()

    def room_of(self, path: Path) -> str:
        """Return the package or module of the top that a file belongs to."""
        return path.relative_to(self.root).parts[0].removesuffix(".py")

    def own_imports(self, path: Path) -> set[Path]:
        """Return the files whose names a file uses, in functions and for types as well.

        A name that a module hands on leads to the file that defines it as well; a package's
        ``__init__.py`` that only hands it on is left out.
        """
        tree = tree_of(path)
        bound = list(self._names(ast.walk(tree)))
        dotted = {target for _, target in bound} - {self.root.name}
        dotted |= {
            alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.Import)
            for alias in node.names
            if self._is_own(alias.name)
        }
        # A method of an imported class leads to the class, a member of a module to what it is.
        for used in dotted_names(tree):
            root, _, rest = used.partition(".")
            dotted |= {f"{target}.{rest}" for name, target in bound if name == root}
        return {file for name in dotted for file in self._homes(name)} - {path}

    def circle(self) -> list[str]:
        """Return files that import each other, directly or round a corner; none when there are none."""
        graph = {path: self.own_imports(path) for path in self.files()}
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            return [self.name_of(path) for path in error.args[1]]
        return []

    def _is_own(self, module: str) -> bool:
        return module.partition(".")[0] == self.root.name

    def _names(self, nodes: Iterable[ast.AST]) -> Iterator[tuple[str, str]]:
        """Yield the local names that imports of the package bind, and what each stands for."""
        for node in nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    if self._is_own(alias.name):
                        yield (
                            (self.root.name, self.root.name)
                            if alias.asname is None
                            else (alias.asname, alias.name)
                        )
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"line {node.lineno}: a relative import"
                assert node.module is not None
                if self._is_own(node.module):
                    for alias in node.names:
                        assert alias.name != "*", f"line {node.lineno}: imports everything"
                        yield alias.asname or alias.name, f"{node.module}.{alias.name}"

    def _homes(self, dotted: str) -> Iterator[Path]:
        parts = dotted.split(".")
        file, rest = next(
            (file, parts[stop:])
            for stop in range(len(parts), 0, -1)
            if (file := self._file_of(parts[1:stop])) is not None
        )
        onward = dict(self._names(_module_level(tree_of(file)))).get(rest[0]) if rest else None
        if onward is None or file.name != "__init__.py":
            yield file
        if onward is not None:
            yield from self._homes(".".join([onward, *rest[1:]]))

    def _file_of(self, parts: list[str]) -> Path | None:
        path = self.root.joinpath(*parts)
        files = (path.with_suffix(".py"), path / "__init__.py")
        return next((file for file in files if file.exists()), None)


def _module_level(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield what runs when a module is imported, also below ``if TYPE_CHECKING``."""
    for node in ast.iter_child_nodes(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node
            yield from _module_level(node)


def dotted_names(tree: ast.Module) -> Iterator[str]:
    """Yield the names with dots that a file uses, such as ``module.member``."""
    inner = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and id(node) not in inner:
            parts, value = [node.attr], node.value
            while isinstance(value, ast.Attribute):
                parts, value = [value.attr, *parts], value.value
            if isinstance(value, ast.Name):
                yield ".".join([value.id, *parts])


def imported(tree: ast.Module) -> set[str]:
    """Return the packages that a file imports anything of, anywhere."""
    modules = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            modules.add(str(node.module))
    return {module.partition(".")[0] for module in modules}


def broad_handlers(tree: ast.Module) -> Iterator[int]:
    """Yield the lines that catch everything, alone or among others."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            caught = [node.type]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("suppress"):
            caught = list(node.args)
        else:
            continue
        for one in caught:
            words = [] if one is None else re.findall(r"\w+", ast.unparse(one))
            if one is None or {"Exception", "BaseException"} & set(words):
                yield node.lineno


WRITERS = {
    # Of paths and of the standard library.
    *("write_text", "write_bytes", "rename", "renames", "touch", "symlink_to", "hardlink_to"),
    *("mkstemp", "NamedTemporaryFile", "FileHandler"),
    # Of libraries.
    *("tofile", "memmap", "open_memmap", "savez", "savez_compressed", "savetxt", "save", "savefig"),
    *("write_table", "write_csv", "write_feather", "write_dataset", "write_arrow", "ParquetWriter"),
    *("write_dataframe", "OSFile", "to_parquet", "to_csv", "to_file"),
}
"""Calls that write, by the last part of their name."""

WRITERS_OF_MODULES = {
    *("os.replace", "os.link", "os.symlink", "os.truncate", "os.mknod", "os.mkfifo"),
    *("shutil.move", "shutil.copy", "shutil.copy2", "shutil.copyfile", "shutil.copytree"),
    *("rasterio.shutil.copy", "rasterio.shutil.copyfiles"),
}
"""Calls that write, by name; whatever they are imported as."""

OPENED_BY_KEY = {"published.open", "storage.open", "packed.open", "archive.open"}
"""Methods ``open`` that take what to open, not how."""


def writes(tree: ast.Module) -> Iterator[str]:
    """Yield the calls by which a file could write or rename a file by itself."""
    origin = {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        if isinstance(node, ast.ImportFrom)
        else alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            root, dot, rest = ast.unparse(node.func).partition(".")
            called = f"{origin.get(root, root)}{dot}{rest}"
            name = called.rpartition(".")[2]
            is_member = root in origin
            if (
                (name in WRITERS and "." in called)
                or called in WRITERS_OF_MODULES
                # ``str.replace`` has two arguments, that of dataclasses names its own.
                or (name == "replace" and dot and len(node.args) == 1 and not node.keywords)
                or (name in {"open", "ZipFile"} and _opens_for_writing(called, node, is_member))
            ):
                yield called


def _opens_for_writing(called: str, node: ast.Call, is_member: bool) -> bool:  # noqa: FBT001
    """Return whether a call opens a file in a mode that writes, or in one that syntax does not tell."""
    if called == "os.open":
        flags = ast.unparse(node.args[1]) if len(node.args) > 1 else "unknown"
        return "O_RDONLY" not in flags or bool(re.search("O_(CREAT|WRONLY|RDWR|TRUNC)", flags))
    if called in OPENED_BY_KEY or called.startswith("closedworld."):
        return False
    # The method of a path takes the mode first, a function after what it opens.
    place = 1 if is_member or "." not in called else 0
    modes = [one.value for one in node.keywords if one.arg == "mode"] or node.args[
        place : place + 1
    ]
    for mode in modes:
        if not isinstance(mode, ast.Constant):
            return True
        if isinstance(mode.value, str) and set(mode.value) & set("wxa+"):
            return True
    return False


_PLACES = {"folder", "root"}
_READERS = {
    "open",
    "read_table",
    "read_schema",
    "read_metadata",
    "ParquetFile",
    "scandir",
    "listdir",
}


def published_paths(tree: ast.Module) -> Iterator[str]:
    """Yield where a file joins or opens paths of a published result by itself.

    Seen are ``.folder``, ``.root`` and ``path_of(...)``, and names given to these in the same scope.
    """
    scopes = [tree, *(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))]
    for scope in scopes:
        nodes = list(_of_scope(scope))
        known: set[str] = set()
        while new := {
            name
            for node in nodes
            for name, value in _assigned(node)
            if name not in known and _is_place(value, known)
        }:
            known |= new
        yield from chain.from_iterable(_joins(node, known) for node in nodes)


def _of_scope(scope: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(scope):
        if not isinstance(node, ast.FunctionDef):
            yield node
            yield from _of_scope(node)


def _assigned(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Yield the names that a statement gives to values."""
    if isinstance(node, ast.Assign):
        targets = [(target, node.value) for target in node.targets]
    elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
        targets = [(node.target, node.value)]
    else:
        return
    for target, value in targets:
        if isinstance(target, ast.Name):
            yield target.id, value
        elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            for one, of in zip(target.elts, value.elts, strict=False):
                if isinstance(one, ast.Name):
                    yield one.id, of


def _is_place(node: ast.expr, known: set[str]) -> bool:
    """Return whether an expression is the path of a published result or of a file in it."""
    if isinstance(node, ast.Name):
        return node.id in known
    if isinstance(node, ast.Attribute):
        return node.attr in _PLACES or (node.attr == "parent" and _is_place(node.value, known))
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute):
            called = node.func.attr
            if called == "path_of" or (
                called in {"resolve", "absolute"} and _is_place(node.func.value, known)
            ):
                return True
        return ast.unparse(node.func) in {"Path", "str"} and any(
            _is_place(one, known) for one in node.args
        )
    return False


def _joins(node: ast.AST, known: set[str]) -> Iterator[str]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        sides = node.left, node.right
        if any(
            _is_place(side, known) or ast.unparse(side).endswith(("entry.path", "RECEIPT_NAME"))
            for side in sides
        ):
            yield ast.unparse(node)
    elif isinstance(node, ast.Attribute):
        # A message may name the folder that a file lies in.
        harmless = node.attr == "name" or (
            node.attr == "parent" and isinstance(node.value, ast.Call)
        )
        if _is_place(node.value, known) and not harmless:
            yield ast.unparse(node)
    elif isinstance(node, ast.Call) and any(_is_place(one, known) for one in node.args):
        name = ast.unparse(node.func).rpartition(".")[2]
        if name in _READERS or (name in {"Path", "join", "joinpath"} and len(node.args) > 1):
            yield ast.unparse(node)
    elif isinstance(node, ast.JoinedStr):
        for one, after in zip(node.values, node.values[1:], strict=False):
            if (
                isinstance(one, ast.FormattedValue)
                and _is_place(one.value, known)
                and isinstance(after, ast.Constant)
                and str(after.value).startswith("/")
            ):
                yield ast.unparse(node)
