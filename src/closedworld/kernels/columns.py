"""Tables as arrays of one length."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """A table: each field of a subclass is an array, whose first axis goes along the rows."""

    def __len__(self) -> int:
        return len(getattr(self, fields(self)[0].name))

    def take(self, which: NDArray[np.integer] | slice) -> Self:
        """Return the rows with these numbers; a mask does not say numbers."""
        columns = (getattr(self, one.name) for one in fields(self))
        if isinstance(which, slice):
            return type(self)(*(column[which] for column in columns))
        # Twice as fast as by indexing.
        return type(self)(*(column.take(which, axis=0) for column in columns))

    @classmethod
    def joined(cls, tables: Iterable[Self]) -> Self:
        """Return the rows of tables, at least one, one table after the other."""
        every = list(tables)
        names = [one.name for one in fields(cls)]
        return cls(*(np.concatenate([getattr(one, name) for one in every]) for name in names))
