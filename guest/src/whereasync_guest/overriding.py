"""What lies over the project's settings, so that nothing of the user's is written or reached.

``replacements`` has a file for each thing that is replaced; here stands in which order. What a
reader of the results must know is returned as sentences, to be said aloud.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whereasync_guest.replacements.databases import replace_databases, verify_databases
from whereasync_guest.replacements.files import redirect_logs, replace_files
from whereasync_guest.replacements.front import open_front
from whereasync_guest.replacements.mail import replace_channels, replace_mail
from whereasync_guest.replacements.overlay import Overlay
from whereasync_guest.replacements.sessions import replace_sessions
from whereasync_guest.replacements.tasks import replace_tasks, settle_celery

if TYPE_CHECKING:
    from whereasync_guest.order import Order


def prepare_ground(order: Order) -> None:
    """Do what must be done before the settings are even imported."""
    redirect_logs(order.private)


def override(settings: Any, order: Order) -> list[str]:
    """Replace databases, caches, sessions, e-mail, files and tasks in loaded settings.

    Returns what was replaced, a sentence each.
    """
    overlay = Overlay(settings, order.private)
    replace_databases(overlay, order.databases)
    replace_sessions(overlay)
    if not order.keep_caches:
        from whereasync_guest.replacements.caches import replace_caches  # imports Django

        replace_caches(overlay)
    replace_mail(overlay)
    replace_channels(overlay)
    replace_files(overlay)
    replace_tasks(overlay, order.tasks)
    open_front(overlay)
    return overlay.said


def settle(order: Order) -> list[str]:
    """Replace what exists only once Django is set up; return what to say.

    GuestError if the project has undone what was laid over its databases.
    """
    verify_databases(order.databases)
    return settle_celery(order.tasks)
