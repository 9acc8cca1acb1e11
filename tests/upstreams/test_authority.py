"""TLS between a client and a stand-in, in memory."""

from __future__ import annotations

import ssl

import pytest

pytest.importorskip("trustme")

from whereasync.upstreams.authority import Authority, Refusals, make_authority, name_alert


def shake(context: ssl.SSLContext, client: ssl.SSLContext, name: str | None) -> ssl.SSLObject:
    """Let both sides shake hands and return the client's; its error is raised last."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = context.wrap_bio(to_server, to_client, server_side=True)
    theirs = client.wrap_bio(to_client, to_server, server_hostname=name)
    refused: ssl.SSLError | None = None
    for _ in range(6):
        for side in (theirs, ours):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLError as error:
                refused = refused or error
    if refused is not None:
        raise refused
    return theirs


def trusting(authority: Authority) -> ssl.SSLContext:
    """Return a client's context that trusts the authority."""
    return ssl.create_default_context(cadata=authority.certificate.decode())


def test_a_certificate_for_any_name() -> None:
    """Once it is asked for; HTTP/2 isn't offered."""
    refusals = Refusals()
    authority = make_authority(refusals.add)
    context = authority.build_context("stand-in.invalid")
    client = trusting(authority)
    client.set_alpn_protocols(["h2", "http/1.1"])
    for name in ("api.example.com", "other.example.org", "api.example.com"):
        secured = shake(context, client, name)
        assert secured.selected_alpn_protocol() == "http/1.1"
        certificate = secured.getpeercert()
        assert certificate
        assert certificate["subjectAltName"] == (("DNS", name),)
    assert not refusals.counts
    assert set(authority.contexts) == {"api.example.com", "other.example.org"}


def test_who_refuses_is_named() -> None:
    """A client that doesn't know the authority sends an alert, for a name."""
    refusals = Refusals()
    context = make_authority(refusals.add).build_context("stand-in.invalid")
    for _ in range(2):
        with pytest.raises(ssl.SSLCertVerificationError):
            shake(context, ssl.create_default_context(), "api.example.com")
    assert refusals.counts == {("api.example.com", "unknown_ca"): 2}


def test_a_client_without_a_name() -> None:
    """Is shown a certificate for none, and refuses it namelessly."""
    refusals = Refusals()
    authority = make_authority(refusals.add)
    context = authority.build_context("stand-in.invalid")
    client = ssl.create_default_context()
    client.check_hostname = False
    with pytest.raises(ssl.SSLCertVerificationError):
        shake(context, client, None)
    assert refusals.counts == {("", "unknown_ca"): 1}


def test_made_up_names_are_bounded() -> None:
    """A client can't fill the memory."""
    refusals = Refusals()
    for number in range(1000):
        refusals.add(f"{number}.example", "unknown_ca")
    refusals.add("0.example", "unknown_ca")
    assert len(refusals.counts) == 200
    assert refusals.counts["0.example", "unknown_ca"] == 2


def test_what_is_no_alert() -> None:
    """A client that speaks no TLS at all refuses nothing."""
    refusals = Refusals()
    context = make_authority(refusals.add).build_context("stand-in.invalid")
    received, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
    received.write(b"GET / HTTP/1.1\r\n\r\n")
    with pytest.raises(ssl.SSLError) as caught:
        context.wrap_bio(received, sent, server_side=True).do_handshake()
    assert name_alert(caught.value) == ""
    assert not refusals.counts
