"""How services are named."""

from __future__ import annotations

import pytest

from whereasync.errors import BadInputError
from whereasync.upstreams.origins import name_origin, parse_origin, split_url


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("https://api.example.com", "https://api.example.com"),
        ("https://API.Example.com:443/", "https://api.example.com"),
        ("http://search.internal:9200", "http://search.internal:9200"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("http://localhost:9200", "http://localhost:9200"),
        ("http://[::1]:80", "http://[::1]"),
    ],
)
def test_one_way_to_write_it(text: str, written: str) -> None:
    """However it was typed."""
    assert str(parse_origin(text)) == written


@pytest.mark.parametrize(
    ("text", "telling"),
    [
        ("api.example.com", "is no origin"),
        ("ftp://api.example.com", "is no origin"),
        ("https://", "is no origin"),
        ("https://me@api.example.com", "is no origin"),
        ("https://api.example.com:port", "is no origin"),
        ("https://a..b.example", "is no origin"),
        ("https://api.example.com/v1", "is more than the origin"),
        ("https://api.example.com?a=1", "is more than the origin"),
        ("https://10.1.2.3", "is an address"),
    ],
)
def test_no_origin(text: str, telling: str) -> None:
    """Each is said in a line, with a next step."""
    with pytest.raises(BadInputError, match=telling) as caught:
        parse_origin(text)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("http://localhost:1", "127.0.0.1"),
        ("http://127.0.0.3:1", "127.0.0.3"),
        ("http://[::1]:1", "::1"),
        ("http://api.example.com", ""),
    ],
)
def test_loopback(text: str, address: str) -> None:
    """What is on this machine already keeps its address."""
    assert parse_origin(text).loopback == address


@pytest.mark.parametrize(
    ("scheme", "host", "origin"),
    [
        ("https", "API.example.com", "https://api.example.com"),
        ("https", "api.example.com.:443", "https://api.example.com"),
        ("http", "api.example.com:443", "http://api.example.com:443"),
        ("http", "[::1]:8080", "http://[::1]:8080"),
        ("http", "[::1]", "http://[::1]"),
        ("http", "", "http://"),
    ],
)
def test_the_host_header(scheme: str, host: str, origin: str) -> None:
    """Names the same origin as the configuration does."""
    assert name_origin(scheme, host) == origin


def test_the_rest_of_a_url() -> None:
    """Path and query, from their slash on."""
    assert split_url("https://a.example:1/b/c?d=e") == ("https://a.example:1", "/b/c?d=e")
    assert split_url("https://a.example") == ("https://a.example", "")
