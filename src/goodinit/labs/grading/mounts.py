"""What a submission sees of this machine: Python, the packages of its lab, and nothing of goodinit."""

import functools
import importlib.metadata
import os
import re
import site
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from pathlib import Path

from goodinit.errors import MissingError
from goodinit.labs.grading import inside, packing

PYTHON, PACKAGES, GRADER = "/python", "/packages", "/grader"
DRIVER = f"{GRADER}/inside.py"
INTERPRETER = f"{PYTHON}/bin/python3"

_REQUIREMENT = re.compile(r"^([A-Za-z0-9._-]+)([^;]*)(;.*)?$")


@functools.cache
def _cached(packages: tuple[str, ...]) -> tuple[str, ...]:
    system = [*_interpreter(), *_libraries()]
    own = [(path, f"{PACKAGES}/{name}") for name, path in sorted(_packages(packages).items())]
    bound = [*system, *own, (Path(inside.__file__), DRIVER), (Path(packing.__file__), f"{GRADER}/packing.py")]
    # bubblewrap would make these for its own user only, and the submission runs as another
    parents = {str(parent) for _, target in bound for parent in Path(target).parents if parent != Path("/")}
    folders = [("--perms", "0755", "--dir", parent) for parent in sorted(parents)]
    binds = [("--ro-bind", str(source), target) for source, target in bound]
    masks = [("--tmpfs", folder, "--remount-ro", folder) for folder in _masked(system)]
    return tuple(part for option in (*folders, *binds, *masks) for part in option)


def options(packages: Sequence[str]) -> list[str]:
    """Return the options that bind all this, read-only.

    Parameters
    ----------
    packages : sequence of str
        Distributions that may be imported, with what they require.

    Raises
    ------
    MissingError
        If one of them is not installed.
    """
    return list(_cached(tuple(packages)))


def importable(packages: Sequence[str]) -> list[str]:
    """Return the names by which these distributions, and what they require, are imported."""
    there = {_normal(name) for name in _closure(packages)}
    known = importlib.metadata.packages_distributions()
    return sorted(top for top, names in known.items() if there & {_normal(name) for name in names})


def _normal(name: str) -> str:
    """Return the one spelling of a distribution's name."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _interpreter() -> Iterator[tuple[Path, str]]:
    """Yield the interpreter, its library and the standard library, with their places in the sandbox."""
    executable = Path(os.path.realpath(sys.executable))
    yield executable, INTERPRETER
    for library in (Path(sys.base_prefix) / "lib").glob("libpython3*.so*"):
        yield library, f"{PYTHON}/lib/{library.name}"
    standard = Path(sysconfig.get_path("stdlib"))
    yield standard, f"{PYTHON}/{sys.platlibdir}/{standard.name}"


def _libraries() -> Iterator[tuple[Path, str]]:
    """Yield the folders of the system's shared libraries."""
    architecture = sysconfig.get_config_var("MULTIARCH") or ""
    folders = [Path(f"/{top}/{architecture}") for top in ("lib", "usr/lib") if architecture]
    if not any(folder.is_dir() for folder in folders):
        folders = [Path("/lib"), Path("/usr/lib")]
    loaders = [Path("/lib64"), Path("/usr/lib64"), *Path("/lib").glob("ld-linux*"), Path("/etc/ld.so.cache")]
    for path in (*folders, *loaders):
        if path.exists():
            yield path, str(path)


def _masked(bound: Sequence[tuple[Path, str]]) -> Iterator[str]:
    """Yield the places where installed packages would be seen in what is bound, goodinit's own among them."""
    own = Path(inside.__file__).parents[3]  # the folder that has goodinit in it
    sites = {Path(sysconfig.get_path(kind)) for kind in ("purelib", "platlib")} | {own}
    sites |= {Path(folder) for folder in site.getsitepackages([sys.prefix, sys.base_prefix])}
    for source, target in bound:
        real = source.resolve()
        for folder in sorted(each.resolve() for each in sites):
            if folder.is_dir() and folder.is_relative_to(real):
                yield str(target / folder.relative_to(real))
        for name in ("site-packages", "dist-packages"):
            if (source / name).is_dir() and (source / name).resolve() not in {each.resolve() for each in sites}:
                yield f"{target}/{name}"


def _packages(names: Sequence[str]) -> dict[str, Path]:
    """Return every file or folder at the top of these distributions and of what they require."""
    found: dict[str, Path] = {}
    for name in sorted(_closure(names)):
        distribution = importlib.metadata.distribution(name)
        tops = {file.parts[0] for file in distribution.files or () if file.parts[0] not in ("..", "__pycache__")}
        found |= {top: Path(str(distribution.locate_file(top))) for top in tops if "/" not in top}
    return {top: path for top, path in found.items() if path.exists()}


def _closure(names: Sequence[str]) -> set[str]:
    """Return the distributions and, again and again, those that they require without extras."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop().lower()
        if name in found:
            continue
        try:
            required = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            if name in names:
                raise MissingError(f"this lab needs {name}: pip install {name}") from None
            continue  # required elsewhere only, on another system say
        found.add(name)
        waiting += [match[1] for text in required if (match := _REQUIREMENT.match(text)) and "extra" not in text]
    return found
