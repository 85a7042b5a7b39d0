"""A user's own model: which initializer made each tensor, what was found, and whether the initialization is to blame.

No framework is imported here, and nothing in the model changes.
"""

from goodinit.diagnosis.checking import check
from goodinit.diagnosis.findings import CODES, Finding
from goodinit.diagnosis.identification import Identification, Identified, assert_initialized, identify
from goodinit.diagnosis.report import CheckError, Report
from goodinit.diagnosis.thresholds import THRESHOLDS, Threshold

__all__ = [
    "CODES",
    "THRESHOLDS",
    "CheckError",
    "Finding",
    "Identification",
    "Identified",
    "Report",
    "Threshold",
    "assert_initialized",
    "check",
    "identify",
]
