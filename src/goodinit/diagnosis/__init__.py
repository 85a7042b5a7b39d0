"""A user's own model is looked at, and what is found is said; nothing in it changes. No framework is imported here."""

from goodinit.diagnosis.identification import Finding, Identification, assert_initialized, identify

__all__ = ["Finding", "Identification", "assert_initialized", "identify"]
