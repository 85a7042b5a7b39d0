"""Studies of the signal: what an initialization does to a network before training, measured and predicted."""

from goodinit.study.signal.findings import findings
from goodinit.study.signal.measurement import answer, measure, predict
from goodinit.study.signal.problem import SignalProblem, resolve
from goodinit.study.signal.spec import SignalStudy
from goodinit.study.signal.statistics import STATISTICS

__all__ = ["STATISTICS", "SignalProblem", "SignalStudy", "answer", "findings", "measure", "predict", "resolve"]
