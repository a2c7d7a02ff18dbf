"""Validation: published data checked from the outside, one function per invariant."""

from closedworld.verification.findings import Check, Finding, Unchecked, Verification
from closedworld.verification.verify import verify

__all__ = ["Check", "Finding", "Unchecked", "Verification", "verify"]
