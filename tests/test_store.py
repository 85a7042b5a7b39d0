"""The store: what was saved stays, and everything else is a clear error."""

import hashlib
import os
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from goodinit.errors import InputError, MissingError
from goodinit.study.store import FILE, Store, open_folder

IDENTITY = {"data": "circles", "steps": "10", "data contents": "f" * 64}
CONTENTS = {"records": np.arange(10.0, dtype=np.float32).reshape(2, 5), "layer1.weight": np.eye(3)}


def filled(folder: Path) -> Path:
    store = open_folder(folder, IDENTITY, False)
    store.save([("a" * 64, "he_normal", 0, CONTENTS)])
    store.close()
    return folder


def test_cells_come_back_bit_for_bit(tmp_path: Path) -> None:
    store = open_folder(filled(tmp_path / "new" / "folder"), IDENTITY, False)
    np.testing.assert_array_equal(store["a" * 64]["records"], CONTENTS["records"])
    assert store["a" * 64]["records"].dtype == np.float32
    np.testing.assert_array_equal(store["a" * 64]["layer1.weight"], np.eye(3))
    assert "b" * 64 not in store
    store.close()


def test_a_store_in_memory(tmp_path: Path) -> None:
    store = Store(None, IDENTITY)
    store.save([("a", "zeros", 0, CONTENTS)])
    assert "a" in store
    assert not list(tmp_path.iterdir())
    store.close()


def test_a_different_study_is_refused_unless_forced(tmp_path: Path) -> None:
    filled(tmp_path)
    with pytest.raises(InputError, match=r"holds a different study \(steps 10 there, 20 here\).*--out.*--force"):
        open_folder(tmp_path, IDENTITY | {"steps": "20"}, False)
    with pytest.raises(InputError, match="data circles there, moons here; other data contents"):
        open_folder(tmp_path, IDENTITY | {"data": "moons", "data contents": "0" * 64}, False)
    open_folder(tmp_path, IDENTITY | {"data": "the same under another name"}, False).close()
    store = open_folder(tmp_path, IDENTITY | {"steps": "20"}, True)
    assert "a" * 64 not in store
    store.close()


def test_somebody_elses_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="is not empty and holds no study"):
        open_folder(tmp_path, IDENTITY, False)
    open_folder(tmp_path, IDENTITY, True).close()
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_foreign_and_damaged_files(tmp_path: Path) -> None:
    path = filled(tmp_path) / FILE
    whole = path.read_bytes()
    for damaged in (b"not a database at all, only text" * 10, whole[:5000], b"\0" * len(whole)):
        path.write_bytes(damaged)
        with pytest.raises(InputError, match=r"damaged|not written by") as caught:
            open_folder(tmp_path, IDENTITY, False)["a" * 64]
        assert "--force" in str(caught.value)
    path.unlink()
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE recipes (name)")
    other.commit()
    other.close()
    with pytest.raises(InputError, match="was not written by this version of goodinit"):
        open_folder(tmp_path, IDENTITY, False)


def test_a_flipped_bit_in_a_cell_is_found(tmp_path: Path) -> None:
    path = filled(tmp_path) / FILE
    raw = bytearray(path.read_bytes())
    at = raw.index(CONTENTS["records"].tobytes())
    raw[at] ^= 1
    path.write_bytes(raw)
    store = open_folder(tmp_path, IDENTITY, False)
    with pytest.raises(InputError, match="does not match its checksum"):
        store["a" * 64]
    store.close()


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    first = open_folder(tmp_path, IDENTITY, False)
    for force in (False, True):
        with pytest.raises(InputError, match="in use by another goodinit"):
            open_folder(tmp_path, IDENTITY, force)
    first.close()
    open_folder(tmp_path, IDENTITY, False).close()


def test_a_full_disk_loses_nothing_and_says_how_to_continue(tmp_path: Path) -> None:
    store = open_folder(filled(tmp_path), IDENTITY, False)
    pages = store._file.execute("PRAGMA page_count").fetchone()[0]
    store._file.execute(f"PRAGMA max_page_count={pages}")
    large = {"records": np.zeros((200_000, 5))}
    with pytest.raises(MissingError, match=r"full.*make room and run the same command again"):
        store.save([("b" * 64, "zeros", 1, large)])
    store.close()
    store = open_folder(tmp_path, IDENTITY, False)
    assert "a" * 64 in store
    assert "b" * 64 not in store
    store.close()


def test_an_interrupted_save_leaves_nothing_behind(tmp_path: Path) -> None:
    store = open_folder(filled(tmp_path), IDENTITY, False)
    store._file.set_progress_handler(lambda: 1, 1)  # SQLite gives up at the next instruction
    with pytest.raises(InputError):
        store.save([("b" * 64, "zeros", 1, CONTENTS)])
    store._file.set_progress_handler(None, 0)
    assert "b" * 64 not in store
    store.save([("b" * 64, "zeros", 1, CONTENTS)])
    assert "b" * 64 in store
    store.close()


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"cannot write into .*; choose another folder with --out"):
        open_folder(tmp_path / "file" / "below", IDENTITY, False)
    if os.geteuid() != 0:  # root may write anywhere
        (tmp_path / "locked").mkdir(mode=0o500)
        with pytest.raises(InputError, match="cannot write into"):
            open_folder(tmp_path / "locked", IDENTITY, False)


def test_opening_a_folder_leaves_every_file_in_it(tmp_path: Path) -> None:
    filled(tmp_path)
    names = [".writable", "notes.txt"]
    for name in names:
        (tmp_path / name).write_text("mine", encoding="utf-8")
    filled(tmp_path)
    assert [(tmp_path / name).read_text(encoding="utf-8") for name in names] == ["mine", "mine"]


def test_what_is_stored_is_plain(tmp_path: Path) -> None:
    """The contents are an .npz that NumPy reads without pickle, with a SHA-256 beside it."""
    file = sqlite3.connect(filled(tmp_path) / FILE)
    contents, digest = file.execute("SELECT contents, digest FROM cell").fetchone()
    file.close()
    assert hashlib.sha256(contents).hexdigest() == digest
    assert contents[:2] == b"PK"
