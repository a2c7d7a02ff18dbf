"""Leads cross-references of docstrings to the names under which the package offers them.

A type hint says ``closedworld.kernels.grid.affine.Grid`` where the reference documents ``closedworld.Grid``.
What is no public name, and what belongs to another project, is shown without a link; a public name
that the reference lacks is left to Sphinx, whose strict build then fails.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import closedworld

if TYPE_CHECKING:
    from docutils.nodes import Element, Node
    from sphinx.addnodes import pending_xref
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment


def resolve(app: Sphinx, env: BuildEnvironment, node: pending_xref, text: Element) -> Node | None:
    """Return the reference to a public name, the text alone for other names, None to give up."""
    if node.get("refdomain") != "py":
        return None
    name = node["reftarget"].rpartition(".")[2]
    if name not in closedworld.__all__:
        return text
    target = f"closedworld.{name}"
    if node["reftarget"] == target:
        return None
    return env.domains.python_domain.resolve_xref(
        env, node["refdoc"], app.builder, "obj", target, node, text
    )


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("missing-reference", resolve)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
