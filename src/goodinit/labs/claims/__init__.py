"""Claims on trial: what is often taught about initialization, each turned into an experiment of a few seconds.

The verdict on a claim is computed from what its experiment measured, by a criterion that stands beside it.

::

    for trial in run(["one-run-settles-it"]):
        print(trial.said, trial.verdict, trial.truth)
"""

from collections.abc import Callable, Sequence

from goodinit.labs.claims import backward, depth, evidence, formulas, zeros
from goodinit.labs.claims.claim import Claim, Trial
from goodinit.labs.claims.quantities import Measured, Quantity
from goodinit.spelling import nearest

__all__ = ["CATALOGUE", "Claim", "Measured", "Quantity", "Trial", "run"]

CATALOGUE: tuple[Claim, ...] = (
    zeros.NOTHING_ADJUSTED,
    zeros.LINEAR,
    zeros.CONSTANT,
    zeros.BIASES,
    formulas.XAVIER,
    formulas.HE_HALF,
    formulas.UNIFORM,
    formulas.SMALL,
    formulas.GLOROT,
    depth.SATURATED,
    depth.NICELY_NORMAL,
    depth.SIGMOID,
    depth.SLOPE,
    evidence.STUCK,
    evidence.ONE_RUN_EACH,
    evidence.ONE_RUN,
    backward.CHAIN,
    backward.DROPOUT,
    backward.PENALTY,
)


def run(names: Sequence[str] = (), progress: Callable[[int, int], None] | None = None) -> list[Trial]:
    """Run the experiments of some claims, or of all, in the order of the catalogue.

    Parameters
    ----------
    names : sequence of str
        Which; none means all of them.
    progress : callable or None
        Called with the number of claims done and their total.

    Raises
    ------
    InputError
        If a name is unknown; the nearest known one is suggested.
    """
    asked = {nearest(name, [claim.name for claim in CATALOGUE], "claim") for name in names}
    chosen = [claim for claim in CATALOGUE if not asked or claim.name in asked]
    trials = []
    for done, claim in enumerate(chosen, start=1):
        trials.append(claim.run())
        if progress is not None:
            progress(done, len(chosen))
    return trials
