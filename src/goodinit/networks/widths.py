"""The widths of a network as text: ``2-10-5-1``, ``784-100x3-auto``, ``500x10``."""

import itertools
import re
from collections.abc import Sequence

from goodinit.errors import InputError
from goodinit.spelling import clip, shorten

WIDEST = 2**20  # units of one layer; a larger number is a slip of the keyboard
DEEPEST = 10_000
MOST_WEIGHTS = 2**29  # of a network: 2 GB in float32, and a study holds several copies


def parse_sizes(text: str) -> list[int | None]:
    """Read ``2-10-5-1``; ``auto`` may stand at either end and becomes None, to be taken from the data.

    ``784-100x3-10`` is short for ``784-100-100-100-10``, and ``500x10`` alone for ten layers of 500 on 500 inputs.

    Raises
    ------
    InputError
        If the text does not follow this form.

    Examples
    --------
    >>> parse_sizes("5x2")
    [5, 5, 5]
    """
    words = _spelled_out(shorten(text).strip())
    sizes: list[int | None] = []
    for at, word in enumerate(words):
        if word == "auto" and at in (0, len(words) - 1):
            sizes.append(None)
        elif re.fullmatch("[0-9]{1,9}", word) and int(word) > 0:
            sizes.append(int(word))
        else:
            raise InputError(
                f"network {clip(text)!r}: widths are whole numbers > 0 joined by '-', with 'auto' allowed at "
                f"either end, got {clip(word)!r}; an example is 2-10-5-1"
            )
    check_sizes(sizes, text)
    return sizes


def spell_sizes(sizes: Sequence[int | None]) -> str:
    """Write widths so that `parse_sizes` reads them, three or more equal ones in a row as ``WxN``.

    Examples
    --------
    >>> spell_sizes([784, 100, 100, 100, None]), spell_sizes([5, 5, 5])
    ('784-100x3-auto', '5x2')
    """
    if len(sizes) > 2 and len(set(sizes)) == 1 and sizes[0] is not None:
        return f"{sizes[0]}x{len(sizes) - 1}"
    words = []
    for size, group in itertools.groupby(sizes):
        word, many = "auto" if size is None else str(size), len(list(group))
        words += [f"{word}x{many}"] if many > 2 else [word] * many
    return "-".join(words)


def _spelled_out(text: str) -> list[str]:
    """Return the words of a network's text, with ``WxN`` repeated N times."""
    words: list[str] = []
    for word in text.split("-"):
        width, times, count = word.partition("x")
        many = int(count) if times and re.fullmatch("[1-9][0-9]{0,4}", count) else 0
        words += [width] * many if many else [word]
    alone = "-" not in text and len(words) > 0 and words != [text]
    return [words[0], *words] if alone else words


def check_sizes(sizes: Sequence[int | None], text: str) -> None:
    """Raise InputError if there are too few widths, or absurdly many or large ones."""
    if len(sizes) < 2:
        raise InputError(
            f"network {clip(text)!r} needs at least two widths, inputs and outputs; an example is 2-10-5-1"
        )
    if len(sizes) > DEEPEST or max(size or 0 for size in sizes) > WIDEST:
        raise InputError(f"network {clip(text)!r} exceeds {DEEPEST} layers or {WIDEST} units in a layer")
    weights = sum((a or 1) * (b or 1) for a, b in itertools.pairwise(sizes))
    if weights > MOST_WEIGHTS:
        raise InputError(
            f"network {clip(text)!r} has {weights:,} weights, more than {MOST_WEIGHTS:,}: take narrower or fewer layers"
        )
