"""What is wrong with a configuration, in words for whoever edits the file.

The checker's findings come in, one sentence per faulty key goes out: which table, which key,
what it must be. A password is never repeated.
"""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

NAME = r"^[a-z0-9-]{1,32}$"
HOST_NAME = r"^[A-Za-z0-9._:-]{1,253}$"
VARIANT = r"^[A-Z]{3}$"
DAY_TIME = r"^[0-2][0-9]:[0-5][0-9]$"
PHONE = r"^(\+?[0-9][0-9 -]{2,22})?$"

_PATTERNS = {
    NAME: "may hold a-z, 0-9 and -, at least 1 and at most 32 of them",
    HOST_NAME: "may hold letters, digits, dots and -, as a name or an address has them",
    VARIANT: "must be three capital letters, as on the can",
    DAY_TIME: "must be times of the day, as 06:00",
    PHONE: "must be a telephone number: digits, spaces and -, with + in front if need be",
}

# The checker's word for a broken bound: ours.
_BOUNDS = {
    "less_than_equal": ("above", "le"),
    "greater_than_equal": ("below", "ge"),
    "less_than": ("not below", "lt"),
    "greater_than": ("not above", "gt"),
}

# The beginning of the checker's word for a wrong type: ours.
_TYPES = {
    "string": "must be text",
    "path": "must be a path, written as text",
    "int": "must be a whole number",
    "float": "must be a number",
    "finite": "must be a number",
    "bool": "must be true or false",
    "tuple": "must be a list",
}

_SECRET = frozenset({"password"})


def sentences(
    model: type[BaseModel], found: Iterable[ErrorDetails], data: Mapping[str, Any]
) -> list[str]:
    """Return one line per faulty key, in the order of the file's tables.

    found: what pydantic says. data: the file as it was read, to number tables that repeat.
    """
    lines: dict[str, list[str]] = {}
    shown: dict[str, str] = {}
    for problem in found:
        where = _where(problem["loc"], data)
        lines.setdefault(where, []).append(_sentence(model, problem))
        shown[where] = _got(problem)
    return [f"  {where}: {_joined(parts)}{shown[where]}" for where, parts in lines.items()]


def _where(loc: tuple[int | str, ...], data: Mapping[str, Any]) -> str:
    """Return table and key: `[camera] fps`, `[card_reader 2] port`, `[screen.network] port`."""
    table, *rest = loc
    found = data.get(str(table))
    if len(rest) > 1 and isinstance(found, dict) and isinstance(found.get(rest[0]), dict):
        inner = f"{table}.{rest[0]}"
        return _where((inner, *rest[1:]), {inner: found[rest[0]]})
    several = isinstance(data.get(str(table)), list) and len(data[str(table)]) > 1
    if several and rest and isinstance(rest[0], int):
        table = f"{table} {rest[0] + 1}"
    key = next((part for part in rest if isinstance(part, str)), "")
    return f"[{table}] {key}".rstrip()


def _joined(parts: list[str]) -> str:
    """Return what a key may be when more than one type would do."""
    first, *others = dict.fromkeys(parts)
    return " or ".join([first, *(part.removeprefix("must be ") for part in others)])


def _got(problem: ErrorDetails) -> str:
    """Return the faulty value where the sentence does not say it, and it is short and public."""
    value = problem["input"]
    said = problem["type"] in {*_BOUNDS, "missing", "extra_forbidden", "value_error"}
    if said or problem["loc"][-1] in _SECRET or not isinstance(value, str | int | float):
        return ""
    return f" (got {_toml(value)})"


def _toml(value: str | float) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


def _sentence(model: type[BaseModel], problem: ErrorDetails) -> str:
    kind, loc, context = problem["type"], problem["loc"], problem.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown(model, loc)
    if kind == "missing":
        return "missing"
    if kind in _BOUNDS:
        words, name = _BOUNDS[kind]
        return f"{problem['input']} is {words} {context[name]:g}"
    if kind == "string_pattern_mismatch":
        pattern = context["pattern"]
        return _PATTERNS.get(pattern, f"does not look like {pattern}")
    if kind == "string_too_short":
        return "must not be empty"
    if kind == "string_too_long":
        return f"has more than {context['max_length']} characters"
    if kind == "literal_error":
        return f"must be {context['expected']}".replace("'", '"')
    if kind == "value_error":
        return str(context["error"])
    return _of_type(model, kind, loc, problem["msg"])


def _of_type(model: type[BaseModel], kind: str, loc: tuple[int | str, ...], message: str) -> str:
    """Return what the key must be. message: for what we have no word for."""
    names = [part for part in loc if isinstance(part, str)]
    if _is_table(model, names):
        return f"must be a table, begun by a line [{'.'.join(names)}]"
    return _TYPES.get(kind.partition("_")[0], message)


def _unknown(model: type[BaseModel], loc: tuple[int | str, ...]) -> str:
    known = _known_keys(model, loc)
    near = get_close_matches(str(loc[-1]), known, n=1, cutoff=0.5)
    return (
        f"unknown key, did you mean {near[0]}?"
        if near
        else (f"unknown key; known here: {', '.join(known)}")
    )


def _known_keys(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    """Return the keys the table at `loc` may hold."""
    for part in loc[:-1]:
        if isinstance(part, str):
            inner = _models_in(model.model_fields[part].annotation)
            if not inner:
                return []
            model = inner[0]
    return list(model.model_fields)


def _is_table(model: type[BaseModel], names: list[str]) -> bool:
    """Return whether the names lead to a table and not to a key of one."""
    for name in names:
        field = model.model_fields.get(name)
        inner = _models_in(field.annotation) if field is not None else []
        if not inner:
            return False
        model = inner[0]
    return True


def _models_in(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    inner = getattr(annotation, "__args__", ())
    return [model for part in inner for model in _models_in(part)]
