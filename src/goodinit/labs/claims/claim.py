"""What a claim is, and what is left of it after its experiment."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from goodinit.labs.claims.criteria import Answer, verdict
from goodinit.labs.claims.quantities import Measured


@dataclass(frozen=True)
class Claim:
    """Something that is often taught, and the experiment that decides it.

    Parameters
    ----------
    name : str
        How it is asked for.
    claim : str
        What is taught, in our words.
    done : str
        What the experiment does, and which measurement makes the claim false.
    measure : callable
        Runs the experiment and returns the measured quantities by name; the same ones every time.
    held : callable
        From these to whether the claim held, by setting (see `criteria.verdict`). It alone makes the verdict.
    said : str
        The measurement as a sentence, with a place for each quantity: ``"{rate:.2f} a layer"``.
    truth : str
        What is true, in a sentence.
    source : str
        Where that is shown; empty where the experiment or a line of algebra is enough.
    """

    name: str
    claim: str
    done: str
    measure: Callable[[], Measured]
    held: Callable[[Measured], Mapping[str, Answer]]
    said: str
    truth: str
    source: str = ""

    def judge(self, measured: Measured) -> str:
        """Return the verdict that a measurement leads to."""
        return verdict(self.held(measured))

    def run(self) -> "Trial":
        """Run the experiment and judge the claim by it."""
        measured = self.measure()
        said = self.said.format(**measured)
        return Trial(self.name, self.claim, self.done, measured, said, self.judge(measured), self.truth, self.source)


@dataclass(frozen=True)
class Trial:
    """A claim after its experiment; see `Claim` for the words.

    Parameters
    ----------
    name, claim, done, said, truth, source : str
    measured : dict of str to Quantity
    verdict : str
        ``true``, ``false``, ``true only if ...`` or ``cannot be told``.
    """

    name: str
    claim: str
    done: str
    measured: Measured
    said: str
    verdict: str
    truth: str
    source: str
