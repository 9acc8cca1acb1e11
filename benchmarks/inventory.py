"""How long does an inventory of 1,000 routes take? Django's own walk of the URLs is the peer.

The project's import isn't counted. The peer fills what ``reverse()`` needs: it knows no views,
lines, decorators or versions. Both run in a process of their own. Exits 1 above 2 s.

    python benchmarks/inventory.py [--routes 1000] [--turns 5]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import whereasync_guest

GUEST = Path(whereasync_guest.__file__).parent.parent
LIMIT = 2.0  # s
A_FILE = 50  # routes
SETTINGS = """
SECRET_KEY = "x"
ROOT_URLCONF = "urls"
DATABASES = {}
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes"]
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
"""
HEAD = """
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.urls import path, re_path
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

app_name = "app{app}"
"""
VIEWS = (
    """
@login_required
@require_GET
def view{n}(request, pk):
    # what a view does takes some lines
    found = [number for number in range(pk)]
    return HttpResponse(str(found))
""",
    """
async def view{n}(request, pk):
    # what a view does takes some lines
    found = [number for number in range(pk)]
    return HttpResponse(str(found))
""",
    """
class View{n}(View):
    def get(self, request, pk):
        return HttpResponse("got")

    @method_decorator(never_cache)
    def post(self, request, pk):
        return HttpResponse("posted")

view{n} = View{n}.as_view()
""",
)
ROUTES = (
    'path("view{n}/<int:pk>/", view{n}, name="view{n}")',
    're_path(r"^view{n}/(?P<pk>[0-9]+)/$", view{n}, name="view{n}")',
)
WALK = """
import time
import django
django.setup()
from django.urls import get_resolver
resolver = get_resolver()
resolver.url_patterns
began = time.perf_counter()
resolver.reverse_dict
print(time.perf_counter() - began)
"""


def make_project(home: Path, routes: int) -> None:
    """Write a project with that many routes, some in each file."""
    (home / "settings.py").write_text(SETTINGS)
    (home / "walk.py").write_text(WALK)
    apps = range(-(-routes // A_FILE))
    for app in apps:
        numbers = range(app * A_FILE, min(routes, (app + 1) * A_FILE))
        views = "".join(VIEWS[n % len(VIEWS)].format(n=n) for n in numbers)
        patterns = ",\n    ".join(ROUTES[n % len(ROUTES)].format(n=n) for n in numbers)
        code = f"{HEAD.format(app=app)}{views}\nurlpatterns = [\n    {patterns},\n]\n"
        (home / f"app{app}.py").write_text(code)
    included = ", ".join(f"path('app{app}/', include('app{app}'))" for app in apps)
    text = f"from django.urls import include, path\nurlpatterns = [{included}]\n"
    (home / "urls.py").write_text(text)


def run(home: Path, *arguments: str) -> str:
    """Run the project's Python with the guest on its path."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=home,
        env={
            **os.environ,
            "PYTHONPATH": str(GUEST),
            "DJANGO_SETTINGS_MODULE": "settings",
            "WHEREASYNC_ORDER": str(home / "order.json"),
        },
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout


def ask(home: Path) -> dict[str, Any]:
    """Return the guest's inventory."""
    order = {"settings": "settings", "answer": str(home / "answer.json"), "private": str(home)}
    (home / "order.json").write_text(json.dumps({**order, "paths": [str(home)]}))
    run(home, "-m", "whereasync_guest", "inventory")
    found: dict[str, Any] = json.loads((home / "answer.json").read_text())["inventory"]
    return found


def main() -> int:
    """Print the times; 1 where the limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--routes", type=int, default=1000)
    parser.add_argument("--turns", type=int, default=5)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        make_project(home, chosen.routes)
        peers, found = [], []
        for _ in range(chosen.turns):
            peers.append(float(run(home, "walk.py")))
            found.append(ask(home))
    assert all(len(each["routes"]) == chosen.routes for each in found)
    walk = statistics.median(each["walk_seconds"] for each in found)
    imported = statistics.median(each["import_seconds"] for each in found)
    peer = statistics.median(peers)
    print(f"{chosen.routes} routes, {len(found[0]['versions'])} distributions, medians:")
    print(f"  inventory               {walk * 1e3:8.1f} ms   (at most {LIMIT * 1e3:.0f} ms)")
    print(f"  the resolver's own walk {peer * 1e3:8.1f} ms   inventory is {walk / peer:.1f} ×")
    print(
        f"  the project's import    {imported * 1e3:8.1f} ms   inventory is {walk / imported:.2f} ×"
    )
    return int(walk > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
