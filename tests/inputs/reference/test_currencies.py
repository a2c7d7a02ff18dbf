"""The money of every country."""

from __future__ import annotations

import re

from closedworld.inputs.reference.currencies import currencies
from closedworld.inputs.reference.iso import iso_table


def test_every_country_has_money() -> None:
    money = currencies()
    assert set(money) == set(iso_table())
    for one in money.values():
        assert re.fullmatch("[A-Z]{3}", one.code)
        assert one.minor_digits in {0, 2, 3}
        assert one.till_step >= 1
        assert one.note % one.till_step == 0
        assert one.price > one.till_step / 10
    by_code: dict[str, set[tuple[int, int, int]]] = {}
    for one in money.values():
        by_code.setdefault(one.code, set()).add((one.minor_digits, one.till_step, one.note))
    assert all(len(kinds) == 1 for kinds in by_code.values())


def test_money_is_what_is_known() -> None:
    money = currencies()
    assert [money[iso].code for iso in ("DE", "BG", "CH", "JP", "KW", "US", "XK")] == [
        "EUR", "EUR", "CHF", "JPY", "KWD", "USD", "EUR",
    ]  # fmt: skip
    assert money["JP"].minor_digits == 0
    assert money["KW"].minor_digits == 3
    assert money["CH"].till_step == 5
