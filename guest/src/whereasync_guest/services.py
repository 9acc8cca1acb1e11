"""Which service a project's exception cries for, and what can be configured. Pure.

Nothing of the user's is reached, so a project that can't do without its Redis fails here; the user
must hear that name, and not "Error 111".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVICES = {
    "redis": "Redis",
    "django_redis": "Redis",
    "redis_lock": "Redis",
    "rq": "Redis",
    "django_rq": "Redis",
    "channels_redis": "Redis",
    "aioredis": "Redis",
    "valkey": "Valkey",
    "pymemcache": "Memcached",
    "pylibmc": "Memcached",
    "kombu": "a message broker",
    "amqp": "a message broker",
    "pika": "a message broker",
    "elasticsearch": "Elasticsearch",
    "elastic_transport": "Elasticsearch",
    "opensearchpy": "OpenSearch",
    "pymongo": "MongoDB",
    "botocore": "a service of AWS",
}
_CACHE = re.compile(r"'(?:LocMem|Written)Cache' object has no attribute '(\w+)'")
_NOWHERE = re.compile(r"/nowhere[/\" ]|no such table|settings\.DATABASES is improperly configured")
_WITHOUT = (
    "whereasync never reaches yours: let the settings do without {} where a variable says so, and "
    "set that in environment"
)
_IN_MEMORY = "write what needs it behind a setting, and switch that off in environment"


def explain(error: BaseException) -> tuple[str, str] | None:
    """Return what is missing, and a next step; None for any other exception."""
    for each in follow(error):
        said = next(iter(str(each).strip().splitlines()), type(each).__name__)
        if found := _CACHE.search(said):
            return (
                f"the project calls {found[1]} of its cache, which only its own backend has",
                "whereasync never reaches your cache: " + _IN_MEMORY,
            )
        if "django-configurations" in said or "DJANGO_CONFIGURATION" in said:
            return said, 'name the class: environment = { DJANGO_CONFIGURATION = "Dev" }'
        if service := _find_service(each):
            return f"the project needs {service} here: {said}", _WITHOUT.format(service)
    return None


def is_database_missing(error: BaseException) -> bool:
    """Return whether it asked a database that leads nowhere."""
    return any(_NOWHERE.search(str(each)) for each in follow(error))


def follow(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and what it came from, the first cause last."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _find_service(error: BaseException) -> str:
    """Return the service whose client raised it: the innermost such frame's."""
    names = [type(error).__module__.partition(".")[0]]
    trace = error.__traceback__
    while trace:
        names.append(str(trace.tb_frame.f_globals.get("__name__", "")).partition(".")[0])
        trace = trace.tb_next
    return next((SERVICES[name] for name in reversed(names) if name in SERVICES), "")
