"""A downloader that resumes interrupted downloads.

The bytes that have come stay next to the target, and are appended to if the server confirms that the
file is still the same (RFC 9110, 13.1.5 If-Range and 14 Range); otherwise the download starts over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from time import sleep

import requests

from closedworld._version import __version__
from closedworld.errors import FetchError, IntegrityError, PublishError
from closedworld.inputs.reference.fetching.http_requests import ask, host_of, reason_of
from closedworld.inputs.reference.fetching.partial_download import (
    Partial,
    Progress,
    Version,
    require_space,
)
from closedworld.inputs.reference.registry import RemoteFile
from closedworld.store.file_digests import sha256_of_file

# Tries in a row without progress; each pause is twice the last.
_TRIES = 4
# An answer that breaks off loses less than a chunk.
_CHUNK_BYTES = 1 << 14
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")
_PASSING = {408, 425, 429, 500, 502, 503, 504}
_OK, _PARTIAL_CONTENT, _RANGE_NOT_SATISFIABLE = 200, 206, 416
# Bytes between two looks at the disk, and what is left free there, when nobody states the size.
_SPACE_STEP_BYTES, _SPACE_LEFT_BYTES = 1 << 24, 1 << 26


class _CutError(Exception):
    """A try ended early; another may get further."""


class _NoConnectionError(_CutError):
    """There was no response at all."""


@dataclass(frozen=True, slots=True)
class ResumingDownloader:
    """The download of a file.

    Attributes:
        remote: What is downloaded.
        target: Where it is to be in the end.
        partial: Where the bytes so far are kept.
        progress: Called after every chunk; None for no one.
    """

    remote: RemoteFile
    target: Path
    partial: Partial
    progress: Progress | None = None

    def download(self) -> None:
        """Download the file to its target.

        Raises:
            FetchError: ``fetch-unreachable``, ``fetch-refused``, ``fetch-redirect``,
                ``fetch-incomplete``.
            IntegrityError: ``fetch-differs``.
            PublishError: ``disk-space``.
            OSError: The file cannot be written.
        """
        with requests.Session() as session:
            self._fill(session)
        self._check()
        self.partial.hand_over(self.target)

    def _fill(self, session: requests.Session) -> None:
        partial, url = self.partial, self.remote.url
        furthest = partial.size_bytes
        tries = 0
        while True:
            try:
                self._receive(session)
            except _CutError as cut:
                if isinstance(cut, _NoConnectionError) and not tries:
                    raise FetchError(
                        "fetch-unreachable",
                        f"cannot reach {host_of(url)}: {cut}.",
                        "Check the network; a proxy is taken from HTTPS_PROXY. Or get the file elsewhere and put it "
                        f"at {self.target}, where it is checked and used. Address: {url}",
                    ) from cut
                reached = partial.size_bytes
                tries = 1 if reached > furthest else tries + 1
                furthest = max(furthest, reached)
                if tries >= _TRIES:
                    raise FetchError(
                        "fetch-incomplete",
                        f"{host_of(url)} was asked {_TRIES} times without getting beyond "
                        f"{furthest:,} bytes of {self.remote.file_name}: {cut}.",
                        "Try again later; the download resumes from there.",
                    ) from cut
            else:
                return
            sleep(2.0 ** (tries - 1))

    def _receive(self, session: requests.Session) -> None:
        """Send one request and write what comes."""
        partial, url = self.partial, self.remote.url
        start, version = partial.size_bytes, partial.version(url)
        headers = {"User-Agent": f"closedworld/{__version__}", "Accept-Encoding": "identity"}
        if start and version is not None:
            if version.total_bytes == start:
                return
            if version.validator:
                headers |= {"Range": f"bytes={start}-", "If-Range": version.validator}
        with self._answer(session, headers) as response:
            if response.status_code == _RANGE_NOT_SATISFIABLE:
                partial.begin(Version(url))
                raise _CutError("the server does not have the rest")
            if response.status_code != _PARTIAL_CONTENT:
                start = 0
                partial.begin(_version_of(url, response))
            elif version is None or not _continues(response, start, version):
                partial.begin(Version(url))
                raise _CutError("the server sent another range than was requested")
            total = _total_of(response)
            self._check_offer(total, start)
            self._write(response, start, total)

    def _answer(self, session: requests.Session, headers: dict[str, str]) -> requests.Response:
        """Return the response to a request, if it is one with bytes."""
        url = self.remote.url
        try:
            response = ask(session, url, headers)
        except (requests.ConnectionError, requests.Timeout) as error:
            raise _NoConnectionError(reason_of(error)) from error
        status = response.status_code
        if status in _PASSING:
            response.close()
            raise _CutError(f"it answers {status} {response.reason}")
        # Asked for the bytes as they are; unpacking could go on without end.
        encoding = response.headers.get("Content-Encoding", "").lower()
        if status not in {_OK, _PARTIAL_CONTENT, _RANGE_NOT_SATISFIABLE} or encoding not in {
            "",
            "identity",
        }:
            response.close()
            packed = f" packed as {encoding}" if encoding else ""
            raise FetchError(
                "fetch-refused",
                f"{host_of(url)} answers {status} {response.reason}{packed} to {url}.",
                f"The publisher may have moved it: see {self.remote.source_url}, and put the file at "
                f"{self.target}, where it is checked and used.",
            )
        return response

    def _check_offer(self, total: int | None, start: int) -> None:
        """Refuse a file of the wrong size, or too large for the disk, before it is downloaded."""
        known = self.remote.size_bytes
        if total is not None and known is not None and total != known:
            raise IntegrityError(
                "fetch-differs",
                f"the server offers {total:,} bytes for {self.remote.file_name}, the registry says "
                f"{known:,}.",
                f"The publisher may have replaced it: see {self.remote.source_url}.",
            )
        whole = total if total is not None else known
        if whole is not None:
            require_space(self.target.parent, whole - start, self.remote.file_name)

    def _write(self, response: requests.Response, start: int, total: int | None) -> None:
        """Append the bytes of a response to those that are there."""
        file = self.partial.file
        done = file.seek(start)
        total = total if total is not None else self.remote.size_bytes
        looked_at = done
        try:
            for chunk in response.iter_content(_CHUNK_BYTES):
                done += len(chunk)
                if total is None and done >= looked_at + _SPACE_STEP_BYTES:
                    looked_at = done
                    self._keep_space_free()
                if total is not None and done > total:
                    self._refuse_surplus(total)
                file.write(chunk)
                if self.progress is not None:
                    self.progress(done, total)
        except requests.RequestException as error:
            raise _CutError(reason_of(error)) from error
        finally:
            file.flush()
        if total is not None and done != total:
            raise _CutError(f"the response ended after {done:,} of {total:,} bytes")

    def _keep_space_free(self) -> None:
        """Remove a download without a stated size that is about to fill the disk."""
        try:
            require_space(self.target.parent, _SPACE_LEFT_BYTES, self.remote.file_name)
        except PublishError:
            self.partial.discard()
            raise

    def _refuse_surplus(self, total: int) -> None:
        """Remove a download that is longer than the file can be."""
        self.partial.discard()
        raise IntegrityError(
            "fetch-differs",
            f"{host_of(self.remote.url)} sends more than the {total:,} bytes that "
            f"{self.remote.file_name} has; what came was removed.",
            f"The publisher may have replaced it: see {self.remote.source_url}.",
        )

    def _check(self) -> None:
        """Refuse and remove a download that is not the file of the registry."""
        if not self.partial.size_bytes:
            self.partial.discard()
            raise FetchError(
                "fetch-refused",
                f"{host_of(self.remote.url)} sent nothing as {self.remote.file_name}.",
                f"The publisher may have moved it: see {self.remote.source_url}.",
            )
        expected = self.remote.sha256
        if expected is None:
            return
        digest = sha256_of_file(self.partial.path)
        if digest != expected:
            self.partial.discard()
            raise IntegrityError(
                "fetch-differs",
                f"what {host_of(self.remote.url)} sent as {self.remote.file_name} has SHA-256 "
                f"{digest}, the registry says {expected}; it was removed.",
                "Try again. If it happens again, the publisher has replaced the file: see "
                f"{self.remote.source_url}.",
            )


def _version_of(url: str, response: requests.Response) -> Version:
    tag = response.headers.get("ETag", "")
    # A weak tag (W/"...") does not promise the same bytes, and If-Range does not accept it (RFC 9110, 13.1.5).
    validator = tag if tag.startswith('"') else response.headers.get("Last-Modified", "")
    return Version(url, validator, _total_of(response))


def _continues(response: requests.Response, start: int, version: Version) -> bool:
    """Return whether a partial response starts where it should and is of the same file.

    A server that ignores If-Range sends a range of whatever it has now.
    """
    match = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    sent = _version_of(version.url, response)
    return (
        match is not None
        and int(match[1]) == start
        and sent.validator in {"", version.validator}
        and sent.total_bytes in {None, version.total_bytes}
    )


def _total_of(response: requests.Response) -> int | None:
    """Return the size of the whole file; None if the response does not state it."""
    if response.status_code == _PARTIAL_CONTENT:
        match = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
        return int(match[2]) if match and match[2] != "*" else None
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isdecimal() else None
