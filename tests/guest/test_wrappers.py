"""Wrappers by themselves: what is in them, what they are called."""

from __future__ import annotations

import contextlib
import functools
import importlib
import sys
from typing import TYPE_CHECKING, Any

import pytest

from whereasync_guest.places import NOWHERE, locate
from whereasync_guest.wrappers import DEEPEST, _index, name_wrapper, peel, read_cells

if TYPE_CHECKING:
    from collections.abc import Iterator


def view(request: Any) -> Any:
    """Answer."""
    return request


@contextlib.contextmanager
def kept() -> Iterator[None]:
    """Do nothing before and after."""
    yield


class Kept(contextlib.ContextDecorator):
    """Does nothing before and after."""

    def __enter__(self) -> None:
        """Do nothing."""

    def __exit__(self, *_: object) -> None:
        """Do nothing."""


class Method:
    """Has methods of each kind."""

    @classmethod
    def of_class(cls, request: Any) -> Any:
        """Answer."""
        return request


class Endless:
    """Says of anything that it has it."""

    def __call__(self) -> None:
        """Do nothing."""

    def __getattr__(self, name: str) -> Endless:
        """Return another one."""
        return Endless()


@pytest.mark.parametrize(
    ("wrapped", "name"),
    [
        (kept()(view), f"{__name__}.kept"),
        (Kept()(view), f"{__name__}.Kept"),
        (functools.lru_cache(view), "functools.lru_cache"),
        (functools.partial(view), "functools.partial"),
    ],
)
def test_what_python_itself_makes_is_named(wrapped: Any, name: str) -> None:
    """Context managers as decorators, caches, partials."""
    peeled = peel(wrapped)
    assert peeled.inner is view
    assert peeled.decorators == (name,)


def test_a_class_method_is_its_classs() -> None:
    """As one of an object is of the object's class."""
    peeled = peel(Method.of_class)
    assert peeled.owner is Method
    assert peeled.inner is Method.__dict__["of_class"].__func__


def test_a_wrapper_of_wrapt_is_named_after_its_function() -> None:
    """The class is the same for all of them."""

    def traced(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        return wrapped(*args, **kwargs)

    kind = type("FunctionWrapper", (), {"__module__": "wrapt.wrappers"})
    wrapper = kind()
    wrapper._self_wrapper = traced
    here = "test_a_wrapper_of_wrapt_is_named_after_its_function"
    assert name_wrapper(wrapper) == [f"{__name__}.{here}"]


def test_an_object_that_has_everything_comes_to_an_end() -> None:
    """Though there is always another inside."""
    assert len(peel(Endless()).decorators) == DEEPEST


def test_a_function_that_holds_two_callables_isnt_opened() -> None:
    """Nobody can say which of them it wraps."""

    def make(handler: Any, callback: Any) -> Any:
        def inner(request: Any) -> Any:
            return handler(request) or callback(request)

        return inner

    made = make(view, print)
    assert peel(made).inner is made


def test_a_cell_that_is_not_yet_filled_is_nothing() -> None:
    """As while the module is still being imported."""

    def inner() -> Any:
        return later

    assert read_cells(inner) == {"later": None}
    later = 1


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python keeps no names to compare with")
@pytest.mark.parametrize(
    "module", ["django.contrib.auth.decorators", "django.contrib.admin.sites", "contextlib"]
)
def test_older_pythons_find_the_names_that_newer_ones_keep(module: str) -> None:
    """Every function of a module, nested ones and methods too."""
    importlib.import_module(module)
    index = _index(module)
    assert index == {code: code.co_qualname for code in index}
    assert len(index) > 5


def test_what_has_no_source_is_nowhere() -> None:
    """Made by exec or by type(), or written in C."""
    made: dict[str, Any] = {}
    exec("def view(): ...", made)
    assert locate(made["view"]) == NOWHERE
    assert locate(type("Made", (), {})) == NOWHERE
    assert locate(print) == NOWHERE
