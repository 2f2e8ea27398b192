"""Under which names the API answers: a page elsewhere may not borrow a name for it.

A name that resolves to this machine is not enough. A page whose own name is made to
point here would be of our origin and could read everything (DNS rebinding).
"""

import ipaddress
import re
from collections.abc import Sequence

from api.errors import UnknownHost

_HOST = re.compile(rb"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]{1,5})?", re.IGNORECASE)


class Hosts:
    """The names that a request may ask for: those given and this machine's own."""

    def __init__(self, *names: str) -> None:
        self._names = frozenset(_plain(name) for name in names)

    def check(self, headers: Sequence[bytes]) -> None:
        """Look at the Host headers of a request.

        Raises:
            UnknownHost: there is not exactly one, or it names another host.
        """
        match = _HOST.fullmatch(headers[0]) if len(headers) == 1 else None
        name = _plain(match[1].decode()) if match else ""
        if name not in self._names and not is_loopback(name):
            raise UnknownHost(
                "The request asks for a host that this server does not answer for.",
                "Use its address, or add the name to pathways.serve.hosts.",
            )


def is_loopback(name: str) -> bool:
    """Whether a host name or address can be reached from this machine alone."""
    plain = _plain(name)
    try:
        return ipaddress.ip_address(plain).is_loopback
    except ValueError:
        return plain == "localhost"


def _plain(name: str) -> str:
    return name.strip("[]").lower()
