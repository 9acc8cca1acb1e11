"""TLS of the stand-ins: an authority of our own, and who of the project's clients refuses it.

Its key never leaves this process and dies with it. A newcomer would look for refusals in the event
loop's exception handler: a failed handshake never gets there, so the TLS object itself listens.
"""

from __future__ import annotations

import ssl
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from whereasync.upstreams.masking import mask_host

if TYPE_CHECKING:
    from collections.abc import Callable

    from trustme import CA

LEFT = "left"
_KEPT = 200  # names and contexts: whoever asks for more makes them up
_ALERTS = ("TLSV1_ALERT_", "TLSV13_ALERT_", "SSLV3_ALERT_")


class HeardObject(ssl.SSLObject):
    """A TLS connection that remembers the name it was asked for, and tells why it broke."""

    heard = ""

    def do_handshake(self) -> None:
        """Shake hands; an alert of the client is told before it is raised."""
        try:
            super().do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except ssl.SSLError as error:
            if isinstance(self.context, HeardContext) and (alert := name_alert(error)):
                self.context.refuse(self.heard, alert)
            raise


class HeardContext(ssl.SSLContext):
    """A server's context whose connections are heard."""

    sslobject_class = HeardObject
    refuse: Callable[[str, str], None]


@dataclass(slots=True)
class Refusals:
    """Who refused, why, and how often; a client can make up only so many names."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    changed: Callable[[], None] = lambda: None

    def add(self, host: str, reason: str) -> None:
        """Count one more."""
        key = (mask_host(host), reason)
        if key in self.counts or len(self.counts) < _KEPT:
            self.counts[key] += 1
            self.changed()


def name_alert(error: ssl.SSLError) -> str:
    """Return the alert that the client sent, "unknown_ca"; "" where it was our side that failed."""
    reason = error.reason or ""
    prefix = next((each for each in _ALERTS if reason.startswith(each)), "")
    return reason.removeprefix(prefix).lower() if prefix else ""


@dataclass(slots=True)
class Authority:
    """Signs a certificate for any name, once it is asked for."""

    ca: CA
    refuse: Callable[[str, str], None]
    contexts: dict[str, HeardContext] = field(default_factory=dict)

    @property
    def certificate(self) -> bytes:
        """The authority's own certificate, PEM."""
        pem: bytes = self.ca.cert_pem.bytes()
        return pem

    def build_context(self, default: str) -> ssl.SSLContext:
        """Return the context to listen with; ``default`` is for clients that name no host."""
        context = self._issue(default)
        context.set_servername_callback(self._present)
        return context

    def _present(
        self, connection: ssl.SSLSocket | ssl.SSLObject, name: str | None, _: object
    ) -> None:
        if not name or not isinstance(connection, HeardObject):
            return
        connection.heard = name
        if name not in self.contexts and len(self.contexts) < _KEPT:
            self.contexts[name] = self._issue(name)
        connection.context = self.contexts.get(name, connection.context)

    def _issue(self, name: str) -> HeardContext:
        context = HeardContext(ssl.PROTOCOL_TLS_SERVER)
        context.refuse = self.refuse
        context.set_alpn_protocols(["http/1.1"])
        self.ca.issue_cert(name).configure_cert(context)
        return context


def make_authority(refuse: Callable[[str, str], None]) -> Authority:
    """Make an authority; ``refuse(host, alert)`` is called when a client doesn't take it."""
    import trustme

    return Authority(
        trustme.CA(organization_name="whereasync", organization_unit_name="stand-ins of one run"),
        refuse,
    )
