"""Asks every view of the demo project once, under whichever Python and Django runs this.

A script, run in the project's directory by the interpreter of a test stack: Python 3.9 syntax, and
nothing but what that stack has. It prints one JSON object; a failure is a traceback and exit 1.
"""

# mypy: ignore-errors
# ruff: noqa: ANN001, ANN201, T201 - Django has no types here, and printing is what it does

import asyncio
import json
import os
import platform
import sys
from urllib.parse import urlencode

import django
from django.core.management import call_command


def visit(entry):
    """Return the answer's status, text, and whether it says how long it took."""
    from cars.catalogue import FORM
    from django.test import AsyncClient, Client

    # Not multipart: the AsyncClient of Django 4.1 can't read what it has written there.
    form = "application/x-www-form-urlencoded"
    request = {"data": urlencode(FORM), "content_type": form} if entry.method == "POST" else {}
    method = entry.method.lower()
    if entry.kind == "async":
        answer, content = asyncio.run(read(getattr(AsyncClient(), method)(entry.path, **request)))
    else:
        answer = getattr(Client(), method)(entry.path, **request)
        content = next(iter(answer)) if is_endless(answer) else b"".join(answer)
        answer.close()
    timed = "Server-Timing" in answer
    return {"status": answer.status_code, "text": content.decode(), "timed": timed}


async def read(asking):
    """Return the answer and its content, read in the loop that it belongs to."""
    answer = await asking
    if not answer.streaming:
        return answer, answer.content
    if is_endless(answer):
        return answer, await answer.streaming_content.__anext__()
    return answer, b"".join([piece async for piece in answer.streaming_content])


def is_endless(answer):
    """Return whether the answer never ends: its first event is enough then."""
    return answer["Content-Type"] == "text/event-stream"


def main():
    """Set the project up in the database of the environment, visit it, count what is left."""
    django.setup()
    from cars.catalogue import FAMILIES
    from cars.models import Car
    from django.test.utils import setup_test_environment

    setup_test_environment()
    call_command("check", fail_level="WARNING", stdout=sys.stderr)
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
    call_command("migrate", verbosity=0)
    call_command("load_cars", "5", stdout=sys.stderr)
    entries = [
        entry
        for family in FAMILIES
        for entry in family.entries
        if entry.since <= django.VERSION[:2]
    ]
    said = {
        "python": platform.python_version(),
        "django": django.get_version(),
        "answers": {f"{entry.method} {entry.path}": visit(entry) for entry in entries},
        "cars": Car.objects.count(),
    }
    print(json.dumps(said))


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "demosite.settings"
    sys.path.insert(0, ".")
    main()
