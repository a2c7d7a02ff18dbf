"""A disk that holds for certain only what was synced.

A file's bytes are certain once the file was fsynced; a name in a folder once the folder was. Everything else
may or may not be there after a power cut, each piece for itself. A rename is one change of two folders,
as journals of file systems have it, and certain once either was synced.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable
    from pathlib import Path

    from harness.failing import Change


@dataclass(slots=True)
class Node:
    """A file or a folder.

    Attributes:
        content: Bytes of a file, as written.
        certain: Bytes of a file, as synced; None when never.
        names: What a folder holds, as changed.
        sure: What a folder holds, as synced.
        number: Its own.
    """

    is_folder: bool
    content: bytes = b""
    certain: bytes | None = None
    names: dict[str, Node] = field(default_factory=dict)
    sure: dict[str, Node] = field(default_factory=dict)
    number: int = field(default_factory=itertools.count().__next__)


@dataclass(slots=True)
class Disk:
    """What is on a disk.

    Attributes:
        root: The folder that the first change was made in.
        top: Its node.
    """

    root: Path
    top: Node

    @classmethod
    def after(cls, changes: Iterable[Change], draw: random.Random | None) -> Disk:
        """Return what a power cut leaves after some changes; all of them without a draw."""
        told = list(changes)
        made = [change.path for change in told if change.kind == "mkdir"]
        disk = cls(made[0] if made else None, Node(is_folder=True))  # type: ignore[arg-type]
        for change in told:
            disk._apply(change)
        disk._lose(disk.top, draw)
        return disk

    def restore(self, out: Path) -> None:
        """Write what is left into a folder."""
        _restore(self.top, out)

    def _apply(self, change: Change) -> None:
        """Take a change."""
        if not change.path.is_relative_to(self.root):
            return
        node = self._node(change.path)
        folder = self._node(change.path.parent) if change.path != self.root else None
        name = change.path.name
        match change.kind:
            case "open" if node is None and folder is not None:
                folder.names[name] = Node(is_folder=False)
            case "write" if node is not None:
                node.content += change.content
            case "fsync" if node is not None:
                node.certain = node.content
                self._settle(node)
            case "mkdir" if node is None and folder is not None:
                folder.names[name] = Node(is_folder=True)
            case "unlink" | "rmdir" if folder is not None:
                folder.names.pop(name, None)
            case "rename" if node is not None and folder is not None and change.target is not None:
                there = self._node(change.target.parent)
                if there is not None and change.target.name not in there.names:
                    there.names[change.target.name] = folder.names.pop(name)

    def _settle(self, folder: Node) -> None:
        """Make certain what a folder holds; what was renamed out of another is gone from there."""
        appeared = [
            node for name, node in folder.names.items() if folder.sure.get(name) is not node
        ]
        folder.sure = dict(folder.names)
        for other in self._folders(self.top):
            if other is not folder:
                for node in appeared:
                    for name in [n for n, held in other.sure.items() if held is node]:
                        if other.names.get(name) is not node:
                            del other.sure[name]

    def _folders(self, folder: Node) -> list[Node]:
        """Return a folder and all below it, certain or not."""
        every = {id(node): node for node in (*folder.names.values(), *folder.sure.values())}
        below = [self._folders(node) for node in every.values() if node.is_folder]
        return [folder, *itertools.chain.from_iterable(below)]

    def _node(self, path: Path) -> Node | None:
        """Return what a path names; None when nothing."""
        node: Node | None = self.top
        for part in path.relative_to(self.root).parts:
            node = None if node is None else node.names.get(part)
        return node

    def _lose(self, node: Node, draw: random.Random | None) -> None:
        """Lose some of what is not certain, by lot."""
        if draw is None:
            for below in node.names.values():
                self._lose(below, draw)
            return
        if not node.is_folder:
            certain = node.certain or b""
            if node.content != certain:
                keep = draw.choice(("synced", "written", "torn", "zeros"))
                rest = node.content[len(certain) :]
                left = {
                    "synced": b"",
                    "written": rest,
                    "torn": rest[: draw.randrange(len(rest) + 1)],
                    "zeros": bytes(len(rest)),
                }[keep]
                node.content = certain + left
            return
        held: dict[str, Node] = {}
        for name in sorted(node.names.keys() | node.sure.keys()):
            now, sure = node.names.get(name), node.sure.get(name)
            kept = now if now is sure else draw.choice((now, sure))
            if kept is not None:
                held[name] = kept
        node.names = held
        for below in held.values():
            self._lose(below, draw)


def _restore(node: Node, path: Path) -> None:
    """Write a node and all below it."""
    if not node.is_folder:
        path.write_bytes(node.content)
        return
    path.mkdir(exist_ok=True)
    for name, below in node.names.items():
        _restore(below, path / name)
