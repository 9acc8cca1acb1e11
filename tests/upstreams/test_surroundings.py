"""What a project needs round it."""

from __future__ import annotations

from pathlib import Path

import certifi
import pytest

from whereasync.errors import BadInputError
from whereasync.upstreams import surroundings
from whereasync.upstreams.surroundings import (
    RESOLVER,
    VARIABLES,
    build_environment,
    cover_bundles,
    cover_names,
)

OURS = b"-----BEGIN CERTIFICATE-----\nours\n-----END CERTIFICATE-----\n"


def test_our_authority_is_appended(tmp_path: Path) -> None:
    """To a copy of certifi's bundle, which stays as it is; and no proxy is in the way."""
    before = Path(certifi.where()).read_bytes()
    environment = build_environment(OURS, tmp_path, {})
    [bundle] = {environment[name] for name in VARIABLES}
    assert Path(bundle).read_bytes() == before.rstrip() + b"\n\n" + OURS
    assert Path(certifi.where()).read_bytes() == before
    assert environment["HTTPS_PROXY"] == environment["https_proxy"] == ""


def test_a_bundle_of_their_own(tmp_path: Path) -> None:
    """A company's authority stays trusted where it was, and only there."""
    (tmp_path / "company.pem").write_bytes(b"company\n")
    theirs = {"REQUESTS_CA_BUNDLE": str(tmp_path / "company.pem")}
    environment = build_environment(OURS, tmp_path, theirs)
    assert Path(environment["REQUESTS_CA_BUNDLE"]).read_bytes() == b"company\n\n" + OURS
    assert b"company" not in Path(environment["SSL_CERT_FILE"]).read_bytes()


def test_a_bundle_that_is_not_there(tmp_path: Path) -> None:
    """Is said before anything starts."""
    with pytest.raises(BadInputError, match=r"missing\.pem can't be read: no such file"):
        build_environment(OURS, tmp_path, {"SSL_CERT_FILE": str(tmp_path / "missing.pem")})


def test_bundles_that_libraries_carry(tmp_path: Path) -> None:
    """Each gets a copy of its own, to be mounted over it."""
    packages = tmp_path / "site-packages"
    for name in ("certifi", "botocore"):
        (packages / name).mkdir(parents=True)
        (packages / name / "cacert.pem").write_text(name)
    mounts = cover_bundles(OURS, tmp_path, [packages, tmp_path / "nowhere"])
    for name in ("certifi", "botocore"):
        bundle = packages / name / "cacert.pem"
        assert bundle.read_text() == name
        assert Path(mounts[str(bundle)]).read_bytes() == name.encode() + b"\n\n" + OURS


def test_names_are_asked_of_us(tmp_path: Path) -> None:
    """And of nobody else."""
    mounts = cover_names(tmp_path, "127.77.0.1")
    assert (tmp_path / "resolv.conf").read_text().startswith("nameserver 127.77.0.1\n")
    assert "hosts: files dns\n" in (tmp_path / "nsswitch.conf").read_text()
    if RESOLVER.exists():
        assert mounts[str(RESOLVER.resolve())] == str(tmp_path / "resolv.conf")


def test_what_remembers_names_is_covered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By an empty directory; a resolver's file that isn't there needs none over it."""
    (tmp_path / "cache").mkdir()
    (tmp_path / "ours").mkdir()
    monkeypatch.setattr(surroundings, "NAME_CACHE", tmp_path / "cache")
    monkeypatch.setattr(surroundings, "RESOLVER", tmp_path / "resolv.conf")
    mounts = cover_names(tmp_path / "ours", "127.77.0.1")
    assert mounts[str(tmp_path / "cache")] == str(tmp_path / "ours" / "cache")
    assert str(tmp_path / "resolv.conf") not in mounts
