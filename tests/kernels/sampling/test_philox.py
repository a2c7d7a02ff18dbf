"""Philox4x32-10 gives the words that its authors published."""

from __future__ import annotations

import numpy as np
import pytest

from closedworld.kernels.sampling import philox as module
from closedworld.kernels.sampling.philox import philox4x32

# The lines "philox4x32 10" of kat_vectors in Random123 1.14: counter, key, result.
KNOWN = (
    "00000000 00000000 00000000 00000000 00000000 00000000 6627e8d5 e169c58d bc57ac4c 9b00dbd8",
    "ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff 408f276d 41c83b0e a20bc7c6 6d5451fd",
    "243f6a88 85a308d3 13198a2e 03707344 a4093822 299f31d0 d16cfe09 94fdcceb 5001e420 24126ea1",
)


@pytest.mark.parametrize("line", KNOWN)
def test_known_answers(line: str) -> None:
    words = [np.array([int(word, 16)], np.uint64) for word in line.split()]
    c0, c1, c2, c3, k0, k1, *expected = words
    found = philox4x32((c0, c1, c2, c3), (k0, k1))
    assert [int(word[0]) for word in found] == [int(word[0]) for word in expected]


def test_arrays_give_what_their_elements_give(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neighbours in an array have no effect on each other, nor has how many are made at once."""
    words = np.array([[int(word, 16) for word in line.split()] for line in KNOWN], np.uint64).T
    c0, c1, c2, c3, k0, k1, *expected = words
    found = philox4x32((c0, c1, c2, c3), (k0, k1))
    assert np.array_equal(np.stack(found), np.stack(expected))
    for chunk in (1, 2, 3):
        monkeypatch.setattr(module, "_CHUNK", chunk)
        for n in (2, 3):
            some = philox4x32((c0[:n], c1[:n], c2[:n], c3[:n]), (k0[:n], k1[:n]))
            assert np.array_equal(np.stack(some), np.stack(expected)[:, :n])
    one_key = philox4x32((c0, c1, c2, c3), (k0[1:2], k1[1:2]))
    repeated = philox4x32((c0, c1, c2, c3), (np.repeat(k0[1], 3), np.repeat(k1[1], 3)))
    assert np.array_equal(np.stack(one_key), np.stack(repeated))
    monkeypatch.setattr(module, "_CHUNK", 2)
    again = philox4x32((c0, c1, c2, c3), (k0[1:2], k1[1:2]))
    assert np.array_equal(np.stack(one_key), np.stack(again))
    for number in range(4):
        counter = [c0, c1, c2, c3]
        counter[number] = counter[number][1]
        one_word = philox4x32((counter[0], counter[1], counter[2], counter[3]), (k0, k1))
        counter[number] = np.repeat(counter[number], 3)
        for_all = philox4x32((counter[0], counter[1], counter[2], counter[3]), (k0, k1))
        assert np.array_equal(np.stack(one_word), np.stack(for_all))
