"""The user's project as the guest sees it, and what the guest is asked.

The guest writes the same shapes by hand, since it runs where this package isn't; tests read them
from both sides. Paths are those of the project's own interpreter.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class ViewKind(StrEnum):
    """What a view is made of."""

    FUNCTION = "function"
    CLASS = "class"  # a class-based view, Django's or Django REST framework's
    ACTION = "action"  # of a view set of Django REST framework
    OPERATION = "operation"  # of django-ninja
    OTHER = "other"  # a callable object


@dataclass(frozen=True, slots=True, kw_only=True)
class Handler:
    """The user's code that answers some methods of a route, unwrapped of its decorators."""

    name: str  # "shop.views.detail", "shop.views.ItemViewSet.list"
    kind: ViewKind
    is_async: bool  # the user's code is a coroutine function
    is_called_async: bool  # Django awaits it; else it runs in a thread under ASGI
    methods: tuple[str, ...] = ()  # "GET", "POST"; empty: any
    file: str = ""  # empty: there is no source
    line: int | None = None
    decorators: tuple[str, ...] = ()  # what it is wrapped in, the outermost first
    is_csrf_exempt: bool = False
    is_atomic: bool = True  # where its database says ATOMIC_REQUESTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One URL pattern with its full path."""

    path: str  # "/item/<int:pk>/"; a regular expression begins with "^"
    template: str = ""  # "/item/{pk}/", as a request writes it; empty: no one can say
    parameters: dict[str, str] = field(default_factory=dict)  # name → converter, or "regex"
    name: str = ""  # with its namespaces: "shop:detail"
    handlers: tuple[Handler, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Middleware:
    """One entry of MIDDLEWARE, as Django builds it into the chain that serves ASGI."""

    name: str  # as the settings have it
    can_sync: bool
    can_async: bool
    is_async: bool  # it runs on the event loop
    is_adapted: bool  # Django put a change of mode between it and what it calls
    hooks: tuple[str, ...] = ()  # process_request, process_view, …: each may be a hop
    hops: tuple[str, ...] = ()  # those hooks at which a request leaves the loop for a thread
    async_hooks: tuple[str, ...] = ()  # of those the ones that are awaited, so never a hop
    file: str = ""
    line: int | None = None
    is_unused: bool = False  # it raised MiddlewareNotUsed


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseSetting:
    """One entry of DATABASES, without its password."""

    alias: str
    engine: str  # "django.db.backends.postgresql"
    vendor: str  # "postgresql", "sqlite", "mysql", "oracle", "unknown"
    name: str  # of the database; of SQLite the file's absolute path, ":memory:" or a URI
    host: str = ""
    port: str = ""
    user: str = ""
    conn_max_age: float | None = 0.0  # s; None: for ever
    is_atomic: bool = False  # ATOMIC_REQUESTS
    has_pool: bool = False
    mirror: str = ""  # the alias that it is a replica of in tests


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheSetting:
    """One entry of CACHES."""

    alias: str
    backend: str
    location: str = ""  # without a password


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """What a project is."""

    settings: str  # the settings module
    versions: dict[str, str]  # "python", and distribution → version, names normalised
    routes: tuple[Route, ...]
    middleware: tuple[Middleware, ...]  # the outermost first
    databases: tuple[DatabaseSetting, ...]
    caches: tuple[CacheSetting, ...]
    sessions: str  # SESSION_ENGINE; empty where sessions aren't installed
    email: str  # EMAIL_BACKEND
    installed_apps: tuple[str, ...]
    models: dict[str, tuple[str, ...]] = field(default_factory=dict)  # "shop.Item" → its fields
    wsgi: str = ""  # "shop.wsgi:application"; empty: Django's own is made for it
    asgi: str = ""
    is_debug: bool = False
    hosts: tuple[str, ...] = ()  # ALLOWED_HOSTS
    login_url: str = ""
    session_cookie: str = "sessionid"
    csrf_cookie: str = "csrftoken"
    import_seconds: float = 0.0  # of the project's own import and setup
    walk_seconds: float = 0.0  # of the inventory itself
    warnings: tuple[str, ...] = ()  # what it could not look at, each with its reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What the guest is asked, and how it is to enter the project."""

    settings: str = ""  # DJANGO_SETTINGS_MODULE
    answer: str = ""  # the path of the file that it writes
    private: str = ""  # a directory of ours for whatever the project writes
    paths: tuple[str, ...] = ()  # put before the project's own sys.path
    overlay: tuple[str, ...] = ()  # put after it: servers that the project lacks
    databases: dict[str, str] = field(default_factory=dict)  # alias → DSN; none: none is reached
    wsgi: str = ""  # the project's entry points; empty: made for it
    asgi: str = ""
    swaps: dict[str, str] = field(default_factory=dict)  # dotted name → what answers instead
    answers_names: bool = False  # while recording: every name leads to a stand-in
    keep_caches: bool = False  # the caches are private already
    tasks: str = "eager"  # Celery and Django Tasks: "eager", or "drop"
    users: tuple[str, ...] = ()  # to log in, by their user names
    new_users: dict[str, dict[str, bool | int | str]] = field(default_factory=dict)
    # … those to be made where they aren't there: user name → fields of the user model
    fills: dict[str, dict[str, str]] = field(default_factory=dict)
    # … request → parameter → a line of Python


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestFault:
    """What stopped the guest, in a line, with a next step."""

    what: str
    hint: str = ""
    where: str = ""  # "shop/settings.py, line 12"
    kind: str = ""  # the exception's name
    trace: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What a prepared project offers to who asks it for pages.

    The user "" is nobody: what an anonymous client needs to send more than GET.
    """

    cookies: dict[str, dict[str, str]] = field(default_factory=dict)  # user → name → value
    tokens: dict[str, str] = field(default_factory=dict)  # user → CSRF token; "" is nobody
    csrf_header: str = "X-CSRFToken"  # where a token is expected
    csrf_field: str = "csrfmiddlewaretoken"  # … or in a form
    filled: dict[str, dict[str, str]] = field(default_factory=dict)  # request → parameter → value
    said: tuple[str, ...] = ()  # what was replaced, to be said aloud


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The file that the guest writes: a fault, or what it was asked for."""

    fault: GuestFault | None = None
    inventory: Inventory | None = None
    prepared: Prepared | None = None
