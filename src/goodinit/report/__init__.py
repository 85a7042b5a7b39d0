"""Results as one self-contained HTML page, and the folder that holds it."""

from goodinit.report.diagnosis import write_diagnosis
from goodinit.report.folder import publish
from goodinit.report.grades import write_grades
from goodinit.report.page import write

__all__ = ["publish", "write", "write_diagnosis", "write_grades"]
