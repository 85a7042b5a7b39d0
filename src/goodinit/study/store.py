"""The store of a study: one SQLite file of finished cells. The process that runs the study is its only writer.

A cell is one network, trained or measured. Its key is a digest of everything that its numbers depend on, so a cell
that is found need not be computed again. Every commit is durable: whatever happens, finished cells stay and are whole.
"""

import hashlib
import io
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from goodinit.errors import InputError, MissingError

Arrays = dict[str, NDArray[Any]]
Row = tuple[str, str, int, Arrays]  # key, initializer, seed, contents

FILE = "cells.sqlite"
APPLICATION = 0x676F6F64  # "good": marks a file as ours
VERSION = 1
DIGEST = 64  # characters of a SHA-256, which nobody wants to read
WAY_OUT = "choose another folder with --out, or start anew in this one with --force"

TABLES = """
CREATE TABLE study (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE cell (
    key TEXT PRIMARY KEY,
    initializer TEXT NOT NULL, seed INTEGER NOT NULL,
    contents BLOB NOT NULL, digest TEXT NOT NULL
);
"""


class Store:
    """Finished cells of one study.

    Parameters
    ----------
    path : Path or None
        The file; None keeps the cells in memory.
    identity : mapping of str to str
        What two studies must share to be the same, see `Problem.identity`.
    """

    def __init__(self, path: Path | None, identity: Mapping[str, str]) -> None:
        self.path = path
        with self._explained():
            self._file = sqlite3.connect(path or ":memory:", isolation_level=None, timeout=1)
            try:
                self._open(identity)
            except BaseException:
                self._file.close()
                raise

    def close(self) -> None:
        """Close the file; what was saved stays."""
        self._file.close()

    def __contains__(self, key: str) -> bool:
        """Whether a cell is finished."""
        with self._explained():
            return self._file.execute("SELECT 1 FROM cell WHERE key = ?", (key,)).fetchone() is not None

    def __getitem__(self, key: str) -> Arrays:
        """Return the contents of a finished cell."""
        with self._explained():
            contents, digest = self._file.execute("SELECT contents, digest FROM cell WHERE key = ?", (key,)).fetchone()
            if hashlib.sha256(contents).hexdigest() != digest:
                raise sqlite3.DatabaseError(f"the cell {key[:8]} does not match its checksum")
        return _unpack(contents)

    def save(self, cells: Iterable[Row]) -> None:
        """Add finished cells, all or none."""
        packed = [(key, label, seed, _pack(arrays)) for key, label, seed, arrays in cells]
        rows = [(*row, hashlib.sha256(row[-1]).hexdigest()) for row in packed]
        with self._explained(), self._file:  # commits, or rolls back if anything goes wrong
            self._file.execute("BEGIN IMMEDIATE")
            self._file.executemany("INSERT OR REPLACE INTO cell VALUES (?, ?, ?, ?, ?)", rows)

    def _open(self, identity: Mapping[str, str]) -> None:
        run = self._file.execute
        run("PRAGMA locking_mode=EXCLUSIVE")
        run("PRAGMA journal_mode=WAL")
        run("PRAGMA synchronous=FULL")
        marked = (run("PRAGMA application_id").fetchone()[0], run("PRAGMA user_version").fetchone()[0])
        if marked == (0, 0) and not run("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            self._create(identity)
        elif marked != (APPLICATION, VERSION):
            raise InputError(f"{self.path} was not written by this version of goodinit; {WAY_OUT}")
        self._compare(identity)

    def _create(self, identity: Mapping[str, str]) -> None:
        self._file.execute("BEGIN IMMEDIATE")
        for statement in TABLES.split(";")[:-1]:
            self._file.execute(statement)
        self._file.executemany("INSERT INTO study VALUES (?, ?)", identity.items())
        self._file.execute(f"PRAGMA application_id={APPLICATION}")
        self._file.execute(f"PRAGMA user_version={VERSION}")
        self._file.execute("COMMIT")

    def _compare(self, identity: Mapping[str, str]) -> None:
        there = dict(self._file.execute("SELECT key, value FROM study").fetchall())
        if all(there.get(key) == value for key, value in identity.items() if key != "data"):
            return  # the same data under another name is the same data
        differ = [
            f"{key} {there.get(key)} there, {value} here" if len(value) < DIGEST else f"other {key}"
            for key, value in identity.items()
            if there.get(key) != value
        ]
        raise InputError(f"{self.path and self.path.parent} holds a different study ({'; '.join(differ)}); {WAY_OUT}")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn SQLite's errors into sentences."""
        try:
            yield
        except sqlite3.Error as error:
            raise _sentence(error, self.path) from None


def cell_key(shared: str, arrays: Mapping[str, NDArray[Any]]) -> str:
    """Return the key of a cell: a digest of what it shares with others and of the tensors that it starts from."""
    digest = hashlib.sha256(shared.encode())
    for name, array in arrays.items():
        digest.update(f" {name} {array.shape} ".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def open_folder(folder: Path, identity: Mapping[str, str], force: bool) -> Store:
    """Open the store in a folder, which is made if need be.

    Raises
    ------
    InputError
        If the folder cannot be written, or holds a different study or somebody else's files, unless `force`.
    """
    path = folder / FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if force:
            _remove(path)
        elif not path.exists() and any(folder.iterdir()):
            raise InputError(f"{folder} is not empty and holds no study; {WAY_OUT}")
        with tempfile.TemporaryFile(dir=folder):  # of no name, and gone at once
            pass
    except OSError as error:
        raise InputError(f"cannot write into {folder}: {error.strerror}; choose another folder with --out") from None
    return Store(path, identity)


def _remove(path: Path) -> None:
    """Remove a store, unless somebody is writing it."""
    if path.exists():
        held = sqlite3.connect(path, isolation_level=None, timeout=1)
        try:
            held.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            if isinstance(said := _sentence(error, path), InputError) and "in use" in str(said):
                raise said from None  # anything else may be removed, a damaged file above all
        finally:
            held.close()
    for part in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        part.unlink(missing_ok=True)


def _sentence(error: sqlite3.Error, path: Path | None) -> Exception:
    text = str(error)
    if "locked" in text:
        return InputError(f"{path} is in use by another goodinit; wait for it, or choose another folder with --out")
    if "full" in text or "disk I/O" in text:
        return MissingError(
            f"cannot write {path}: {text}. What is finished is kept; make room and run the same command again"
        )
    return InputError(f"{path} is damaged or was not written by goodinit ({text}); {WAY_OUT}")


def _pack(arrays: Arrays) -> bytes:
    held = io.BytesIO()
    np.savez(held, allow_pickle=False, **arrays)
    return held.getvalue()


def _unpack(contents: bytes) -> Arrays:
    with np.load(io.BytesIO(contents), allow_pickle=False) as held:
        return dict(held)
