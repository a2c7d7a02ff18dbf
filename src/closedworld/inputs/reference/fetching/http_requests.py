"""One request over http or https: redirects that stay safe, and reasons that people understand."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import requests

from closedworld.errors import FetchError
from closedworld.sanitize import library_message, one_line, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

_REDIRECTS = 10
_CONNECT_SECONDS, _SILENCE_SECONDS = 10, 60
_SCHEMES = ("http", "https")


def ask(session: requests.Session, url: str, headers: dict[str, str]) -> requests.Response:
    """Return the answer to a request, its body still to come.

    Raises:
        FetchError: ``fetch-redirect``, ``fetch-unreachable`` for an address that cannot be asked.
        requests.ConnectionError: The server cannot be reached, or hangs up.
        requests.Timeout: It says nothing for too long.
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
            "fetch-unreachable", f"cannot ask for {one_line(at)}: {library_message(error)}."
        ) from error
    raise FetchError(
        "fetch-redirect",
        f"{host_of(url)} redirects more than {_REDIRECTS} times.",
        "Ask again later.",
    )


def redirected(url: str, location: str) -> str:
    """Return the address that a redirect leads to.

    Raises:
        FetchError: ``fetch-redirect``, it is neither http nor https, or gives up the encryption.
    """
    target = urljoin(url, location)
    scheme = urlsplit(target).scheme
    if scheme not in _SCHEMES or (scheme == "http" and urlsplit(url).scheme == "https"):
        raise FetchError(
            "fetch-redirect",
            f"{host_of(url)} redirects to {quoted(target)}, which is not followed.",
            "Only http and https are, and https to nothing but https.",
        )
    return target


def host_of(url: str) -> str:
    """Return the host of an address, for messages."""
    return one_line(urlsplit(url).hostname or url)


def reason_of(error: BaseException) -> str:
    """Return why a request failed in the words of the system, such as ``Connection refused``."""
    said = [link.strerror for link in _chain(error) if isinstance(link, OSError) and link.strerror]
    if said:
        return one_line(said[-1])
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    return library_message(error)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and those that led to it, the first cause last."""
    link: BaseException | None = error
    while link is not None:
        yield link
        link = link.__cause__ or link.__context__
