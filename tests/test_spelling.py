"""How things are written: parsing is exact, closed, and never evaluates."""

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodinit.errors import InputError
from goodinit.spelling import LONGEST, Call, make, nearest, one_line, parse

WORDS = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,15}", fullmatch=True)
VALUES = st.one_of(
    st.booleans(),
    st.integers(-(10**17), 10**17),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_characters="\"'", codec="utf-8"), max_size=20),
)


@given(WORDS, st.dictionaries(WORDS, VALUES, max_size=4))
def test_what_is_written_is_read_again(name: str, options: dict) -> None:
    call = parse(str(Call(name, options)))
    assert call == Call(name, options)
    assert str(parse(str(call))) == str(call)


def test_one_line_keeps_both_ends_and_nothing_that_cannot_be_printed() -> None:
    assert one_line("a\n b\tc", 28) == "a b c"
    assert one_line("\x1b[31mred\u202e", 28) == "[31mred"
    assert one_line("start" + "x" * 300 + "end", 28) == "start" + "x" * 13 + "…" + "x" * 6 + "end"
    assert one_line("\x00", 28) == r"'\x00'"


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(InputError):
        assert parse(text).name


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("zeros", Call("zeros")),
        (" normal ( std = 1e1 , mean=-.5 ) ", Call("normal", {"std": 10.0, "mean": -0.5})),
        ("csv(target='house price', standardize=true)", Call("csv", {"target": "house price", "standardize": True})),
        ("f()", Call("f")),
    ],
)
def test_forms(text: str, call: Call) -> None:
    assert parse(text) == call


@pytest.mark.parametrize(
    "text",
    [
        "",
        "(",
        "a(b)",
        "a(b=)",
        "a(b=1",
        "a(b=1)c",
        "a(b=1 c=2)",
        "a(b=__import__('os'))",
        "a(b=[1])",
        "1a",
        "a b",
        "a(b=1;c=2)",
    ],
)
def test_malformed(text: str) -> None:
    with pytest.raises(InputError, match=r"option=value|neither a number nor a word"):
        parse(text)


def test_the_same_option_twice() -> None:
    with pytest.raises(InputError, match="gives std twice"):
        parse("normal(std=1, std=2)")


def test_endless_text_is_refused_unread() -> None:
    with pytest.raises(InputError, match=f"at most {LONGEST}"):
        parse("a" * (LONGEST + 1))


def test_a_number_too_large_is_infinite_and_left_to_the_rule() -> None:
    assert parse("a(b=1e999)").options["b"] == math.inf
    assert parse("a(b=" + "9" * 400 + ")").options["b"] == math.inf


def test_unknown_names_suggest_the_nearest() -> None:
    with pytest.raises(InputError, match=r"unknown fruit 'aple'; did you mean 'apple'\?"):
        nearest("aple", ["apple", "pear"], "fruit")
    with pytest.raises(InputError, match="known: apple, pear"):
        nearest("xyz", ["apple", "pear"], "fruit")


def test_options_are_those_of_the_factory() -> None:
    def square(*, side: float = 1.0) -> float:
        return side**2

    assert make({"square": square}, parse("square(side=3)"), "shape") == 9
    with pytest.raises(InputError, match="unknown option of square 'sides'; did you mean 'side'"):
        make({"square": square}, parse("square(sides=3)"), "shape")
