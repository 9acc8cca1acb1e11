"""Prints, for several orders of middleware, what was observed and what a real request did."""

import asyncio
import json
import os
import threading
from unittest.mock import patch

import django
from asgiref.sync import SyncToAsync
from django.core.handlers.asgi import ASGIHandler
from django.test import override_settings

os.environ["DJANGO_SETTINGS_MODULE"] = "nasty.settings"  # whatever is said outside
SCOPE = {
    "type": "http",
    "method": "GET",
    "path": "/free/",  # an async view under ATOMIC_REQUESTS must be free of it
    "query_string": b"",
    "headers": [(b"host", b"localhost")],
}
OURS = "nasty.middleware."
DEFAULT = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ORDERS = {
    "none": [],
    "default": DEFAULT,
    "sync at the bottom": [f"{OURS}hybrid_outside", f"{OURS}Both", f"{OURS}OnlySync"],
    "sync in the middle": [f"{OURS}hybrid_outside", f"{OURS}OnlySync", f"{OURS}Both"],
    "sync at the top": [f"{OURS}OnlySync", f"{OURS}hybrid_outside", f"{OURS}Both"],
    "no sync": [f"{OURS}hybrid_outside", f"{OURS}Both", f"{OURS}hybrid_inside"],
    "async outside sync": [f"{OURS}only_async", f"{OURS}Declined", f"{OURS}OnlySync"],
    "unmarked outside": [f"{OURS}Unmarked", f"{OURS}AsyncHook"],
}


async def receive():
    """Say that the request is complete, and then stay."""
    if receive.is_said:
        await asyncio.sleep(60)
    receive.is_said = True
    return {"type": "http.request"}


async def ask(handler):
    """Send one request; return its status."""
    sent = []

    async def send(message):
        sent.append(message)

    receive.is_said = False
    await handler(SCOPE, receive, send)
    return sent[0]["status"]


def count_calls():
    """Return a patch that counts how often something was handed to a thread."""
    counted = []
    original = SyncToAsync.__call__

    async def call(self, *args, **kwargs):
        counted.append(self.func)
        return await original(self, *args, **kwargs)

    return counted, patch.object(SyncToAsync, "__call__", call)


def try_order(names):
    """Build one chain, and send a request through it."""
    from nasty import middleware

    from whereasync_guest.middleware import observe_chain

    middleware.RAN.clear()
    warnings = []
    with override_settings(MIDDLEWARE=names):
        observed = observe_chain(warnings)
        handler = ASGIHandler()
        counted, counting = count_calls()
        with counting:
            status = asyncio.run(ask(handler))
    here = threading.get_ident()
    ran = {OURS + name: thread == here for name, thread in middleware.RAN.items()}
    return {
        "status": status,
        "observed": observed,
        "warnings": warnings,
        "on_loop": ran,
        "handed": len(counted),
    }


if __name__ == "__main__":
    django.setup()
    print(json.dumps({name: try_order(names) for name, names in ORDERS.items()}))
