"""Validation: published data checked from the outside, one function per invariant."""

from closedworld.validation.findings import Check, Finding, Unchecked, Verification
from closedworld.validation.verify import verify

__all__ = ["Check", "Finding", "Unchecked", "Verification", "verify"]
