"""The page itself: what was asked, what was found, how sure it is, how to run it again."""

from collections.abc import Callable, Sequence
from pathlib import Path

import xarray as xr
from jinja2 import Environment, PackageLoader, StrictUndefined

from goodinit.datasets import short
from goodinit.figures import PICTURES
from goodinit.figures.words import plural, score_name
from goodinit.report import tables
from goodinit.report.images import data_uris
from goodinit.report.profiles import HEADINGS, profiles
from goodinit.spelling import SENTENCE, one_line
from goodinit.study.statistics import LEVEL

ALTERNATIVE = 2_000  # characters of text for those who cannot see the picture
# where the Dataset does not say it itself, in `results["failed"].attrs["description"]`
FAILURE = (
    "A run has failed if its training loss was not finite, or if it ended without having learned more than a constant "
    "prediction."
)


def write(results: xr.Dataset, pictures: Sequence[Path], path: Path) -> Path:
    """Write the results of a study as one HTML file that needs nothing else: no network, no scripts, below 1 MB.

    Parameters
    ----------
    results : xarray.Dataset
        Results of a study.
    pictures : sequence of pathlib.Path
        What `goodinit.figures.save_all` returned; the PNG files among them are embedded, with their numbers in words.
    path : pathlib.Path
        The file to write; it is replaced if it exists.

    Returns
    -------
    pathlib.Path
        `path`.
    """
    kind = str(results.attrs["kind"])
    contents = _shared(results, pictures) | CONTENTS[kind](results)
    page = environment().get_template(f"{kind}.html.jinja").render(**contents)
    # a lone surrogate in a label cannot be written as UTF-8
    path.write_text(page, encoding="utf-8", errors="replace", newline="\n")
    return path


def environment() -> Environment:
    """Return what renders templates: it always escapes, whatever their names, since texts are other people's."""
    return Environment(
        loader=PackageLoader("goodinit.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _shared(results: xr.Dataset, pictures: Sequence[Path]) -> dict[str, object]:
    """Gather what the template of every kind of study shows."""
    return {
        "labels": [one_line(str(label), tables.LABEL) for label in results["initializer"].values[: tables.MOST_ROWS]],
        "too_few_seeds": tables.too_few_seeds(results),
        "findings": tables.findings(results),
        "figures": _figures(results, pictures),
        "from_python": tables.from_python(results),
        "study": tables.study(results),
        "seeds": tables.seeds(results),
        "environment": tables.environment(results),
        "notes": tables.notes(results),
    }


def _asked(results: xr.Dataset) -> str:
    sizes = results.sizes
    return f"{plural(sizes['initializer'], 'initializer')}, {plural(sizes['seed'], 'seed')} each"


def _comparison(results: xr.Dataset) -> dict[str, object]:
    """Gather what the page of a comparison shows besides."""
    sizes = results.sizes
    several = sizes["learning_rate"] > 1
    steps = plural(int(results["step"].values[-1]), "step")
    return {
        "title": f"Initializers compared on {one_line(short(str(results.attrs['data'])), tables.LABEL)}",
        "asked": f"{_asked(results)}, {plural(sizes['learning_rate'], 'learning rate')}, {steps}",
        "command": "goodinit compare",
        "doing": "training",
        "score": score_name(results),
        "several_rates": several,
        "columns": [*(["rate"] if several else []), "test", "train", "loss", "failed", "best", "worst"],
        "rows": tables.summary(results),
        "rows_left": max(0, sizes["initializer"] - tables.MOST_ROWS),
        "pairs": tables.comparisons(results),
        "pairs_left": max(0, sizes.get("pair", 0) - tables.MOST_PAIRS),
        "failure": tables.sentence(str(results["failed"].attrs.get("description") or FAILURE)),
        "level": f"{100 * LEVEL:g} %",
    }


def _signal(results: xr.Dataset) -> dict[str, object]:
    """Gather what the page of a signal study shows besides."""
    network = one_line(str(results.attrs["network"]), tables.LABEL)
    data = one_line(short(str(results.attrs["data"])), tables.LABEL)
    activation = one_line(str(results.attrs["activation"]), tables.LABEL)
    shown = profiles(results)
    return {
        "title": f"Signal through {network}",
        "asked": f"{_asked(results)}, {activation}, {plural(results.attrs['examples'], 'example')} of {data}",
        "command": "goodinit signal",
        "doing": "measuring",
        "headings": {name: heading.replace("-\n", "").replace("\n", " ") for name, heading in HEADINGS.items()},
        "profiles": shown,
        "profiles_left": results.sizes["initializer"] - len(shown),
        "readout": bool(results.attrs["readout"]),
        "assumptions": _assumptions(results),
    }


def _assumptions(results: xr.Dataset) -> list[str]:
    """Return what the predictions rest on, each once."""
    texts = (line for text in results["assumptions"].values for line in str(text).split("\n") if line)
    return [one_line(text, SENTENCE) for text in dict.fromkeys(texts)]


CONTENTS: dict[str, Callable[[xr.Dataset], dict[str, object]]] = {"comparison": _comparison, "signal": _signal}


def _figures(results: xr.Dataset, pictures: Sequence[Path]) -> list[dict[str, str]]:
    """Give each picture its words and its address, in the order of `PICTURES`."""
    files = {path.stem: path for path in pictures if path.suffix == ".png"}
    known = [picture for picture in PICTURES if picture.name in files]
    uris = data_uris([files[picture.name] for picture in known])
    return [
        {"words": one_line(picture.words(results), ALTERNATIVE), "uri": uri}
        for picture, uri in zip(known, uris, strict=True)
    ]
