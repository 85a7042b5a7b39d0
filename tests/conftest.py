"""What all tests share."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from threadpoolctl import threadpool_limits

from goodinit.errors import InputError


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Keep NumPy to one thread: on shared cores its threads wait for each other, 20 times as long."""
    with threadpool_limits(1, "blas"):
        yield


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """Return the folder with MNIST and the cats; without it skip, or fail where nothing may be skipped."""
    named = os.environ.get("GOODINIT_DATA")
    if named:
        return Path(named)
    reason = "GOODINIT_DATA does not name the folder with mnist/ and cats/"
    if os.environ.get("GOODINIT_REQUIRE_ALL") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def refused() -> Callable[..., None]:
    """Return a check that a call raises InputError with all the given parts in its message."""

    def check(make: Callable[[], object], *parts: str) -> None:
        with pytest.raises(InputError) as caught:
            make()
        for part in parts:
            assert part in str(caught.value)

    return check
