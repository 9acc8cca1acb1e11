"""What a request of the user's project gets beside its user: a host, and tokens to be masked."""

from __future__ import annotations

import pytest

from whereasync.bench.own import _choose_entry, direct_request
from whereasync.load.answers import mask
from whereasync.model import Request

TOKENS = ("a1" * 32, "Zz" * 32)


@pytest.mark.parametrize(
    ("said", "headers", "host"),
    [
        ("", (), "localhost"),
        ("shop.example.com", (), "shop.example.com"),
        ("shop.example.com", (("hOST", "other"),), None),
    ],
)
def test_a_request_is_for_the_projects_host(
    said: str, headers: tuple[tuple[str, str], ...], host: str | None
) -> None:
    """Unless it says another itself."""
    directed = direct_request(Request(path="/", headers=headers), said)
    assert dict(directed.headers).get("Host") == host


@pytest.mark.parametrize(
    "page",
    [
        '<input type="hidden" name="csrfmiddlewaretoken" value="{}">',
        '<meta name="csrf-token" content="{}">',
        "window.CSRF_TOKEN = '{}';",
        """<body hx-headers='{{"X-CSRFToken": "{}"}}'>""",
    ],
)
def test_djangos_tokens_are_masked_wherever_they_stand(page: str) -> None:
    """Nearly every page with a form would answer differently each time; all else is compared."""
    asked = direct_request(Request(path="/", volatile=("id=[0-9]+",)), "")
    masked = {mask(page.format(token).encode(), asked) for token in TOKENS}
    assert len(masked) == 1
    other = mask(page.replace("{}", "{} more").format(TOKENS[0]).encode(), asked)
    assert other not in masked
    plain = [f'<a href="/{token}">'.encode() for token in TOKENS]
    assert [mask(each, asked) for each in plain] == plain


@pytest.mark.parametrize(
    ("said", "entry"), [("", "shop.wsgi:app"), ("django", ""), ("shop.other:app", "shop.other:app")]
)
def test_what_is_served_can_be_said(said: str, entry: str) -> None:
    """The project's own may want its own server."""
    assert _choose_entry(said, "shop.wsgi:app") == entry
