"""Bundled default data: country polygons, the ISO table and a population model.

Every file has an entry in ``registry.toml`` with its source, licence and SHA-256. Importing this
package reads nothing and needs the standard library only.
"""

from closedworld.reference.iso import IsoEntry, IsoTable, iso_table
from closedworld.reference.registry import (
    BundledFile,
    bundled,
    bundled_files,
    verify_bundled,
)

__all__ = [
    "BundledFile",
    "IsoEntry",
    "IsoTable",
    "bundled",
    "bundled_files",
    "iso_table",
    "verify_bundled",
]
