"""Every URL pattern with its full path, in the order in which Django tries them.

A pattern below regular expressions becomes one regular expression for the whole path. A newcomer
would join the texts: a ``$`` or a ``^`` in the middle, or a name given twice, would never match.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from whereasync_guest.answer import GuestError
from whereasync_guest.faults import explain, say
from whereasync_guest.views import find_handlers

if TYPE_CHECKING:
    from collections.abc import Iterator

_PARAMETER = re.compile(r"<(?:([^>:]+):)?([^>]+)>")
_GROUP = re.compile(r"(?<!\\)\(\?P<(\w+)>")
_ANCHOR = re.compile(r"(\A|(?<!\\)[|(])\^")
_ENDS = (r"\Z", r"\z")


class Leaf(NamedTuple):
    """A pattern with a view, and the patterns that lead to it, the outermost first."""

    chain: tuple[Any, ...]
    namespaces: tuple[str, ...]
    pattern: Any


def find_routes(warnings: list[str]) -> list[dict[str, Any]]:
    """Return every URL pattern as the host's ``Route`` has it; what is odd goes into ``warnings``.

    Raises GuestError where the URLs can't be loaded.
    """
    from django.utils import translation

    with translation.override(_find_language()):
        return [_describe(leaf, warnings) for leaf in _walk(load_patterns(), warnings)]


def load_patterns() -> Any:
    """Return the patterns of ROOT_URLCONF, all of them imported."""
    from django.conf import settings
    from django.urls import get_resolver

    try:
        found = get_resolver().url_patterns
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        name = getattr(settings, "ROOT_URLCONF", None)
        if name is None:
            raise GuestError(
                "the settings have no ROOT_URLCONF",
                "name the project's URLs there, or other settings under settings = …",
            ) from error
        fault = explain(error)
        what = f"the URLs of {name} can't be loaded: {fault.what}"
        raise GuestError(what, fault.hint) from error
    return found


def _find_language() -> str:
    """Return the language of who asks for none; without LocaleMiddleware Django takes it as is."""
    from django.conf import settings
    from django.utils.translation import get_supported_language_variant

    code = str(settings.LANGUAGE_CODE)
    if not any(name.endswith("LocaleMiddleware") for name in settings.MIDDLEWARE):
        return code
    try:
        return str(get_supported_language_variant(code))
    except LookupError:
        return code


def _walk(
    patterns: Any,
    warnings: list[str],
    chain: tuple[Any, ...] = (),
    namespaces: tuple[str, ...] = (),
    above: frozenset[int] = frozenset(),
) -> Iterator[Leaf]:
    for each in patterns:
        if hasattr(each, "url_patterns"):
            if id(each) in above:
                warnings.append(f"{each.pattern} includes itself: looked at once")
                continue
            inner = (*namespaces, each.namespace) if each.namespace else namespaces
            beyond = above | {id(each)}
            yield from _walk(each.url_patterns, warnings, (*chain, each.pattern), inner, beyond)
        elif hasattr(each, "callback"):
            yield Leaf((*chain, each.pattern), namespaces, each)
        else:
            warnings.append(f"{each!r} among the URLs is no pattern of Django's: left out")


def _describe(leaf: Leaf, warnings: list[str]) -> dict[str, Any]:
    written = _join(leaf.chain)
    path = _name_once(written)
    name = getattr(leaf.pattern, "name", None)
    try:
        template = _template(written)
    except Exception as error:  # noqa: BLE001 # whatever an unusual expression does to Django
        warnings.append(f"{path}: no request can be made for it: {say(error)}")
        template = ""
    try:
        handlers = find_handlers(leaf.pattern.callback)
    except Exception as error:  # noqa: BLE001 # somebody's __getattr__; the other views go on
        warnings.append(f"{path}: its view can't be looked at: {say(error)}")
        handlers = []
    return {
        "path": path,
        "template": template,
        "parameters": _find_parameters(leaf.chain, path),
        "name": ":".join([*leaf.namespaces, str(name)]) if name else "",
        "handlers": handlers,
    }


# ---------------------------------------------------------------- paths


def _join(chain: tuple[Any, ...]) -> str:
    """Return the path of nested patterns: a regular expression, where one of them is."""
    if all(_is_plain(pattern) for pattern in chain):
        return "/" + "".join(map(str, chain))
    parts = [_as_regex(pattern) for pattern in chain]
    return "^/" + "".join(parts) + ("$" if _is_plain(chain[-1]) else "")


def _find_parameters(chain: tuple[Any, ...], path: str) -> dict[str, str]:
    """Return name → converter, or "regex"; "_0", "_1" where no group has a name."""
    told = [each for part in filter(_is_plain, chain) for each in _PARAMETER.findall(str(part))]
    converters = {name: kind or "str" for kind, name in told}
    if not path.startswith("^"):
        return converters
    named = {name: converters.get(name, "regex") for name in _GROUP.findall(path)}
    return named or _find_unnamed(path)


def _is_plain(pattern: Any) -> bool:
    """Whether a pattern's text is a path as ``path()`` has it, or a language's prefix."""
    from django.urls import LocalePrefixPattern
    from django.urls.resolvers import RoutePattern

    return isinstance(pattern, (RoutePattern, LocalePrefixPattern))


def _as_regex(pattern: Any) -> str:
    """Return a pattern as a piece of a regular expression for the whole path."""
    text = str(pattern.regex.pattern)
    if _is_plain(pattern):
        text = text.removeprefix("^")
        return next((text[: -len(end)] for end in _ENDS if text.endswith(end)), text)
    is_anchored = text.startswith("^") or not text
    inner = _ANCHOR.sub(r"\1", text)
    grouped = f"(?:{inner})" if "|" in inner else inner
    return grouped if is_anchored else f".*?{grouped}"  # Django searches it in what is left


def _name_once(text: str) -> str:
    """Let the last of several groups of a name keep it, as in Django the inner pattern wins."""
    names = _GROUP.findall(text)
    for name in {name for name in names if names.count(name) > 1}:
        text = text.replace(f"(?P<{name}>", "(?:", names.count(name) - 1)
    return text


def _find_unnamed(path: str) -> dict[str, str]:
    """Return the unnamed groups, which Django passes by position where no group has a name."""
    try:
        groups = re.compile(path).groups
    except re.error:
        return {}
    return {f"_{number}": "regex" for number in range(groups)}


def _template(path: str) -> str:
    """Return how a request's path is written: "/item/{pk}/"."""
    if not path.startswith("^"):
        return _PARAMETER.sub(r"{\2}", path)
    from django.utils.regex_helper import normalize

    candidate: str = normalize(path)[0][0]
    return re.sub(r"%\((\w+)\)s", r"{\1}", candidate).replace("%%", "%")
