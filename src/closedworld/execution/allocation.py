"""How this process gives memory back to the system: seldom, as it soon needs as much again."""

from __future__ import annotations

import ctypes

import pyarrow as pa

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # M_... of glibc's malloc.h
_KEPT_BYTES = 64 << 20
_LARGEST_KEPT_BYTES = 32 << 20  # the most that glibc takes


def keep_memory() -> None:
    """Keep freed memory for the next arrays, in the whole process; for processes that are our own alone.

    To return memory and to fetch it again is a seventh of the processor time of purchases, and returning it holds
    the interpreter's lock. Arrow's own pool gives memory back at once; where the C library is not glibc, only that changes.
    """
    pa.set_memory_pool(pa.system_memory_pool())
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is not None:
        set_option(_TRIM_THRESHOLD, _KEPT_BYTES)
        set_option(_MMAP_THRESHOLD, _LARGEST_KEPT_BYTES)
