"""Grading the labs: fairly, safely, and with a name for the mistake.

A case asks a submission for calls with inputs that are drawn anew for each submission (`case`, `cases`). The
submission's process, in a sandbox (`places`, `mounts`, `session`), runs `inside`, which knows no right answer; what it
sends back (`packing`) is read by `answers` and judged by the case here, exactly where a seed is prescribed and
otherwise by statistical tests with a stated false-alarm rate (`chance`, `weights`).
"""

from goodinit.labs.grading.cases import LABS, Lab, lab
from goodinit.labs.grading.grade import CaseGrade, Grade, grade, grade_here
from goodinit.labs.grading.session import Limits
from goodinit.labs.grading.submission import Submission, SubmissionError, read

__all__ = [
    "LABS",
    "CaseGrade",
    "Grade",
    "Lab",
    "Limits",
    "Submission",
    "SubmissionError",
    "grade",
    "grade_here",
    "lab",
    "read",
]
