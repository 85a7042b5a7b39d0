"""Two noisy circles, and the shape in which the network wants them."""

import numpy as np

from goodinit.errors import InputError, non_negative, whole
from goodinit.labs.checks import MOST_SEED, Array

MOST_POINTS = 10_000_000  # a slip of the finger must not fill the memory


def generate_dataset(
    n_samples_train: int,
    n_samples_test: int,
    noise_train: float,
    noise_test: float,
    seed_train: int,
    seed_test: int,
) -> tuple[Array, Array, Array, Array]:
    """Draw training and test points on two circles: class 0 on radius 1, class 1 on radius 0.8.

    Parameters
    ----------
    n_samples_train, n_samples_test : int
        Number of points, at least 1.
    noise_train, noise_test : float
        Standard deviation of the normal noise on each coordinate.
    seed_train, seed_test : int
        Seeds, 0 to 2**32 - 1.

    Returns
    -------
    train_X, train_Y, test_X, test_Y : arrays of shape (n, 2), (n,), (n, 2), (n,)

    Raises
    ------
    InputError
        If a number is out of range.

    References
    ----------
    ``sklearn.datasets.make_circles(n_samples, noise=noise, random_state=seed)``, untouched.
    """
    train_X, train_Y = _circles("train", n_samples_train, noise_train, seed_train)
    test_X, test_Y = _circles("test", n_samples_test, noise_test, seed_test)
    return train_X, train_Y, test_X, test_Y


def preprocess(train_X: Array, train_Y: Array, test_X: Array, test_Y: Array) -> tuple[Array, Array, Array, Array]:
    """Turn points (n, 2) into columns (2, n), and labels (n,) into a row (1, n).

    Raises
    ------
    InputError
        If an array has another shape, for example because it was preprocessed already.
    """
    return *_columns("train", train_X, train_Y), *_columns("test", test_X, test_Y)


def load_dataset() -> tuple[Array, Array, Array, Array]:
    """Return the circles of the lesson, preprocessed: 300 training and 100 test points, noise .05, seeds 1 and 2.

    Returns
    -------
    train_X, train_Y, test_X, test_Y : arrays of shape (2, 300), (1, 300), (2, 100), (1, 100)
    """
    return preprocess(*generate_dataset(300, 100, 0.05, 0.05, 1, 2))


def _circles(part: str, count: int, noise: float, seed: int) -> tuple[Array, Array]:
    from sklearn.datasets import make_circles

    whole(f"n_samples_{part}", count, 1, MOST_POINTS)
    non_negative(f"noise_{part}", noise)
    whole(f"seed_{part}", seed, 0, MOST_SEED)
    points, classes = make_circles(n_samples=count, noise=noise, random_state=seed)
    return points, classes


def _columns(part: str, X: Array, Y: Array) -> tuple[Array, Array]:
    points, classes = np.asarray(X), np.asarray(Y)
    if points.ndim != 2 or points.shape[1] != 2 or classes.shape != points.shape[:1]:
        raise InputError(
            f"{part}_X and {part}_Y must have shapes (n, 2) and (n,), got {points.shape} and {classes.shape}; "
            "give them as generate_dataset returns them"
        )
    return points.T, classes.reshape(1, -1)
