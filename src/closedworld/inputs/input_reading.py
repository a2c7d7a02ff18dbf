"""The reading of an input: timed, sealed by SHA-256 and emitted."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from closedworld.execution.events import InputLoaded, Observer
from closedworld.execution.meters import bytes_read, bytes_read_since, peak_memory_bytes
from closedworld.inputs.isolated import IsolatedRead
from closedworld.inputs.raster.info import RasterInfo
from closedworld.store.file_digests import digest_of_rasters, sha256_of_file


@dataclass(frozen=True, slots=True)
class InputReading:
    """The reading of an input, from now until it is emitted."""

    role: str
    observer: Observer
    began: float = field(default_factory=time.perf_counter)
    read_before: int | None = field(default_factory=bytes_read)

    def emit_raster(self, info: RasterInfo) -> str:
        """Emit that a raster was loaded; return its SHA-256."""
        detail = f"grid of {info.grid}; {info.bands} band(s) of {info.dtype}, NODATA {info.nodata}"
        files = info.files
        if len(files) > 1:
            detail = f"{len(files)} rasters as one, {detail}"
        digests = self.emit(files, info.grid.n_rows, detail)
        digest = digest_of_rasters(list(digests.values()))
        for note in info.notes:
            self.observer.on_event(note)
        return digest

    def emit(
        self, files: Sequence[Path], rows: int, detail: str, isolated: IsolatedRead | None = None
    ) -> dict[str, str]:
        """Emit that files were loaded; return the SHA-256 of each by file name."""
        read = bytes_read_since(self.read_before) if isolated is None else isolated.bytes_read
        # Parts of a table may have one name in several folders.
        base = os.path.commonpath([path.absolute().parent for path in files])
        digests = {
            path.absolute().relative_to(base).as_posix(): sha256_of_file(path) for path in files
        }
        self.observer.on_event(
            InputLoaded(
                role=self.role,
                path=str(files[0]),
                size_bytes=sum(path.stat().st_size for path in files),
                bytes_read=read,
                rows=rows,
                sha256=digests,
                detail=detail,
                seconds=time.perf_counter() - self.began,
                reader_peak_bytes=None if isolated is None else isolated.peak_memory_bytes,
                main_peak_bytes=peak_memory_bytes(),
            )
        )
        return digests
