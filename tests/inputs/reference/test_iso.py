"""The ISO table."""

from __future__ import annotations

import pytest

from closedworld.inputs.reference.iso import IsoEntry, iso_table


def test_table_has_the_249_official_codes_and_kosovo() -> None:
    entries = iso_table().values()
    assert [e.alpha_2 for e in entries if e.status == "user-assigned"] == ["XK"]
    assert sum(e.status == "official" for e in entries) == 249
    assert len(entries) == 250


def test_entries_are_sorted_and_every_code_is_unique() -> None:
    entries = iso_table().values()
    codes = [e.alpha_2 for e in entries]
    assert codes == sorted(set(codes))
    assert len({e.alpha_3 for e in entries}) == 250
    assert len({e.numeric for e in entries}) == 250


def test_codes_have_their_shape() -> None:
    for e in iso_table().values():
        assert len(e.alpha_2) == 2, e
        assert len(e.alpha_3) == 3, e
        assert (e.alpha_2 + e.alpha_3).isascii(), e
        assert (e.alpha_2 + e.alpha_3).isupper(), e
        assert (len(e.numeric) == 3 and e.numeric.isdigit()) or e.alpha_2 == "XK", e


def test_entries_are_found_by_code() -> None:
    table = iso_table()
    assert table["AF"] == IsoEntry("AF", "AFG", "004", "Afghanistan", "official")
    assert table["AX"].name == "Åland Islands"
    assert table["XK"] == IsoEntry("XK", "XKX", "", "Kosovo", "user-assigned")
    assert all(table[e.alpha_2] is e for e in table.values())


def test_table_is_read_once_and_cannot_be_changed() -> None:
    table = iso_table()
    assert iso_table() is table
    with pytest.raises(TypeError):
        table["XX"] = table["AF"]  # type: ignore[index]
