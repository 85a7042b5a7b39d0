"""The page itself: what was asked, what was found, how sure it is, how to run it again."""

from collections.abc import Sequence
from pathlib import Path

import xarray as xr
from jinja2 import Environment, PackageLoader, StrictUndefined

from goodinit.datasets import short
from goodinit.figures import PICTURES
from goodinit.figures.words import plural, score_name
from goodinit.report import tables
from goodinit.report.images import data_uris
from goodinit.spelling import one_line
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
    # autoescape always, not by the name of the template: labels, notes and studies are other people's text
    environment = Environment(
        loader=PackageLoader("goodinit.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("report.html.jinja").render(**_contents(results, pictures))
    # a lone surrogate in a label cannot be written as UTF-8
    path.write_text(page, encoding="utf-8", errors="replace", newline="\n")
    return path


def _contents(results: xr.Dataset, pictures: Sequence[Path]) -> dict[str, object]:
    """Gather everything that the template shows."""
    sizes = results.sizes
    several = sizes["learning_rate"] > 1
    return {
        "data": one_line(short(str(results.attrs["data"])), tables.LABEL),
        "labels": [one_line(str(label), tables.LABEL) for label in results["initializer"].values[: tables.MOST_ROWS]],
        "asked": f"{plural(sizes['initializer'], 'initializer')}, {plural(sizes['seed'], 'seed')} each, "
        f"{plural(sizes['learning_rate'], 'learning rate')}, {plural(int(results['step'].values[-1]), 'step')}",
        "score": score_name(results),
        "several_rates": several,
        "columns": [*(["rate"] if several else []), "test", "train", "loss", "failed", "best", "worst"],
        "too_few_seeds": tables.too_few_seeds(results),
        "findings": tables.findings(results),
        "rows": tables.summary(results),
        "rows_left": max(0, sizes["initializer"] - tables.MOST_ROWS),
        "pairs": tables.comparisons(results),
        "pairs_left": max(0, sizes.get("pair", 0) - tables.MOST_PAIRS),
        "figures": _figures(results, pictures),
        "failure": tables.sentence(str(results["failed"].attrs.get("description") or FAILURE)),
        "level": f"{100 * LEVEL:g} %",
        "from_python": tables.from_python(results),
        "study": tables.study(results),
        "seeds": tables.seeds(results),
        "environment": tables.environment(results),
        "notes": tables.notes(results),
    }


def _figures(results: xr.Dataset, pictures: Sequence[Path]) -> list[dict[str, str]]:
    """Give each picture its words and its address, in the order of `PICTURES`."""
    files = {path.stem: path for path in pictures if path.suffix == ".png"}
    known = [picture for picture in PICTURES if picture.name in files]
    uris = data_uris([files[picture.name] for picture in known])
    return [
        {"words": one_line(picture.words(results), ALTERNATIVE), "uri": uri}
        for picture, uri in zip(known, uris, strict=True)
    ]
