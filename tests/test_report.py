"""The page by structure: it holds the numbers of the Dataset, needs nothing from outside, and escapes everything."""

import base64
import io
import json
import re
import runpy
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from goodinit import figures
from goodinit.report import tables, write
from goodinit.report.images import BUDGET, data_uris

synthetic = runpy.run_path(str(Path(__file__).with_name("synthetic.py")))["results"]

VOID = {"meta", "img", "br"}
KNOWN = VOID | {
    "html",
    "head",
    "title",
    "style",
    "body",
    "header",
    "main",
    "section",
    "figure",
    "figcaption",
    "details",
}
KNOWN |= {"h1", "h2", "h3", "p", "ul", "li", "div", "span", "small", "summary", "dl", "dt", "dd", "pre", "code"}
KNOWN |= {"table", "thead", "tbody", "tr", "th", "td"}
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=http://example.org/x onerror=alert(1)>',
    "{{ 7 * 7 }}{% raw %}",
    "</pre></style><svg onload=x>&amp;\ud800\x00\u202e",
    "$" + "x" * 300,
]


class Page(HTMLParser):
    """Elements with their attributes, the text, and whether every element is closed in order."""

    def __init__(self, html):
        super().__init__()
        self.open, self.elements, self.text = [], [], []
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            self.text.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def words(self):
        return " ".join(" ".join(self.text).split())


def page(results, folder, pictures=()):
    return Page(write(results, pictures, folder / "report.html").read_text(encoding="utf-8"))


def check_harmless(made, size):
    """What must hold for every page."""
    assert size < 1_000_000
    assert {tag for tag, _ in made.elements} <= KNOWN
    for tag, attributes in made.elements:
        assert not any(name.startswith("on") for name in attributes)
        assert not {"href", "srcset", "action", "background"} & set(attributes)
        if "src" in attributes:
            assert tag == "img"
            assert attributes["src"].startswith("data:image/png;base64,")
    policy = next(meta["content"] for meta in made.all("meta") if "http-equiv" in meta)
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


# --- content ------------------------------------------------------------------------------------------------------


def test_the_page_holds_the_numbers_of_the_dataset(tmp_path):
    results = synthetic(rates=(0.01, 0.1, 1.0), diverged={1: 3})
    made = page(results, tmp_path)
    for name in results["initializer"].values:
        one = results.sel(initializer=name)
        middle, (low, high) = (
            one["median"].sel(metric="test_accuracy"),
            one["interval"].sel(metric="test_accuracy").values,
        )
        assert f"{name} {float(one['best_learning_rate']):g} {100 * float(middle):.1f} %" in made.words
        assert f"[{100 * low:.1f}, {100 * high:.1f}]" in made.words
        assert f"seed {int(one['best_seed'])}" in made.words
    for sentence in results["finding"].values:
        assert sentence in made.words
    for expected in (
        "goodinit compare study.toml",
        "0 to 31 (32 seeds)",
        "jax 0.8.0",
        *json.loads(results.attrs["notes"]),
    ):
        assert expected in made.words
    assert " ".join(results.attrs["study"].split()) in made.words
    assert "no interval" not in made.words.lower()


def test_the_page_says_what_it_is(tmp_path):
    made = page(synthetic(), tmp_path)
    assert made.all("html") == [{"lang": "en"}]
    assert any(meta.get("name") == "viewport" for meta in made.all("meta"))
    assert len(made.all("title")) == len(made.all("h1")) == 1
    assert all("scope" in cell for cell in made.all("th"))


def test_pictures_are_inside_with_their_numbers_in_words(tmp_path):
    results = synthetic(rates=(0.01, 0.1), seeds=5, depth=3)
    made = page(results, tmp_path, figures.save_all(results, tmp_path))
    images = made.all("img")
    assert [image["alt"] for image in images] == [
        picture.words(results) for picture in figures.PICTURES if picture.applies(results)
    ]
    for image in images:
        content = base64.b64decode(image["src"].removeprefix("data:image/png;base64,"))
        assert Image.open(io.BytesIO(content)).format == "PNG"
    check_harmless(made, (tmp_path / "report.html").stat().st_size)


@pytest.mark.parametrize("seeds", [1, 2])
def test_few_seeds_have_no_interval_and_the_page_says_so(tmp_path, seeds):
    made = page(synthetic(seeds=seeds), tmp_path)
    assert f"No interval ({seeds} seed{'s' * (seeds > 1)})" in made.words
    assert not re.search(r"\bnan\b", made.words.lower())


def test_diverged_runs_are_called_not_finite(tmp_path):
    results = synthetic(diverged={0: 32, 1: 20, 2: 1}, regression=True)
    results["finding"] = ("finding", ["nothing", "learned"])
    made = page(results, tmp_path)
    assert "not finite" in made.words
    assert not re.search(r"\b(nan|inf)\b", made.words.lower())


def test_one_initializer_has_no_pairs(tmp_path):
    assert "Pair by pair" not in page(synthetic(["he_normal"]), tmp_path).words


def test_differences_are_written_in_points_with_their_sign():
    row = tables.comparisons(synthetic(["a", "b"], diverged={1: 32}))[0]
    assert re.fullmatch(r"[+\N{MINUS SIGN}]?[\d.]+ points \[.*\]", row["difference"])
    assert row["verdict"] in ("yes", "no")


def test_the_definition_of_failure_is_that_of_the_dataset(tmp_path):
    results = synthetic(seeds=3)
    results["failed"].attrs["description"] = "final loss not below <this>, 0.69"
    assert "Failure Final loss not below <this>, 0.69. Brackets:" in page(results, tmp_path).words


def test_the_page_says_how_to_run_the_study_again(tmp_path):
    results = synthetic(seeds=3)
    assert "In this folder: goodinit compare study.toml --out . shows" in page(results, tmp_path).words
    results.attrs["from_python"] = "[]"
    assert "from Python only" not in page(results, tmp_path).words
    results.attrs["from_python"] = json.dumps(["my <own>", "other"])
    made = page(results, tmp_path)
    assert "from Python only: no text makes these objects again: my <own>, other." in made.words
    assert "goodinit compare study.toml" not in made.words


def test_what_is_not_adjusted_is_said(tmp_path):
    words = page(synthetic(seeds=3), tmp_path).words
    for part in ("not adjusted for the number of pairs", "the summary shows medians", "p below 5 %"):
        assert part in words


def test_the_title_shows_the_file_and_not_its_folder(tmp_path):
    results = synthetic(seeds=3)
    results.attrs["data"] = "csv:/home/somebody/iris.csv"
    assert "Initializers compared on csv:iris.csv" in page(results, tmp_path).words


def test_findings_are_not_cut_below_a_generous_bound(tmp_path):
    results = synthetic(seeds=3)
    results["finding"] = ("finding", np.array([f"sentence {i}." for i in range(350)], dtype=object))
    words = page(results, tmp_path).words
    assert "sentence 299." in words
    assert "sentence 300." not in words
    assert "50 sentences more" in words


@pytest.mark.parametrize(
    ("seeds", "text"), [([0, 1, 2], "0 to 2 (3 seeds)"), ([7], "7"), ([3, 9], "3, 9"), ([5, 6, 9], "5, 6, 9")]
)
def test_seeds_are_listed_shortly(seeds, text):
    results = synthetic(seeds=len(seeds)).assign_coords(seed=seeds)
    assert tables.seeds(results) == text


# --- hostile content ----------------------------------------------------------------------------------------------


def spoiled(results, text):
    """Put a text wherever other people's text may stand."""
    for name in ("study", "data", "environment"):
        results.attrs[name] = text
    results.attrs["notes"] = json.dumps([text, text])
    results["finding"] = ("finding", np.array([text, text], dtype=object))
    return results


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_only_text(tmp_path, text):
    results = spoiled(synthetic([text, "he_normal"], seeds=3), text)
    made = page(results, tmp_path, figures.save_all(results, tmp_path))
    check_harmless(made, (tmp_path / "report.html").stat().st_size)
    if text.isprintable() and len(text) < 70:
        assert made.words.count(" ".join(text.split())) >= 5


@given(st.text(max_size=200), st.text(max_size=200))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_only_text(tmp_path, label, text):
    made = page(spoiled(synthetic([label, label + "2"], seeds=3, steps=4), text), tmp_path)
    check_harmless(made, (tmp_path / "report.html").stat().st_size)


# --- size ---------------------------------------------------------------------------------------------------------


def test_the_largest_study_stays_below_a_megabyte(tmp_path):
    results = synthetic(["w" * 300 + str(i) for i in range(20)], seeds=64, rates=(0.001, 0.01, 0.1, 1.0), depth=30)
    spoiled(results, "&" * 1_000_000)
    results["finding"] = ("finding", np.array(["&" * 1_000] * 400, dtype=object))
    made = page(results, tmp_path, figures.save_all(results, tmp_path))
    check_harmless(made, (tmp_path / "report.html").stat().st_size)
    assert len(made.all("img")) == len([picture for picture in figures.PICTURES if picture.applies(results)])
    assert "190 comparisons" in made.words


def test_pictures_that_are_too_big_become_coarser_and_small_ones_stay(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (900, 900, 3), dtype=np.uint8)
    big, small = tmp_path / "big.png", tmp_path / "small.png"
    Image.fromarray(noise).save(big)
    Image.fromarray(np.zeros((300, 300, 3), np.uint8)).save(small)
    uris = data_uris([big, small])
    contents = [base64.b64decode(uri.removeprefix("data:image/png;base64,")) for uri in uris]
    assert sum(map(len, contents)) <= BUDGET
    assert contents[1] == small.read_bytes()
    assert len(contents[0]) > BUDGET / 2
