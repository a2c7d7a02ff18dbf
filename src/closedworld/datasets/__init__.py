"""Datasets: schemas, part files, receipts, atomic publishing and checked reading."""

from closedworld.datasets.reading import Published, find_published, open_dataset, open_published
from closedworld.datasets.receipt import FileEntry, Receipt, parameter_hash, read_receipt
from closedworld.datasets.staging import Staging, stage_file

__all__ = [
    "FileEntry",
    "Published",
    "Receipt",
    "Staging",
    "find_published",
    "open_dataset",
    "open_published",
    "parameter_hash",
    "read_receipt",
    "stage_file",
]
