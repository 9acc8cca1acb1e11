"""Origins: how a service is named, and what of a URL belongs to that name.

``https://API.example.com:443`` and ``https://api.example.com`` are one. A newcomer would compare
the Host header with what stands in the configuration, letter by letter.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from whereasync.errors import BadInputError

PORTS = {"http": 80, "https": 443}
USAGE = "write it as https://api.example.com"
_LOCAL = "localhost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A service's scheme, host (lower case, ASCII) and port."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        """Write it as a browser does."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + (
            "" if self.port == PORTS[self.scheme] else f":{self.port}"
        )

    @property
    def is_tls(self) -> bool:
        """Whether it is spoken to over TLS."""
        return self.scheme == "https"

    @property
    def loopback(self) -> str:
        """The loopback address that it names already; empty for any other."""
        if self.host == _LOCAL:
            return "127.0.0.1"
        try:
            address = ipaddress.ip_address(self.host)
        except ValueError:
            return ""
        return self.host if address.is_loopback else ""


def parse_origin(text: str) -> Origin:
    """Read an origin; BadInputError for what has a path, no scheme, or an address that isn't ours.

    An address outside of the loopback can't be stood in for by a name.
    """
    try:
        parts = urlsplit(text)
        port = parts.port
        host = (parts.hostname or "").rstrip(".").encode("idna").decode()
    except ValueError:  # UnicodeError too
        raise BadInputError(f"“{text}” is no origin of a service", USAGE) from None
    if parts.scheme not in PORTS or not host or parts.username is not None:
        raise BadInputError(f"“{text}” is no origin of a service", USAGE)
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise BadInputError(
            f"“{text}” is more than the origin of a service", "put its path into a route"
        )
    found = Origin(scheme=parts.scheme, host=host, port=port or PORTS[parts.scheme])
    if _is_address(host) and not found.loopback:
        raise BadInputError(
            f"“{text}” is an address: only a name, or one of this machine, has a stand-in",
            "have the project call the service by a name",
        )
    return found


def split_url(url: str) -> tuple[str, str]:
    """Return a URL's origin, as it stands in nouns, and the rest: path and query."""
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host}", slash + path


@lru_cache(maxsize=1024)  # under load the same few come again and again
def name_origin(scheme: str, host: str) -> str:
    """Return the origin that a request names, from its Host header; a pure, forgiving reading."""
    name, colon, port = host.strip().lower().rpartition(":")
    if not colon or not port.isdigit():  # "[::1]" ends in "]"
        name, port = host.strip().lower(), ""
    name = name.rstrip(".")
    return f"{scheme}://{name}" if port in {"", str(PORTS[scheme])} else f"{scheme}://{name}:{port}"


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
