"""Tells members of zip archives that unpack to far more than their packed size."""

from __future__ import annotations

from zipfile import ZipInfo

_SMALL_BYTES = 1 << 26
_MAX_RATIO = 200


def is_zip_bomb(member: ZipInfo) -> bool:
    """Return whether a member unpacks to more than 64 MiB and more than 200 times its packed size."""
    return member.file_size > max(_SMALL_BYTES, _MAX_RATIO * member.compress_size)
