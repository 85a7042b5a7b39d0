"""The folder that a study leaves behind."""

from pathlib import Path

import xarray as xr

from goodinit.errors import InputError
from goodinit.figures import save_all
from goodinit.report.page import write


def publish(results: xr.Dataset, folder: str | Path) -> Path:
    """Write ``report.html``, the figures as PNG and SVG, and ``study.toml``, which runs the study again.

    Parameters
    ----------
    results : xarray.Dataset
        Results of a study.
    folder : path
        Made if need be; files of the same names are replaced.

    Returns
    -------
    pathlib.Path
        The page.

    Raises
    ------
    InputError
        If it is no Dataset that `goodinit.compare` or `goodinit.measure` returned.
    """
    if "study" not in results.attrs or not {"final", "measured"} & set(results.data_vars):
        raise InputError("a report is made of what goodinit.compare or goodinit.measure returned, not of this")
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    (place / "study.toml").write_text(results.attrs["study"], encoding="utf-8")
    return write(results, save_all(results, place / "figures"), place / "report.html")
