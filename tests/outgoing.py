"""A small project of a user's whose views call out, and what plays it in a process of its own.

Nothing here knows how it is kept inside: the views do what any project does.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILES = {
    "manage.py": 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")\n',
    "shop/__init__.py": "",
    "shop/settings.py": """
from pathlib import Path
SECRET_KEY = "x"
ROOT_URLCONF = "shop.urls"
INSTALLED_APPS = ["shop"]
HERE = Path(__file__).parent.parent
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": HERE / "db.sqlite3"}}
""",
}
# Serves the project in argv[1] as a race does, "guarded" or "unguarded", and asks the paths that
# follow; prints the answers, the caveats, and how often C code and children looked for a way out.
PLAY = """
import http.client
from pathlib import Path
from whereasync.cli.own import Opened, Play, set_up
from whereasync.processes import supervised
from whereasync.project.opening import Asked, open_project
from whereasync.servers.table import parse_arm_server

where, guarding, *paths = sys.argv[1:]
home, config = open_project(Asked(where=Path(where), python=sys.executable))
arm = parse_arm_server("gunicorn,threads=2")
play = Play(requests=(), arms=(arm,), swaps={}, database=None, seed=0)
opened = Opened(home=home, config=config)
setting = set_up(opened, play, unguarded=guarding == "unguarded")
from whereasync.servers import launch

def get(endpoint, path):
    connection = http.client.HTTPConnection(endpoint.host, endpoint.port, timeout=30)
    connection.request("GET", path, headers={"Connection": "close"})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return [answer.status, text]

with supervised() as supervisor, setting.bring_up(supervisor) as project:
    project.prepare()
    env = project.copy("a", "a")
    with launch(arm, project.app, supervisor, env=env, is_trusted=False) as endpoint:
        answers = [get(endpoint, path) for path in paths]
    said = [each.detail for each in project.find_caveats()]
print(json.dumps([answers, said, setting.guard.count_attempts()]))
"""


def write_project(directory: Path, files: Mapping[str, str]) -> Path:
    """Write the project into a directory, and return the file of its database, which has a row."""
    for name, text in (FILES | dict(files)).items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    file = directory / "db.sqlite3"
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("CREATE TABLE visit (path text)")
    return file
