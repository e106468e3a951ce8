"""The project's own files as the architecture tests see them."""

import ast
import fnmatch
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, eq=False)
class Source:
    """One Python file. path: relative to the checkout, with slashes."""

    path: str
    text: str
    tree: ast.Module

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        return tuple(ast.walk(self.tree))

    @property
    def module(self) -> str:
        dotted = self.path.removesuffix(".py").replace("/", ".")
        return dotted.removesuffix(".__init__")


@cache
def project_files() -> tuple[str, ...]:
    """Return every file that belongs to the project: what .gitignore does not name."""
    ignored = (ROOT / ".gitignore").read_text("utf-8").split()
    patterns = [line.strip("/") for line in ignored] + [".git"]

    def walk(folder: Path) -> Iterator[str]:
        for path in sorted(folder.iterdir()):
            if any(fnmatch.fnmatch(path.name, pattern) for pattern in patterns):
                continue
            if path.is_dir():
                yield from walk(path)
            else:
                yield path.relative_to(ROOT).as_posix()

    return tuple(walk(ROOT))


@cache
def parsed(path: str) -> Source:
    """Return one parsed file; nothing is parsed twice."""
    text = (ROOT / path).read_text("utf-8")
    return Source(path, text, ast.parse(text, path))


@cache
def sources(*tops: str) -> tuple[Source, ...]:
    """Return the parsed Python files below these top folders."""
    paths = [path for path in project_files() if path.endswith(".py")]
    return tuple(parsed(path) for path in paths if path.split("/")[0] in tops)


@cache
def _modules() -> frozenset[str]:
    paths = [path for path in project_files() if path.endswith(".py")]
    dotted_paths = (path.removesuffix(".py").replace("/", ".") for path in paths)
    return frozenset(name.removesuffix(".__init__") for name in dotted_paths)


@cache
def imports(source: Source) -> tuple[tuple[str, int], ...]:
    """Return (module, line) of every import, wherever it stands in the file."""
    found = []
    for node in source.nodes:
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{source.path}:{node.lineno}: write the whole module name"
            module = node.module or ""
            for alias in node.names:
                inner = f"{module}.{alias.name}"
                found.append((inner if inner in _modules() else module, node.lineno))
    return tuple(found)


def dotted(node: ast.expr) -> str:
    """Return `time.sleep` for the expression time.sleep, "" for anything that is no name."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return ""
