"""Claims on trial: each experiment runs and gives its verdict, and every verdict follows the measurement."""

import functools
import json
import math
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from goodinit import theory
from goodinit.labs import claims
from goodinit.labs.claims import criteria, quantities
from goodinit.labs.claims.quantities import Quantity, exact
from goodinit.labs.claims.through import a_layer, through

GOODINIT = str(Path(sys.executable).with_name("goodinit"))
PAGE = Path(__file__).parent.parent / "docs" / "claims.md"
BY_NAME = {claim.name: claim for claim in claims.CATALOGUE}

VERDICTS = {
    "zero-nothing-adjusted": "true only if the classes are balanced",
    "zero-is-linear": "false",
    "constants-fail": "true only if every weight is constant",
    "zero-biases-idle": "false",
    "xavier-is-fan-in": "true only if fan-in and fan-out are equal",
    "he-is-one-half": "false",
    "uniform-is-worse": "false",
    "small-is-better": "false",
    "glorot-fails-relu": "true only if the network is deep",
    "saturated-means-zero": "false",
    "lecun-stays-normal": "false",
    "he-or-glorot-for-sigmoid": "false",
    "slope-alone": "false",
    "plateau-shows-vanishing": "false",
    "he-wins-by-a-hair": "false",
    "one-run-settles-it": "false",
    "backward-through-dw": "false",
    "dropout-backward-mask": "false",
    "penalty-left-out": "false",
}

# of each claim, measurements that would speak for it, and the verdict that follows
SUPPORT = {
    "zero-nothing-adjusted": ({"balanced": 0.0, "unbalanced": 0.0}, "true"),
    "zero-is-linear": ({"lead": 0.01}, "true"),
    "constants-fail": ({"all": 0.8, "readout": 0.3, "biases": 0.2}, "true"),
    "zero-biases-idle": ({"size": 1.0, "lost": 0.0}, "true"),
    "xavier-is-fan-in": ({"narrowing": 1.0, "square": 1.0, "widening": 1.0}, "true"),
    "he-is-one-half": ({"half": 1.0}, "true"),
    "uniform-is-worse": ({"lead": 0.05}, "true"),
    "small-is-better": ({"shallow": 0.02, "deep": -0.5}, "true only if the network is shallow"),
    "glorot-fails-relu": ({"shallow": 0.4, "deep": 0.4}, "true"),
    "saturated-means-zero": ({"growth": 0.5}, "true"),
    "lecun-stays-normal": ({"kept": 1.0, "kurtosis": 0.0}, "true"),
    "he-or-glorot-for-sigmoid": ({"glorot": 1.0, "he": 0.5}, "true only if it is Glorot's"),
    "slope-alone": ({"weights": 1.0}, "true"),
    "plateau-shows-vanishing": ({"deep": 0.0, "line": -0.5}, "true"),
    "he-wins-by-a-hair": ({"chance": 0.01}, "true"),
    "one-run-settles-it": ({"alike": 0.99}, "true"),
    "backward-through-dw": ({"taught": 1e-10}, "true"),
    "dropout-backward-mask": ({"taught": 1e-10}, "true"),
    "penalty-left-out": ({"without": 1e-10}, "true"),
}


@functools.cache
def tried(name: str) -> claims.Trial:
    return claims.run([name])[0]


@pytest.mark.parametrize("name", BY_NAME)
def test_the_experiment_runs_and_gives_the_expected_verdict(name: str) -> None:
    trial = tried(name)
    assert trial.verdict == VERDICTS[name], trial.said
    for measured in trial.measured.values():
        assert measured.low <= measured.value <= measured.high
    supporting, verdict = SUPPORT[name]
    changed = trial.measured | {quantity: exact(value) for quantity, value in supporting.items()}
    assert set(changed) == set(trial.measured)
    assert BY_NAME[name].judge(changed) == verdict != trial.verdict


@pytest.mark.parametrize("name", BY_NAME)
@pytest.mark.parametrize("nothing", [Quantity(math.nan, math.nan, math.nan), Quantity(0.5, -1e9, 1e9)])
def test_what_was_not_measured_is_not_judged(name: str, nothing: Quantity) -> None:
    class Blank(dict[str, Quantity]):
        def __missing__(self, key: str) -> Quantity:
            return nothing

    assert BY_NAME[name].judge(Blank()) == "cannot be told"


def test_names_are_unique_and_at_least_fourteen() -> None:
    assert len(BY_NAME) == len(claims.CATALOGUE) >= 14
    assert set(BY_NAME) == set(VERDICTS) == set(SUPPORT)


def test_the_same_numbers_every_time() -> None:
    assert claims.run(["xavier-is-fan-in", "slope-alone"]) == claims.run(["slope-alone", "xavier-is-fan-in"])


# closed forms, each within the interval of the experiment; independent of the code that measures
CLOSED_FORMS = {
    ("zero-nothing-adjusted", "pull"): 0.5,
    ("xavier-is-fan-in", "narrowing"): math.sqrt(400 * 2 / 500),
    ("xavier-is-fan-in", "widening"): math.sqrt(100 * 2 / 500),
    ("he-is-one-half", "half"): 1 / 4,
    ("he-is-one-half", "he"): 1.0,
    ("saturated-means-zero", "growth"): math.sqrt(12.1),
    ("slope-alone", "weights"): 0.01 * math.sqrt(30),
    ("dropout-backward-mask", "taught"): 1 - 0.8,
}


@pytest.mark.parametrize(("name", "quantity"), CLOSED_FORMS)
def test_experiments_find_what_algebra_says(name: str, quantity: str) -> None:
    found = tried(name).measured[quantity]
    truth = CLOSED_FORMS[name, quantity]
    # 95 % intervals widened to twice their length, four standard errors; rounding where there is no length
    reach = (found.high - found.low) + 1e-9
    assert found.value == pytest.approx(truth, abs=reach)


def test_the_signal_goes_through_as_theory_expects() -> None:
    stds = [through("Tanh", 200, 6, 200**-0.5, seed).deviation for seed in range(10)]
    predicted = theory.predict_dense([200] * 7 + [1], "tanh", 1 / 200, inputs=theory.Inputs(examples=100)).std[:6]
    errors = np.std(np.log(stds), axis=0, ddof=1) / math.sqrt(10)
    off = (np.mean(np.log(stds), axis=0) - np.log(predicted)) / errors
    assert np.abs(off).max() < stats.t.isf(0.0005, 9)  # 99 % for six layers together is .0008 one-sided each
    assert a_layer(np.array([8.0, 4.0, 2.0])) == 0.5


@pytest.mark.parametrize(
    ("low", "high", "is_above", "is_near"),
    [
        (1.1, 1.2, True, True),
        (0.7, 1.0, False, None),
        (0.9, 1.3, None, None),
        (0.1, 0.2, False, False),
        (3.0, 4.0, True, False),
        (math.nan, math.nan, None, None),
    ],
)
def test_only_intervals_on_one_side_decide(
    low: float, high: float, is_above: bool | None, is_near: bool | None
) -> None:
    quantity = Quantity((low + high) / 2, low, high)
    assert criteria.above(quantity, 1) is is_above
    assert criteria.near(quantity, 0.8, 1.25) is is_near


@pytest.mark.parametrize(
    ("held", "verdict"),
    [
        ({"": True}, "true"),
        ({"": False}, "false"),
        ({"": None}, "cannot be told"),
        ({}, "cannot be told"),
        ({"it rains": True, "it shines": False}, "true only if it rains"),
        ({"it rains": True, "it snows": True, "it shines": False}, "true only if it rains or it snows"),
        ({"it rains": False, "it shines": None}, "cannot be told"),
    ],
)
def test_verdicts(held: dict[str, bool | None], verdict: str) -> None:
    assert criteria.verdict(held) == verdict


def test_answers_combine() -> None:
    assert criteria.both(True, True) is True
    assert criteria.both(True, None) is None
    assert criteria.both(None, False) is False
    assert [criteria.contrary(answer) for answer in (True, False, None)] == [False, True, None]


def test_quantities_have_their_intervals_and_are_written_with_them() -> None:
    assert quantities.factor([0.5, 2.0, 1.0]).value == pytest.approx(1)
    assert math.isnan(quantities.mean([1.0, 2.0, math.inf]).low)
    assert quantities.share(86, 100).low == pytest.approx(0.7786, abs=1e-4)  # Wilson, by hand
    assert f"{Quantity(0.5, 0.25, 0.75):.0%}" == "50 % [25, 75]"
    assert f"{Quantity(0.5, 0.25, 0.75):.0%~}" == "50 %"
    assert f"{exact(3.478):.2f}" == "3.48"
    assert f"{exact(-0.0001):z.1%}" == "0.0 %"


def test_an_unknown_name_suggests_the_nearest(refused: Callable[..., None]) -> None:
    refused(lambda: claims.run(["slope-alon"]), "unknown claim 'slope-alon'", "did you mean 'slope-alone'?")


def command(*arguments: str, columns: int = 120) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"COLUMNS": str(columns)}
    return subprocess.run(
        [GOODINIT, "claims", *arguments], env=environment, capture_output=True, text=True, timeout=300
    )


QUICK = ("--only", "backward-through-dw", "--only", "xavier-is-fan-in")


@pytest.mark.parametrize("columns", [80, 120])
def test_the_command_prints_a_table_that_fits(columns: int) -> None:
    done = command(*QUICK, columns=columns)
    assert (done.returncode, done.stderr) == (0, "")
    assert max(map(len, done.stdout.splitlines())) <= columns
    words = " ".join(done.stdout.split())
    for part in ("backward-through-dw", "xavier-is-fan-in", "true only if", "false"):
        assert part in words
    assert ("what is true, with sources" in words) is (columns == 80)
    assert ("LeCun's" in words) is ("Glorot and Bengio 2010, eq. 16" in words) is (columns == 120)
    assert "how each was tried, and what makes it false: --json" in words


def test_json_follows_its_schema() -> None:
    done = command(*QUICK, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    said = json.loads(done.stdout, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert said["schema_version"] == 1
    assert [claim["name"] for claim in said["claims"]] == ["xavier-is-fan-in", "backward-through-dw"]
    for claim in said["claims"]:
        assert set(claim) == {"name", "claim", "done", "measured", "verdict", "truth", "source"}
        assert claim["verdict"] == VERDICTS[claim["name"]]
        for quantity in claim["measured"].values():
            assert set(quantity) == {"value", "ci"}
            assert quantity["ci"][0] <= quantity["value"] <= quantity["ci"][1]
    assert "Glorot and Bengio" in said["claims"][0]["source"]
    assert said["claims"][1]["source"] is None


def test_the_command_refuses_with_a_sentence() -> None:
    done = command("--only", "xavier-is-fanin")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: unknown claim 'xavier-is-fanin'; did you mean 'xavier-is-fan-in'?\n"


def test_ctrl_c_says_that_nothing_is_kept() -> None:
    stopped = "import os, signal, goodinit.cli; from goodinit.labs import claims; "
    stopped += "claims.run = lambda *asked: os.kill(os.getpid(), signal.SIGINT); goodinit.cli.main()"
    done = subprocess.run([sys.executable, "-c", stopped, "claims"], capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == (
        "interrupted; nothing is kept: run the same command again to start anew, or fewer claims with --only\n"
    )


def test_the_page_shows_every_claim_as_it_is_tried() -> None:
    page = " ".join(PAGE.read_text(encoding="utf-8").replace("\\*", "*").split())
    for claim in claims.CATALOGUE:
        for part in (f"`{claim.name}`", claim.claim, claim.done, claim.truth, claim.source, VERDICTS[claim.name]):
            assert part in page, part


def test_other_labs_do_not_load_the_fast_engine_for_it() -> None:
    code = "import sys, goodinit.labs, goodinit.cli; print({'jax', 'goodinit.labs.claims'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
