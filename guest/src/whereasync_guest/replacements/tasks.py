"""Background tasks: run at once, or dropped, as the order says. No broker is reached.

Celery's applications are changed after ``django.setup()``, when they are there; one that comes
later is told by the environment. A newcomer would set ``task_always_eager`` alone: a task sent by
its name still goes to the broker then.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from whereasync_guest.replacements.overlay import Overlay

DROP = "drop"
_MEMORY = "memory://"
_RESULTS = "cache+memory://"
_VARIABLES = {  # Celery prefers them to what an application is told
    "CELERY_BROKER_URL": _MEMORY,
    "CELERY_BROKER_READ_URL": _MEMORY,
    "CELERY_BROKER_WRITE_URL": _MEMORY,
    "CELERY_RESULT_BACKEND": _RESULTS,
}


def replace_tasks(overlay: Overlay, how: str) -> None:
    """Have Django's own tasks run at once, or dropped (Django 6.0, or django-tasks before)."""
    os.environ.update(_VARIABLES)
    theirs: dict[str, Any] = overlay.read("TASKS") or {}
    if not theirs:
        return
    name = "dummy.DummyBackend" if how == DROP else "immediate.ImmediateBackend"
    laid = {}
    for alias, each in theirs.items():
        package = str(each.get("BACKEND", "")).partition(".")[0]
        home = "django_tasks.backends" if package == "django_tasks" else "django.tasks.backends"
        laid[alias] = {"BACKEND": f"{home}.{name}", "QUEUES": each.get("QUEUES", ["default"])}
    if any(laid[alias]["BACKEND"] != each.get("BACKEND") for alias, each in theirs.items()):
        overlay.lay("TASKS", laid, f"Django's tasks: {_say(how)}")


def settle_celery(how: str) -> list[str]:
    """Have the tasks of every Celery application run at once, or dropped; return what to say."""
    state = sys.modules.get("celery._state")
    applications = list(state._get_active_apps()) if state else []  # noqa: SLF001 # no other way
    found = [each for each in applications if each.main != "default" or each.configured]
    for application in found:
        _keep_in(application, how)
    return [f"Celery's tasks: {_say(how)}"] if found else []


def _say(how: str) -> str:
    return "dropped" if how == DROP else "run at once, within the request"


def _keep_in(application: Any, how: str) -> None:
    conf = application.conf
    conf.task_always_eager = how != DROP
    conf.task_store_eager_result = False
    conf.broker_url = conf.broker_read_url = conf.broker_write_url = _MEMORY
    conf.result_backend = _RESULTS
    application._backend_cache = None  # noqa: SLF001 # one that was made already
    application._local.__dict__.pop("backend", None)  # noqa: SLF001
    application.amqp.__dict__["send_task_message"] = _drop  # in place of a cached property


def _drop(*_arguments: Any, **_options: Any) -> None:
    """Send nothing."""
