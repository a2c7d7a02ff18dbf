"""HTTP requests with safe redirects, and readable reasons for failures."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

import requests

from closedworld.errors import FetchError
from closedworld.sanitize import library_message, one_line, quoted

_REDIRECTS = 10
_CONNECT_SECONDS, _SILENCE_SECONDS = 10, 60
_SCHEMES = ("http", "https")


def ask(session: requests.Session, url: str, headers: dict[str, str]) -> requests.Response:
    """Return the response to a request, its body not yet read.

    Raises:
        FetchError: ``fetch-redirect``, ``fetch-unreachable`` for an unusable address.
        requests.ConnectionError: The server cannot be reached, or hangs up.
        requests.Timeout: It does not answer in time.
    """
    at = url
    try:
        for _ in range(_REDIRECTS + 1):
            response = session.get(
                at,
                headers=headers,
                stream=True,
                timeout=(_CONNECT_SECONDS, _SILENCE_SECONDS),
                allow_redirects=False,
            )
            if not response.is_redirect:
                return response
            response.close()
            at = redirected(at, response.headers["Location"])
    except (requests.ConnectionError, requests.Timeout):
        raise
    except requests.RequestException as error:
        raise FetchError(
            "fetch-unreachable", f"cannot request {one_line(at)}: {library_message(error)}."
        ) from error
    raise FetchError(
        "fetch-redirect",
        f"{host_of(url)} redirects more than {_REDIRECTS} times.",
        "Try again later.",
    )


def redirected(url: str, location: str) -> str:
    """Return the address that a redirect leads to.

    Raises:
        FetchError: ``fetch-redirect``: it is neither http nor https, or leaves https for http.
    """
    target = urljoin(url, location)
    scheme = urlsplit(target).scheme
    if scheme not in _SCHEMES or (scheme == "http" and urlsplit(url).scheme == "https"):
        raise FetchError(
            "fetch-redirect",
            f"{host_of(url)} redirects to {quoted(target)}, which is not followed.",
            "Only redirects to http and https are followed, and from https only to https.",
        )
    return target


def host_of(url: str) -> str:
    """Return the host of an address, for messages."""
    return one_line(urlsplit(url).hostname or url)


def reason_of(error: BaseException) -> str:
    """Return why a request failed in the words of the system, such as ``Connection refused``."""
    reasons = [e.strerror for e in _causes(error) if isinstance(e, OSError) and e.strerror]
    if reasons:
        return one_line(reasons[-1])
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    return library_message(error)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and those that led to it, the first cause last."""
    link: BaseException | None = error
    while link is not None:
        yield link
        link = link.__cause__ or link.__context__
