"""How the documentation site is built: `make docs`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

from closedworld import __version__

project = "closedworld"
author = "closedworld contributors"
copyright = author  # noqa: A001 -- Sphinx reads it under this name
release = __version__
root_doc = "index"
# Two hyphens are an option, not a dash.
smartquotes = False

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_click",
    "sphinx_copybutton",
    "closedworld_tables",
    "public_names",
]
# docs/README.md is what the code host shows for the folder; index.md includes it.
exclude_patterns = ["README.md", "_build", "_ext", "reference/_readers.md"]

# Quotes and dashes stay as they are written: --json is an option.
smartquotes = False
myst_heading_anchors = 3
myst_enable_extensions = ["attrs_block", "deflist"]

# Every cross-reference must lead somewhere. Names of other projects are shown without a link: their
# inventories would have to be fetched.
nitpicky = True

autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_class_signature = "mixed"
autodoc_preserve_defaults = True
napoleon_use_ivar = True
napoleon_numpy_docstring = False
python_use_unqualified_type_names = True
maximum_signature_line_length = 80

copybutton_prompt_text = "$ "
copybutton_only_copy_prompt_lines = True

html_theme = "pydata_sphinx_theme"
html_title = "closedworld"
html_static_path = ["_static"]
html_css_files = ["closedworld.css"]
html_show_sourcelink = False
html_copy_source = False
html_context = {"default_mode": "auto"}
# Pages that are a section of their own have no list of its pages.
html_sidebars: dict[str, list[str]] = {
    page: [] for page in ("performance", "reliability", "data-sources", "genindex", "search")
}
html_theme_options = {
    "logo": {
        "text": "closedworld",
        "image_light": "_static/logo-light.svg",
        "image_dark": "_static/logo-dark.svg",
        "alt_text": "",
    },
    "header_links_before_dropdown": 4,
    "navigation_with_keys": False,
    "show_prev_next": True,
    "footer_start": ["copyright"],
    "footer_end": ["theme-version"],
    "show_toc_level": 2,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
