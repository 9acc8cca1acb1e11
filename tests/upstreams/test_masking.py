"""What a recording must not hold."""

from __future__ import annotations

import json

import pytest

from whereasync.upstreams.masking import (
    hash_body,
    is_secret,
    mask_body,
    mask_headers,
    mask_host,
    mask_url,
)


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("https://a.example/x?apikey=s3cret&page=2", "https://a.example/x?apikey=masked&page=2"),
        (
            "https://a.example/x?api-key=s&API_KEY=t",
            "https://a.example/x?api-key=masked&API_KEY=masked",
        ),
        ("https://a.example/x?key=AIza&sig=1", "https://a.example/x?key=masked&sig=masked"),
        ("https://a.example/x?accessToken=abc", "https://a.example/x?accessToken=masked"),
        (
            "https://a.example/x?X-Amz-Signature=1&X-Amz-Security-Token=2&X-Amz-Date=3",
            "https://a.example/x?X-Amz-Signature=masked&X-Amz-Security-Token=masked&X-Amz-Date=3",
        ),
        ("https://a.example/x?pageToken=abc&next_token=d", None),
        ("https://a.example/x?monkey=1&keyword=2&author=3&design=4", None),
        ("https://a.example/x?token=", None),
        ("https://a.example/x?token", None),
        ("https://a.example/items/0b5f4c1e-5a34-4d8e-9d2c-2f6b8c0a7e11", None),
        ("https://a.example/a-long-slug-of-an-article-from-2024", None),
        (
            "https://h.example/services/T0/B0/aBcDeFgH1234567890xYzAbC",
            "https://h.example/services/T0/B0/masked",
        ),
        (
            "https://t.example/bot12345:AAH-xyzXYZ1234567890abc/send",
            "https://t.example/masked/send",
        ),
        ("/x?password=1", "/x?password=masked"),
    ],
)
def test_urls(url: str, masked: str | None) -> None:
    """Secrets by their names, random keys by their look; all else stays."""
    assert mask_url(url) == (url if masked is None else masked)


def test_headers() -> None:
    """An answer's, without secrets and without what belongs to one connection."""
    assert mask_headers(
        [
            ("Content-Type", "text/html"),
            ("Set-Cookie", "session=abc; Path=/; HttpOnly"),
            ("X-Auth-Token", "abc"),
            ("Location", "https://a.example/next?token=abc"),
            ("location", "/next?code=abc"),
            ("Link", '<https://a.example/2?api_key=abc&page=2>; rel="next"'),
            ("WWW-Authenticate", "Bearer"),
            ("Transfer-Encoding", "chunked"),
            ("Connection", "close"),
            ("Content-Length", "7"),
            ("Alt-Svc", 'h3=":443"'),
        ]
    ) == (
        ("Content-Type", "text/html"),
        ("Set-Cookie", "session=masked; Path=/; HttpOnly"),
        ("X-Auth-Token", "masked"),
        ("Location", "https://a.example/next?token=masked"),
        ("location", "/next?code=masked"),
        ("Link", '<https://a.example/2?api_key=masked&page=2>; rel="next"'),
        ("WWW-Authenticate", "Bearer"),
    )


def test_a_document() -> None:
    """The strings under the names of secrets, with as many characters, and nothing else."""
    body = (
        b'{ "access_token":"abcdef", "expires_in": 3600, "total_tokens": 12, "user":\n'
        b'[{"clientSecret": "gh\\u00fc", "name": "Ann", "key": "PRJ-1"}], "next_token": "n2"}'
    )
    masked = mask_body(body, "application/json; charset=utf-8")
    assert masked == body.replace(b'"abcdef"', b'"******"').replace(b'"gh\\u00fc"', b'"***"')


def test_a_document_with_escapes_of_its_own() -> None:
    """What isn't written as Python would write it is still masked."""
    masked = mask_body(b'{"a": [{"token": "x\\/y"}, 1], "b": "c"}', "application/vnd.api+json")
    assert json.loads(masked) == {"a": [{"token": "***"}, 1], "b": "c"}


@pytest.mark.parametrize(
    ("body", "kind", "masked"),
    [
        (
            b"grant=x&client_secret=abc&a",
            "application/x-www-form-urlencoded",
            b"grant=x&client_secret=***&a",
        ),
        (b'{"token": "abc"', "application/json", None),  # cut short
        (b"\xff\xfe", "application/json", None),
        (b'{"token": "abc"}', "text/plain", None),
        (b"[1, 2]", "application/json", None),
    ],
)
def test_other_bodies(body: bytes, kind: str, masked: bytes | None) -> None:
    """A form is masked, and what can't be read stays."""
    assert mask_body(body, kind) == (body if masked is None else masked)


def test_the_hash_of_a_body() -> None:
    """Tells bodies apart, but not by their secrets."""
    form = "application/x-www-form-urlencoded"
    assert hash_body(b"", form) == ""
    assert hash_body(b"a=1", form) != hash_body(b"a=2", form)
    assert hash_body(b"a=1&token=abc", form) == hash_body(b"a=1&token=xyz", form)


@pytest.mark.parametrize(
    "name", ["pass", "api_key", "X-Api-Key", "refreshToken", "sessionid", "sid"]
)
def test_secret(name: str) -> None:
    """Names that credentials have."""
    assert is_secret(name)


@pytest.mark.parametrize(
    "name", ["key", "code", "compass", "outside", "author", "tokens", "status"]
)
def test_not_secret(name: str) -> None:
    """Names that a document's harmless fields have."""
    assert not is_secret(name)


def test_a_made_up_host() -> None:
    """Is printable, whatever a client asked for."""
    assert mask_host("api.example.com") == "api.example.com"
    assert mask_host("a\n\x1b[2J") == "a%0A%1B[2J"
