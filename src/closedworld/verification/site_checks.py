"""Sites of a result against what its receipt states, and against each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from closedworld.datasets import MERCHANTS, SITES
from closedworld.datasets.parameters import SiteParameters
from closedworld.store.paths import VALIDATION_NAME
from closedworld.store.reading import Published
from closedworld.verification.country_files import CountryFiles
from closedworld.verification.file_checks import check_countries, check_schemas
from closedworld.verification.findings import Findings
from closedworld.verification.receipt_checks import PARAMETER_ERRORS, bad_parameters, check_totals
from closedworld.verification.value_digests import ValueDigests, digest_of_columns

Rows = Mapping[str, pa.Table]
"""Rows of a dataset by country."""


def read_site_parameters(published: Published, findings: Findings) -> SiteParameters | None:
    """Return the parameters of sites; None, with a finding, when they make no sense."""
    try:
        return SiteParameters.from_dict(published.receipt.parameters)
    except PARAMETER_ERRORS as error:
        bad_parameters(error, findings)
        return None


@dataclass(frozen=True, slots=True, eq=False)
class SiteChecks:
    """Checks one result of sites.

    Attributes:
        published: The result.
        parameters: Its parameters.
        findings: Where findings go.
    """

    published: Published
    parameters: SiteParameters
    findings: Findings

    def run(self) -> None:
        """Check everything."""
        table = check_schemas(
            self.published, self.parameters.datasets, self.findings, (VALIDATION_NAME,)
        )
        digests = ValueDigests()
        found: dict[str, Rows] = {}
        for name, own in table.items():
            check_countries(table, name, set(self.parameters.countries), self.findings)
            found[name] = {iso: _rows(files, digests) for iso, files in sorted(own.items())}
        sites, rows = found[SITES.name], found[MERCHANTS.name]
        if sites.keys() == rows.keys() and not digests.unknown:
            for iso in sites:
                self._check_keys(table[SITES.name][iso], sites[iso], rows[iso])
            self._check_totals(sites, rows)
        else:
            self.findings.add_unchecked("sites against merchants", "countries are missing")
        digests.compare(self.published.receipt, self.findings)
        if self.parameters.merchants_sha256 != self.published.receipt.values.get(MERCHANTS.name):
            message = "merchants_sha256 is not the digest of the values of merchants."
            self.findings.add("merchants-digest", message, MERCHANTS.name)

    def _check_keys(self, files: CountryFiles, sites: pa.Table, merchants: pa.Table) -> None:
        """Find sites that no row of the merchants asks for, and rows with other than n sites."""
        counts = merchants["n"].to_numpy()
        row = np.repeat(np.arange(len(counts)), counts)
        order = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
        orders = order + merchants["site_order"].to_numpy()[row]
        ids = merchants["merchant_id"].take(pa.array(row))
        is_same = (
            len(orders) == sites.num_rows
            and bool((sites["site_order"].to_numpy() == orders).all())
            and sites["merchant_id"].equals(ids)
        )
        if not is_same:
            files.add("site-keys", "sites are not those that the merchants ask for, in order.")
        self.findings.add_check("sites: those that merchants ask for", len(orders), "sites")

    def _check_totals(self, sites: Rows, merchants: Rows) -> None:
        ids = {one for rows in merchants.values() for one in rows["merchant_id"].to_pylist()}
        totals: dict[str, Any] = {
            "countries": len(sites),
            "merchants": len(ids),
            "sites": sum(rows.num_rows for rows in sites.values()),
            "sites_on_map": sum(rows.num_rows - rows["lon"].null_count for rows in sites.values()),
        }
        check_totals(self.published.receipt, totals, self.findings)


def _rows(files: CountryFiles, digests: ValueDigests) -> pa.Table:
    """Return all rows of a country, texts as plain columns, and add their digest."""
    schema = files.dataset.schema
    batches = list(files.batches(files.columns, with_footers=True))
    table = pa.Table.from_batches(batches).cast(schema) if batches else schema.empty_table()
    if not files.is_whole:
        digests.unknown.add(files.country_iso)
        return table
    (rows,) = table.combine_chunks().to_batches() or [None]
    if rows is not None:
        digests.add(files, rows.num_rows, digest_of_columns(rows, files.dataset))
    return table.combine_chunks()
