"""Runs of the lesson on three ways to start, kept in files."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from goodinit.labs import circles


def test_a_record_holds_the_run_and_reads_back_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = circles.record("he", num_iterations=2500)
    train_X, train_Y, test_X, test_Y = circles.load_dataset()
    parameters, costs = circles.model(train_X, train_Y, num_iterations=2500, print_cost=False)
    assert made["iterations"].tolist() == [0, 1000, 2000, 2500]
    assert made["costs"][:3].tolist() == costs
    for part, X, Y in (("train", train_X, train_Y), ("test", test_X, test_Y)):
        answers = circles.predict_dec(parameters, X)
        np.testing.assert_array_equal(made[f"{part}_predictions"][-1], answers[0])
        assert made[f"{part}_accuracy"][-1] == np.mean(answers == Y)
    points = np.array([[made["grid_x"][30]], [made["grid_y"][50]]])
    assert made["decision"][-1, 50, 30] == circles.predict_dec(parameters, points).item()
    read = circles.load_record("circles-he.npz")
    assert set(read) == set(made)
    for name, array in made.items():
        np.testing.assert_array_equal(read[name], array)


def test_an_interrupted_record_leaves_the_older_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "run.npz"
    circles.record("zeros", path, num_iterations=1)
    before = path.read_bytes()

    def interrupted(stream, **arrays):
        stream.write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez_compressed", interrupted)
    with pytest.raises(KeyboardInterrupt):
        circles.record("he", path, num_iterations=1)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["run.npz"]


def test_what_is_no_record_is_refused(tmp_path: Path, refused: Callable[..., None]) -> None:
    path = tmp_path / "run.npz"
    good = circles.record("zeros", path, num_iterations=1)
    path.write_bytes(path.read_bytes()[:-100])
    refused(lambda: circles.load_record(path), "run.npz", "cannot be read as .npz", "record('he', path)")
    np.savez(path, x=np.ones(3))
    refused(lambda: circles.load_record(path), "lacks initialization, learning_rate")
    np.savez(path, **(good | {"costs": np.ones(5)}))
    refused(lambda: circles.load_record(path), "its costs has shape (5,)")
    np.savez(path, **(good | {"costs": np.array([print, print], dtype=object)}))
    refused(lambda: circles.load_record(path), "dtype")  # would be unpickled otherwise
    refused(lambda: circles.load_record(tmp_path / "none.npz"), "there is no file")
    refused(lambda: circles.record("he", tmp_path / "none" / "a.npz", num_iterations=1), "there is no folder")
    refused(lambda: circles.record("he", tmp_path, num_iterations=1), "cannot be written")
