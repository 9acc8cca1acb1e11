"""What a recording must not hold: credentials in URLs, headers and bodies, by their names.

The same masks go over what a project asks during replay, so that both are still found together.
A newcomer would trust it with anything: a secret that its name doesn't give away stays, which is
why a recording is for its owner's eyes until they have read it.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable

MASK = "masked"
_SECRET = re.compile(
    r"(^|_)(api_?key|access_?key(_?id)?|private_?key|secret(_?key)?|token|pass(word|wd|phrase)?|pwd"
    r"|auth(orization)?|bearer|credentials?|cookies?|jwt|session(_?id)?|sid|signature|otp)$"
)
_PAGING = re.compile(r"(^|_)(next|page|continuation|sync|cursor)(_\w+)?_token$")
_IN_QUERY = re.compile(r"(^|_)(key|sig|code|app_?id|subscription_key|nonce|state)$")
_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_RANDOM = re.compile(r"(?=[^/]*[A-Z])(?=[^/]*[a-z])(?=[^/]*\d)[\w.:=~-]{20,}")  # never a UUID
# Of an answer's headers: those of one connection, those that are made anew, and a way round us.
_LEFT_OUT = frozenset(
    {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding"}
    | {"upgrade", "content-length", "date", "alt-svc"}
)
_URLS = frozenset({"location", "content-location", "link", "refresh"})
_URL = re.compile(r"https?://[^\s<>\"',;]+|(?<=<)/[^\s<>]+")


def is_secret(name: str, *, in_query: bool = False) -> bool:
    """Say whether what has that name is a credential; a query's ``key`` is, a document's isn't."""
    plain = re.sub(r"[^a-z0-9]+", "_", _CAPITAL.sub("_", name).lower()).strip("_")
    if _PAGING.search(plain):
        return False
    return bool(_SECRET.search(plain) or (in_query and _IN_QUERY.search(plain)))


def mask_url(url: str) -> str:
    """Mask the values of a query's secrets, and what in a path can only be a random key."""
    address, question, query = url.partition("?")
    scheme, mark, rest = address.partition("://")
    if not mark:
        scheme, rest = "", address
    host, slash, path = rest.partition("/")
    segments = [MASK if _RANDOM.fullmatch(each) else each for each in path.split("/")]
    masked = f"{scheme}{mark}{host}{slash}{'/'.join(segments)}"
    return masked + question + "&".join(map(_mask_pair, query.split("&")))


def _mask_pair(pair: str) -> str:
    name, equals, value = pair.partition("=")
    return (
        f"{name}={MASK}"
        if equals and value and is_secret(unquote_plus(name), in_query=True)
        else pair
    )


def mask_headers(headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return an answer's headers as they may be kept: without secrets, without the connection's."""
    return tuple(
        (name, _mask_header(name.lower(), value))
        for name, value in headers
        if name.lower() not in _LEFT_OUT
    )


def _mask_header(name: str, value: str) -> str:
    if name == "set-cookie":
        cookie, semicolon, attributes = value.partition(";")
        return f"{cookie.partition('=')[0]}={MASK}{semicolon}{attributes}"
    if name in _URLS:
        masked = _URL.sub(lambda found: mask_url(found[0]), value)
        return mask_url(value) if value.startswith("/") else masked
    return MASK if is_secret(name) and name != "www-authenticate" else value


def mask_body(body: bytes, content_type: str) -> bytes:
    """Mask the secrets of a JSON document or a form, each with as many characters."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        return b"&".join(_mask_field(each) for each in body.split(b"&"))
    if not (kind == "application/json" or kind.endswith("+json")):
        return body
    try:
        document = json.loads(body)
    except ValueError:  # UnicodeDecodeError too
        return body
    for secret in sorted(set(_find_secrets(document)), key=len, reverse=True):
        for written in (json.dumps(secret), json.dumps(secret, ensure_ascii=False)):
            body = body.replace(written.encode(), json.dumps("*" * len(secret)).encode())
    if any(set(secret) != {"*"} for secret in _find_secrets(json.loads(body))):
        return json.dumps(_cover(document)).encode()  # it was written with escapes of its own
    return body


def _mask_field(field: bytes) -> bytes:
    name, equals, value = field.partition(b"=")
    if not is_secret(unquote_plus(name.decode(errors="replace"))):
        return field
    return name + equals + b"*" * len(value)


def _find_secrets(document: Any) -> Iterable[str]:
    """Yield the strings that stand under the name of a secret, however deep."""
    if isinstance(document, dict):
        for name, value in document.items():
            if isinstance(value, str) and value and is_secret(name):
                yield value
            else:
                yield from _find_secrets(value)
    elif isinstance(document, list):
        for value in document:
            yield from _find_secrets(value)


def _cover(document: Any) -> Any:
    if isinstance(document, dict):
        return {
            name: "*" * len(value) if isinstance(value, str) and is_secret(name) else _cover(value)
            for name, value in document.items()
        }
    return [_cover(each) for each in document] if isinstance(document, list) else document


def hash_body(body: bytes, content_type: str) -> str:
    """Return what tells request bodies apart: 64 bits of a hash of the masked body; "" of none."""
    if not body:
        return ""
    return hashlib.sha256(mask_body(body, content_type)).hexdigest()[:16]


def mask_host(name: str) -> str:
    """Return a name that a client gave as printable text: it may be anything."""
    return quote(name, safe=".-_:[]*")
