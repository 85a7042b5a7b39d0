"""Studies: what is compared, running it, keeping it, and what can be concluded."""

from goodinit.study.comparison import answer, compare
from goodinit.study.findings import findings
from goodinit.study.problem import Problem, resolve
from goodinit.study.spec import Study

__all__ = ["Problem", "Study", "answer", "compare", "findings", "resolve"]
