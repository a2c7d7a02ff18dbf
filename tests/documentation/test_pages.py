"""What the pages hold: only blocks that are run, links that lead somewhere, every command and code."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from snippets import NOT_RUN, RUNNERS, SITE, packages_of, steps

import closedworld
from closedworld.cli import main
from closedworld.datasets import DATASETS
from closedworld.errors import ConfigError, InputError
from closedworld.errors.codes import ERROR_CODES

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
RUN_PAGES = [page for page in PAGES if SITE.should_parse(page)]
LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)")
MARKDOWN = MarkdownIt("commonmark")


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> list[tuple[str, str]]:
    """Return the language and the text of every block of code, also of indented ones."""
    tokens = MARKDOWN.parse(page.read_text(encoding="utf-8"))
    return [(one.info, one.content) for one in tokens if one.type in {"fence", "code_block"}]


def test_every_page_but_decisions_and_tables_of_contents_is_run() -> None:
    left_out = {name_of(page) for page in PAGES if page not in RUN_PAGES}
    decisions = {name for name in left_out if name.startswith("docs/decisions/")}
    others = {"CHANGELOG.md", "CONTRIBUTING.md", "docs/index.md"}
    assert left_out == decisions | others


@pytest.mark.parametrize("page", RUN_PAGES, ids=name_of)
def test_every_block_is_run_or_is_no_code(page: Path) -> None:
    """Besides what is run there are text, which is no code, and directives of the reference."""
    for language, text in blocks(page):
        is_directive = language.startswith("{") and not language.startswith("{code")
        assert is_directive or language in {*RUNNERS, "text"}, text
        if language == "text":
            assert not re.search(r"^(\$ )?(closedworld|import|SELECT) ", text, re.MULTILINE), text


@pytest.mark.parametrize("page", RUN_PAGES, ids=name_of)
def test_every_block_that_could_be_run_is_found(page: Path) -> None:
    """The runner and a parser of Markdown see the same blocks."""
    found = [example.parsed[0] for example in SITE.parse(page).examples()]
    assert found == [text for language, text in blocks(page) if language in RUNNERS]


def test_what_is_not_run_is_listed_here() -> None:
    """Each such block says so in its first line, for the reader as well."""
    found = {
        (name_of(page), text.partition("\n")[0].removeprefix(NOT_RUN))
        for page in RUN_PAGES
        for language, text in blocks(page)
        if language in RUNNERS and "not run" in text
    }
    assert found == {
        ("docs/data-sources.md", "it needs the archive of Natural Earth"),
        ("docs/data-sources.md", "it needs the network"),
        (
            "docs/how-to/query.md",
            "deltalake is none of their packages; make readers tries it",
        ),
        (
            "docs/how-to/query.md",
            "the extension is loaded from the web; make readers tries it",
        ),
        ("docs/how-to/own-polygons.md", "osm.gpkg is a file of yours"),
        ("docs/how-to/own-polygons.md", "states.gpkg is a file of yours"),
        ("docs/tutorial/first-world.md", "it asks a package index"),
        (
            "docs/how-to/cluster.md",
            "these programs run until they are stopped; the tests start them in Python",
        ),
    }


@pytest.mark.parametrize("page", RUN_PAGES, ids=name_of)
def test_a_page_imports_only_what_its_reader_has(page: Path) -> None:
    """Python, closedworld and its dependencies, and what the page says to install."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = {re.split(r"\W", one)[0].lower() for one in project["dependencies"]} | {"closedworld"}
    named = names | {"pil"} | packages_of(page.read_text(encoding="utf-8"))
    for language, text in blocks(page):
        if language == "python" and not text.startswith(NOT_RUN):
            nodes = list(ast.walk(ast.parse(text)))
            imported = [
                one.name for node in nodes if isinstance(node, ast.Import) for one in node.names
            ]
            imported += [str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)]
            roots = {name.partition(".")[0].lower() for name in imported}
            assert roots - set(sys.stdlib_module_names) <= named


@pytest.mark.parametrize("page", RUN_PAGES, ids=name_of)
def test_a_console_block_begins_with_a_command_or_says_that_it_is_not_run(page: Path) -> None:
    for language, text in blocks(page):
        if language == "console":
            assert text.startswith(("$ ", NOT_RUN)), text
            assert list(steps(text))


def test_every_command_of_the_program_is_in_the_readme() -> None:
    """The README shows each of them at work."""
    typed = [
        command
        for language, text in blocks(ROOT / "README.md")
        if language == "console"
        for command, _ in steps(text)
    ]
    shown = {command.split()[1] for command in typed if command.startswith("closedworld ")}
    assert set(main.commands) <= shown
    assert {"make world", "make test"} <= set(typed)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_no_figure_is_left_to_fill_in(page: Path) -> None:
    """No page holds a place for a figure that was never measured."""
    assert "@@" not in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link and picture of a page exists."""
    missing = [
        link
        for link in LINK.findall(page.read_text(encoding="utf-8"))
        if not (page.parent / link).exists()
    ]
    assert not missing


def test_no_source_names_a_page_that_is_not_there() -> None:
    """Comments and docstrings point to pages that exist."""
    sources = [
        *ROOT.glob("src/**/*.py"),
        *ROOT.glob("scripts/**/*.py"),
        *ROOT.glob("benchmarks/*.py"),
    ]
    for source in sources:
        for page in re.findall(r"docs/[\w/-]+\.md", source.read_text(encoding="utf-8")):
            assert (ROOT / page).exists(), f"{source}: {page}"


def test_every_public_name_is_in_the_reference() -> None:
    page = (ROOT / "docs/reference/python.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\.\. auto\w+:: (\w+)$", page, re.MULTILINE)
    assert sorted([*listed, "__version__"]) == closedworld.__all__


def test_every_dataset_and_column_is_in_the_reference() -> None:
    page = (ROOT / "docs/reference/datasets.md").read_text(encoding="utf-8")
    assert re.findall(r"^```\{dataset\} (\w+)$", page, re.MULTILINE) == list(DATASETS)


def test_a_column_means_the_same_in_every_dataset() -> None:
    columns = [one for dataset in DATASETS.values() for one in dataset.columns]
    assert len({(one.name, one.type, one.meaning) for one in columns}) == len(
        {one.name for one in columns}
    )


@pytest.mark.slow
def test_every_finding_of_verify_is_in_the_reference() -> None:
    """The page has the codes that verification writes, and none that is in no source."""
    page = (ROOT / "docs/reference/findings.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    listed = {code for row in rows for code in re.findall(r"`([\w-]+)`", row)}
    written = texts_of("src/closedworld/verification/*.py")
    hyphened = {text for text in written if re.fullmatch(r"[a-z]+(-[a-z]+)+", text)}
    # What a caller did wrong is raised and not found.
    raised = {*ERROR_CODES[ConfigError], *ERROR_CODES[InputError]}
    assert hyphened
    assert hyphened - raised <= listed
    assert listed <= texts_of("src/closedworld/**/*.py")


def texts_of(pattern: str) -> set[str]:
    """Return the text constants of sources; one such as ``-tile`` follows what was placed."""
    trees = [ast.parse(source.read_text(encoding="utf-8")) for source in ROOT.glob(pattern)]
    constants = [
        node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)
    ]
    texts = {node.value for node in constants if isinstance(node.value, str)}
    ends = {text for text in texts if re.fullmatch("-(tile|outside|law|zone)", text)}
    return texts | {kind + end for kind in ("site", "home") for end in ends}
