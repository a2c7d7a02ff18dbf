"""Rewrite sizes and SHA-256 digests in the registry of bundled files.

``--check`` changes nothing and fails when a file and its entry differ.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import sys

from source import DATA

REGISTRY = DATA.parent / "registry.toml"
ENTRY = re.compile(
    r'(?P<head>^\[\[bundled\]\]\nname = "(?P<name>[^"]+)"\n(?:.+\n)*?)size_bytes = \d+\nsha256 = "[0-9a-f]*"\n',
    re.MULTILINE,
)


def seal_entry(match: re.Match[str]) -> str:
    """Return the text of one entry with the size and digest of its file."""
    content = (DATA / match["name"]).read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    return f'{match["head"]}size_bytes = {len(content)}\nsha256 = "{digest}"\n'


def main() -> None:
    """Parse the command line; write or check the registry."""
    parser = argparse.ArgumentParser(description="Seal the bundled files in registry.toml.")
    parser.add_argument("--check", action="store_true", help="write nothing, fail on a difference")
    check: bool = parser.parse_args().check
    old = REGISTRY.read_text(encoding="utf-8")
    registered = {match["name"] for match in ENTRY.finditer(old)}
    present = {path.name for path in DATA.iterdir()}
    assert registered == present, f"registry and folder differ: {registered ^ present}"
    new = ENTRY.sub(seal_entry, old)
    if check and new != old:
        sys.exit("registry.toml does not fit the files; run scripts/reference/seal.py")
    REGISTRY.write_text(new, encoding="utf-8")
    print(f"{len(registered)} files sealed")


if __name__ == "__main__":
    main()
