"""Data sets that need no file: made from a formula and a seed, or shipped with scikit-learn."""

from collections.abc import Callable

import numpy as np

from goodinit.datasets.data import Data, arrays
from goodinit.datasets.files import spelled
from goodinit.datasets.split import split_arrays
from goodinit.datasets.targets import Array
from goodinit.errors import InputError, non_negative, whole

MOST_POINTS = 10_000_000  # a slip of the finger must not fill the memory
MOST_NOISE = 1e6  # far beyond any use, and far from what overflows
MOST_SEED = 2**32 - 1  # the largest that scikit-learn takes

# (points, noise, seed) -> inputs (points, 2), targets (points,)
Draw = Callable[[int, float, int], tuple[Array, Array]]


def circles(
    *,
    train: int = 300,
    test: int = 100,
    noise: float = 0.05,
    train_seed: int = 1,
    test_seed: int = 2,
    standardize: bool = False,
) -> Data:
    """Make two concentric circles, to tell which of the two a point is on.

    Class 0 has radius 1, class 1 has radius 0.8; equally many points on each.

    Parameters
    ----------
    train, test : int
        Number of training points (at least 2) and of test points (at least 1).
    noise : float
        Standard deviation of the Gaussian noise on each coordinate.
    train_seed, test_seed : int
        Seeds of the two draws, 0 to 2**32 - 1.
    standardize : bool
        Bring each coordinate to training mean 0 and standard deviation 1.

    Raises
    ------
    InputError
        If an option is out of range.

    References
    ----------
    ``sklearn.datasets.make_circles(n_samples=train, noise=noise, random_state=train_seed)``, untouched.
    """
    return _planar(circles, _draw_circles, (train, test), noise, (train_seed, test_seed), standardize)


def moons(
    *,
    train: int = 300,
    test: int = 100,
    noise: float = 0.05,
    train_seed: int = 1,
    test_seed: int = 2,
    standardize: bool = False,
) -> Data:
    """Make two interleaved half circles.

    Options and errors are those of `circles`.

    References
    ----------
    ``sklearn.datasets.make_moons(n_samples=train, noise=noise, random_state=train_seed)``, untouched.
    """
    return _planar(moons, _draw_moons, (train, test), noise, (train_seed, test_seed), standardize)


def spirals(
    *,
    train: int = 300,
    test: int = 100,
    noise: float = 0.05,
    train_seed: int = 1,
    test_seed: int = 2,
    standardize: bool = False,
) -> Data:
    """Make two interleaved spirals of one and a half turns and radius 1.

    With u uniform on [0, 1): radius r = sqrt(u), angle a = 3 pi r + pi class, point r (cos a, sin a).
    Options and errors are those of `circles`.
    """
    return _planar(spirals, _draw_spirals, (train, test), noise, (train_seed, test_seed), standardize)


def digits(*, test: float = 0.25, split_seed: int = 0, standardize: bool = False) -> Data:
    """Load 1797 handwritten digits of 8 x 8 pixels; pixels are divided by 16.

    Parameters
    ----------
    test : float
        The part that becomes the test set, above 0 and below 1; drawn evenly from every class.
    split_seed : int
        Seed of the split.
    standardize : bool
        Bring each pixel to training mean 0 and standard deviation 1.

    Raises
    ------
    InputError
        If an option is out of range.

    References
    ----------
    ``sklearn.datasets.load_digits``; E. Alpaydin and C. Kaynak, doi:10.24432/C50P49.
    """
    from sklearn.datasets import load_digits

    source = spelled(digits, test=test, split_seed=split_seed, standardize=standardize)
    pixels, labels = load_digits(return_X_y=True)
    return split_arrays(
        pixels / 16,  # the largest value of a pixel
        labels,
        "digit",
        task="multiclass",
        test=test,
        split_seed=split_seed,
        standardize=standardize,
        source=source,
        notes=["inputs: pixels divided by 16"],
    )


def _planar(
    factory: Callable[..., Data],
    draw: Draw,
    sizes: tuple[int, int],
    noise: float,
    seeds: tuple[int, int],
    standardize: bool,
) -> Data:
    source = spelled(
        factory,
        train=sizes[0],
        test=sizes[1],
        noise=noise,
        train_seed=seeds[0],
        test_seed=seeds[1],
        standardize=standardize,
    )
    _points("train", sizes[0], 2)
    _points("test", sizes[1], 1)
    if (noise := non_negative("noise", noise)) > MOST_NOISE:
        raise InputError(f"noise must be at most {MOST_NOISE:g}, got {noise}; the radii are near 1")
    train = draw(sizes[0], noise, _seed("train_seed", seeds[0]))
    test = draw(sizes[1], noise, _seed("test_seed", seeds[1]))
    return arrays(
        *train,
        *test,
        task="binary",
        classes=("0", "1"),
        features=("x1", "x2"),
        standardize=standardize,
        source=source,
    )


def _draw_circles(points: int, noise: float, seed: int) -> tuple[Array, Array]:
    from sklearn.datasets import make_circles

    inputs, targets = make_circles(n_samples=points, noise=noise, random_state=seed)
    return inputs, targets


def _draw_moons(points: int, noise: float, seed: int) -> tuple[Array, Array]:
    from sklearn.datasets import make_moons

    inputs, targets = make_moons(n_samples=points, noise=noise, random_state=seed)
    return inputs, targets


def _draw_spirals(points: int, noise: float, seed: int) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    targets = np.arange(points) % 2
    radius = np.sqrt(rng.random(points))  # the arm's length grows as radius squared: the root spaces evenly
    angle = 3 * np.pi * radius + np.pi * targets
    inputs = radius * np.stack([np.cos(angle), np.sin(angle)])
    return inputs.T + noise * rng.standard_normal((points, 2)), targets


def _points(name: str, value: int, least: int) -> None:
    if whole(name, value, least) > MOST_POINTS:
        raise InputError(f"{name} must be at most {MOST_POINTS}, got {value}; take fewer points")


def _seed(name: str, value: int) -> int:
    if whole(name, value, 0) > MOST_SEED:
        raise InputError(f"{name} must be at most {MOST_SEED}, got {value}; choose a smaller one")
    return value
