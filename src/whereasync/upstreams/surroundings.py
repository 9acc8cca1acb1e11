"""What a project needs round it so that its own client code comes to the stand-ins, unmodified.

Names, trust and no proxy. A newcomer would set a bundle with our authority alone: making a TLS
context of it costs a fiftieth of what a real bundle costs, and flatters every client made anew.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from whereasync.errors import BadInputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# OpenSSL, with it Python and httpx; requests and niquests; botocore; curl's command.
VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE", "CURL_CA_BUNDLE")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
# Bundles that a client library carries with it, and reads whatever the environment says.
_CARRIED = ("certifi/cacert.pem", "botocore/cacert.pem", "stripe/data/ca-certificates.crt")
_CARRIED_MORE = ("httplib2/cacerts.txt", "pip/_vendor/certifi/cacert.pem")
_SYSTEM = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Arch, Alpine
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/ssl/cert.pem",  # Alpine, OpenSSL's own default
)
RESOLVER = Path("/etc/resolv.conf")
SWITCH = Path("/etc/nsswitch.conf")
NAME_CACHE = Path("/var/run/nscd")  # it answers over a Unix socket, from the real network
_SOURCES = re.compile(r"^hosts:.*\n?", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What is set, named and mounted for the project's processes, and for no other."""

    environment: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)  # host → loopback address, for /etc/hosts
    mounts: dict[str, str] = field(default_factory=dict)  # what is there → ours, mounted over it


def build_environment(
    authority: bytes, directory: Path, theirs: Mapping[str, str]
) -> dict[str, str]:
    """Return the variables that make clients trust the stand-ins, and go by no proxy.

    Each names a copy of the bundle that ``theirs`` names, or else certifi's, with our authority
    appended. The copies lie in ``directory``. BadInputError where a bundle can't be read.
    """
    bundles = {name: Path(theirs.get(name) or _certifi()) for name in VARIABLES}
    copies = {
        source: _append(source, authority, directory / f"bundle-{number}.pem")
        for number, source in enumerate(dict.fromkeys(bundles.values()))
    }
    trust = {name: str(copies[source]) for name, source in bundles.items()}
    return {**dict.fromkeys(_PROXIES, ""), **trust}


def cover_bundles(authority: bytes, directory: Path, paths: Iterable[Path]) -> dict[str, str]:
    """Return bundle → its copy with our authority, of the system's and those below ``paths``.

    For clients that read no environment (``trust_env=False``, libcurl). Mounted over the originals
    in the project's own view of the files; the originals are never written.
    """
    carried = [root / name for root in paths for name in (*_CARRIED, *_CARRIED_MORE)]
    there = {each.resolve() for each in (*map(Path, _SYSTEM), *carried) if each.is_file()}
    return {
        str(source): str(_append(source, authority, directory / f"cover-{number}.pem"))
        for number, source in enumerate(sorted(there))
    }


def cover_names(directory: Path, address: str) -> dict[str, str]:
    """Return the system's resolver files → ours: names are asked of us, and of nothing else.

    Without it a resolver that is spoken to over a Unix socket (systemd's) names the real address.
    """
    switch = SWITCH.read_text(errors="surrogateescape") if SWITCH.exists() else ""
    ours = {
        RESOLVER: f"nameserver {address}\noptions timeout:1 attempts:2\n",
        SWITCH: "hosts: files dns\n" + _SOURCES.sub("", switch),
    }
    mounts = {}
    for file, content in ours.items():
        written = directory / file.name
        written.write_text(content, errors="surrogateescape")
        if file.exists():
            mounts[str(file.resolve())] = str(written)
    if NAME_CACHE.is_dir():
        empty = directory / NAME_CACHE.name
        empty.mkdir()
        mounts[str(NAME_CACHE.resolve())] = str(empty)
    return mounts


def _append(source: Path, authority: bytes, target: Path) -> Path:
    try:
        target.write_bytes(source.read_bytes().rstrip() + b"\n\n" + authority)
    except OSError as error:
        reason = (error.strerror or "unknown error").lower()
        raise BadInputError(
            f"the bundle of certificates {source} can't be read: {reason}", f"ls -l {source}"
        ) from error
    return target


def _certifi() -> str:
    import certifi

    return certifi.where()
