"""How things are written as text: ``name(option=value, ...)``.

Initializers, optimizers and data sets are all spelled this way, on the command line and in study files. The
text is parsed by a small grammar of its own; nothing in it is ever evaluated.
"""

import difflib
import functools
import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from goodinit.errors import InputError

Scalar = int | float | bool | str
Made = TypeVar("Made")

SENTENCE = 600  # characters of a sentence that is shown; `one_line` cuts longer ones
LONGEST = 4096  # characters; no honest spelling comes near, and no parser should see a megabyte
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")  # longer ones are read as floats
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_WORD = re.compile(r"[A-Za-z_][\w.\-]*")
_OPTION = re.compile(
    r"""\s*(?P<key>[A-Za-z_][A-Za-z0-9_]*)\s*=\s*
        (?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<bare>[^\s,()"'=]+))\s*(?P<end>,|$)""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Call:
    """A name with options, as in ``normal(std=10)``.

    Parameters
    ----------
    name : str
        What is called.
    options : mapping of str to int, float, bool or str
        The options in the order in which they were written.
    """

    name: str
    options: Mapping[str, Scalar] = field(default_factory=dict)

    def __str__(self) -> str:
        written = ", ".join(f"{key}={_write(value)}" for key, value in self.options.items())
        return f"{self.name}({written})" if written else self.name


def parse(text: str) -> Call:
    """Read ``name`` or ``name(option=value, ...)``.

    Values are numbers, ``true`` and ``false``, words, or text in single or double quotes.

    Raises
    ------
    InputError
        If the text does not follow this form.

    Examples
    --------
    >>> parse("he_normal(mode=fan_out)")
    Call(name='he_normal', options={'mode': 'fan_out'})
    """
    head, bracket, rest = shorten(text).strip().partition("(")
    if not _NAME.fullmatch(name := head.strip()) or (bracket and not rest.endswith(")")):
        raise InputError(f"{clip(text)!r} is not of the form name or name(option=value, ...)")
    return Call(name, parse_options(rest[:-1], text))


def parse_options(inside: str, text: str) -> dict[str, Scalar]:
    """Read ``option=value, ...``; `text` is the whole spelling, for the message."""
    options: dict[str, Scalar] = {}
    at = 0
    while inside[at:].strip():
        found = _OPTION.match(inside, at)
        if found is None:
            raise InputError(f"{clip(text)!r}: options are written option=value, got {clip(inside[at:])!r}")
        key = found["key"]
        if key in options:
            raise InputError(f"{clip(text)!r} gives {key} twice")
        quoted = found["double"] if found["double"] is not None else found["single"]
        options[key] = _read(found["bare"], text) if quoted is None else quoted
        at = found.end()
    return options


def make(catalogue: Mapping[str, Callable[..., Made]], call: Call, noun: str) -> Made:
    """Call the factory that `call` names with its options.

    Raises
    ------
    InputError
        If the name or an option is unknown, or the factory refuses a value.
    """
    return chosen(catalogue, call, noun)()


def chosen(catalogue: Mapping[str, Callable[..., Made]], call: Call, noun: str) -> Callable[[], Made]:
    """Return the factory that `call` names, bound to its options and not yet called.

    Parameters
    ----------
    catalogue : mapping of str to factory
        Known names; a factory's options are its keyword-only parameters.
    call : Call
        What to make.
    noun : str
        What the catalogue holds, in the singular, for the messages.

    Raises
    ------
    InputError
        If the name or an option is unknown; what the factory refuses comes when it is called.
    """
    factory = catalogue[nearest(call.name, catalogue, noun)]
    known = inspect.signature(factory).parameters
    for option in call.options:
        nearest(option, known, f"option of {call.name}")
    return functools.partial(_naming, call, functools.partial(factory, **call.options))


def _naming(call: Call, factory: Callable[[], Made]) -> Made:
    """Call a factory; what it refuses is said with the spelling that asked for it."""
    try:
        return factory()
    except InputError as error:
        raise InputError(f"{call}: {error}") from None


def nearest(name: str, known: Iterable[str], noun: str) -> str:
    """Return `name` if it is known; otherwise raise InputError that suggests the nearest known one."""
    if name in (names := list(known)):
        return name
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(names) or 'none'}"
    raise InputError(f"unknown {noun} {clip(name)!r}; {hint}")


def shorten(text: str) -> str:
    """Return `text`, or raise InputError if it is absurdly long."""
    if len(text) > LONGEST:
        raise InputError(f"{clip(text)!r} has {len(text)} characters; at most {LONGEST} are read")
    return text


def clip(text: str, width: int = 80) -> str:
    """Return the beginning of `text`, for messages."""
    return text if len(text) <= width else text[: width - 3] + "..."


def one_line(text: str, most: int) -> str:
    """Make one line of printable characters, cut in the middle (labels tend to differ at their ends).

    Unlike `clip`, which quotes what the user wrote, this makes other people's text fit to be shown: no control
    character, escape sequence or line end is left.
    """
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    line = line or ascii(text)  # nothing in it can be printed
    tail = most // 3
    return line if len(line) <= most else f"{line[: most - tail - 1]}…{line[-tail:]}"


def _read(bare: str, text: str) -> Scalar:
    if bare in ("true", "false"):
        return bare == "true"
    if _INTEGER.fullmatch(bare):
        return int(bare)
    if _NUMBER.fullmatch(bare):
        return float(bare)
    if _WORD.fullmatch(bare):
        return bare
    raise InputError(f"{clip(text)!r}: {clip(bare)!r} is neither a number nor a word; put text into quotes")


def _write(value: Scalar) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, int):
        return str(value)
    if _WORD.fullmatch(value) and value not in ("true", "false"):
        return value
    return f'"{value}"' if '"' not in value else f"'{value}'"
