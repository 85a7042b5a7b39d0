"""A user's own model: what was found in it, and whether its initialization is to blame."""

from goodinit.diagnosis.checking import check
from goodinit.diagnosis.findings import CODES, Finding
from goodinit.diagnosis.report import CheckError, Report
from goodinit.diagnosis.thresholds import THRESHOLDS, Threshold

__all__ = ["CODES", "THRESHOLDS", "CheckError", "Finding", "Report", "Threshold", "check"]
