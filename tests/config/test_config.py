"""What a configuration says, and what is said of one that can't be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from whereasync.config import KEYS, find_file, load, read_config
from whereasync.config.recipes import ARM, RECIPE
from whereasync.errors import BadInputError
from whereasync.model import Config, NamedArm, Recipe

if TYPE_CHECKING:
    from pathlib import Path

WHOLE = """
settings = "shop.settings.local"
python = ".venv"
directory = "src"
paths = ["apps", "lib"]
database = "embedded:system"
template = "shop_template"
seed = ["loaddata demo", "make_items --count '1 000'"]
host = "shop.example.com:8443"
wsgi = "shop.entry"
asgi = "shop.entry:app"
tasks = "drop"
budget = "5m"
clients = [64, 1, 8, 8]

[environment]
DEBUG = "0"
EMPTY = ""

[users]
staff = "admin"
ann = { name = "ann@example.com", make = { is_staff = true, age = 3, city = "" } }

[[requests]]
name = "detail"
path = "/item/{pk}/of/{owner}/?full={pk}"
fill = { pk = "Item.objects.first().pk", owner = "'ann'" }
as = "staff"
headers = { Accept = "text/html" }
volatile = ['token="[^"]+"']

[[requests]]
path = "/search/"
data = { q = "red & blue", page = "2" }
status = 302

[arms.today]
server = "gunicorn,threads=40"
path = "/dashboard/"

[arms]
fast = { request = "detail", swap = { "shop.views.detail" = "shop.fast.adetail" } }

[stand-ins."https://api.example.com/rates"]
latency = "lognormal:20ms,0.5"
headers = { Content-Type = "application/json" }
body = '{"rate": 1.1}'
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a directory of the test."""
    monkeypatch.chdir(tmp_path)


def write(directory: Path, text: str, name: str = "whereasync.toml") -> Path:
    """Write a configuration."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / name).write_text(text, encoding="utf-8")
    return directory / name


def read(directory: Path, text: str, name: str = "whereasync.toml") -> Config:
    """Write a configuration and read it."""
    return read_config(write(directory, text, name))


def refuse(directory: Path, text: str, name: str = "whereasync.toml") -> tuple[str, str]:
    """Return what a configuration is refused for, and the hint."""
    with pytest.raises(BadInputError) as caught:
        read(directory, text, name)
    assert "\n" not in caught.value.what + caught.value.hint
    return caught.value.what, caught.value.hint


# ---------------------------------------------------------------- what is fine


def test_everything_that_may_be_said_is_read(tmp_path: Path) -> None:
    """Each key has its place in the noun."""
    assert read(tmp_path, WHOLE) == Config(
        file="whereasync.toml",
        home=str(tmp_path),
        settings="shop.settings.local",
        python=".venv",
        directory="src",
        paths=("apps", "lib"),
        environment={"DEBUG": "0", "EMPTY": ""},
        database="embedded:system",
        template="shop_template",
        seed=("loaddata demo", "make_items --count '1 000'"),
        host="shop.example.com:8443",
        wsgi="shop.entry",
        asgi="shop.entry:app",
        tasks="drop",
        budget=300.0,
        clients=(1, 8, 64),
        users={"staff": "admin", "ann": "ann@example.com"},
        new_users={"ann@example.com": {"is_staff": True, "age": 3, "city": ""}},
        requests=(
            Recipe(
                name="detail",
                path="/item/{pk}/of/{owner}/?full={pk}",
                fill={"pk": "Item.objects.first().pk", "owner": "'ann'"},
                user="staff",
                headers=(("Accept", "text/html"),),
                volatile=('token="[^"]+"',),
            ),
            Recipe(
                name="/search/",
                path="/search/",
                method="POST",
                body="q=red+%26+blue&page=2",
                status=302,
            ),
        ),
        arms={
            "today": NamedArm(name="today", server="gunicorn,threads=40", path="/dashboard/"),
            "fast": NamedArm(
                name="fast", request="detail", swap={"shop.views.detail": "shop.fast.adetail"}
            ),
        },
        stand_ins={
            "https://api.example.com/rates": {
                "latency": "lognormal:20ms,0.5",
                "headers": {"Content-Type": "application/json"},
                "body": '{"rate": 1.1}',
            }
        },
    )


def test_a_path_is_filled_percent_encoded(tmp_path: Path) -> None:
    """Each parameter wherever it stands; a slash stays one."""
    recipe = read(tmp_path, WHOLE).requests[0]
    assert recipe.parameters == ("pk", "owner")
    assert recipe.fill_path({"pk": "7", "owner": "a b/é"}) == "/item/7/of/a%20b/%C3%A9/?full=7"


@pytest.mark.parametrize(
    ("said", "seconds"), [('"90"', 90), ('"90s"', 90), ('"1.5m"', 90), ("90", 90), ("0.5", 0.5)]
)
def test_a_budget_is_a_number_or_as_it_is_typed(tmp_path: Path, said: str, seconds: float) -> None:
    """Seconds without a unit."""
    assert read(tmp_path, f"budget = {said}").budget == seconds


def test_an_example_of_every_key_is_understood(tmp_path: Path) -> None:
    """Hints show them: whoever types one is understood."""
    top = [key.example for name, key in KEYS.items() if not key.example.startswith("[")]
    recipe = [key.example for name, key in RECIPE.items() if name != "status"]
    text = "\n".join([*top, "[[requests]]", *recipe, "status = 200"])
    text += "\n" + "\n".join(
        ["[arms.x]", *(ARM[key].example for key in ("server", "path", "swap"))]
    )
    text += f"\n[arms]\ny = {{ {ARM['request'].example} }}"
    config = read(tmp_path, text)
    assert config.requests[0].name == "detail"
    assert config.arms["x"].path == "/dashboard/"


def test_windows_line_ends_and_a_byte_of_utf_8_are_fine(tmp_path: Path) -> None:
    """As editors write them."""
    (tmp_path / "whereasync.toml").write_bytes('environment = { A = "é" }\r\n'.encode())
    assert load(tmp_path).environment == {"A": "é"}


# ---------------------------------------------------------------- where it is


def test_without_a_file_everything_has_its_default(tmp_path: Path) -> None:
    """Relative paths are then relative to where it was looked for."""
    assert load(tmp_path) == Config(home=str(tmp_path))


@pytest.mark.parametrize(
    "wrong",
    [
        'host = "https://shop.example.com/"',
        'host = "shop example"',
        'wsgi = "shop/wsgi.py"',
        'asgi = "shop.asgi:app:x"',
    ],
)
def test_a_host_and_an_application_are_names(tmp_path: Path, wrong: str) -> None:
    """An address with a scheme, and a file, are refused with what to write."""
    with pytest.raises(BadInputError) as refused:
        read(tmp_path, wrong)
    assert "line 1: " in refused.value.what
    assert refused.value.hint.startswith(f"write {wrong.partition(' ')[0]} = ")


@pytest.mark.parametrize("name", ["whereasync.toml", "pyproject.toml"])
def test_the_nearest_file_upwards_holds(tmp_path: Path, name: str) -> None:
    """One without a section of ours is no configuration, however broken."""
    section = "[tool.whereasync]\n" if name == "pyproject.toml" else ""
    found = write(tmp_path, f'{section}settings = "far"', name)
    write(tmp_path / "a" / "b", "[tool.ruff]\nbroken =", "pyproject.toml")
    write(tmp_path / "a", "[tool.ruff]\n# whereasync\n", "pyproject.toml")
    assert find_file(tmp_path / "a" / "b") == found
    assert load(tmp_path / "a" / "b").settings == "far"
    write(tmp_path / "a", f'{section}settings = "near"', name)
    config = load(tmp_path / "a" / "b")
    assert (config.settings, config.home) == ("near", str(tmp_path / "a"))
    assert config.file == f"a/{name}"


def test_both_files_in_one_directory_are_one_too_many(tmp_path: Path) -> None:
    """Nobody can know which of them holds."""
    write(tmp_path, 'settings = "a"')
    write(tmp_path, '[tool.whereasync]\nsettings = "b"', "pyproject.toml")
    with pytest.raises(BadInputError) as caught:
        load(tmp_path)
    assert caught.value.what.startswith("whereasync.toml and [tool.whereasync] in pyproject.toml")
    assert caught.value.hint == "keep one of them"


def test_a_file_that_is_named_need_not_be_found(tmp_path: Path) -> None:
    """Any name will do, and the keys stand at the top."""
    named = write(tmp_path / "x", 'settings = "a"', "bench.toml")
    assert load(tmp_path, named).settings == "a"


# ---------------------------------------------------------------- what is refused

TWO = '[[requests]]\npath = "/"\n[[requests]]\n'


@pytest.mark.parametrize(
    ("text", "what", "hint"),
    [
        ('\nseting = "a"', "line 2: there is no key “seting” here", "did you mean settings?"),
        ("zzz = 1", "line 1: there is no key “zzz” here", "known here: arms, asgi, budget,"),
        (
            TWO + 'path = "/a/"\nmetod = "POST"',
            "line 5: there is no key “metod” in requests[2] here",
            "did you mean method?",
        ),
        (
            '[arms]\nfast = { path = "/", sever = "uvicorn" }',
            "line 2: there is no key “sever” in arms.fast here",
            "did you mean server?",
        ),
        ("[tool.whereasync]", "line 1: in whereasync.toml the keys stand at the top", "leave out"),
        ("[arms", "line 1, column 6: expected ']'", "a table is [name]"),
        ("settings = 1", "line 1: settings should be text, and is a number", "shop.settings"),
        ("settings = true", "settings should be text, and is true or false", ""),
        ("settings = []", "settings should be text, and is a list", ""),
        ("settings = 2026-01-01", "settings should be text, and is a date or time", ""),
        ('settings = " "', "settings is empty", "or leave it out"),
        ('settings = "shop/settings.py"', "“shop/settings.py”, no module's name", "shop.settings"),
        ('paths = "apps"', "paths should be a list, and is text", 'write paths = ["apps"]'),
        ('paths = ["a",\n 1]', "line 1: paths[2] should be text, and is a number", ""),
        ("[environment]\nDEBUG = 0", "line 2: environment.DEBUG should be text", 'DEBUG = "0"'),
        ('[environment]\n"A=B" = ""', "“A=B” can't be a variable", ""),
        ("environment = 1", "environment should be a table, and is a number", "environment = {"),
        ('seed = ["x \'y"]', "no command: No closing quotation", "loaddata demo"),
        ('seed = ["manage.py x"]', "the command begins after manage.py", "loaddata demo"),
        ('tasks = "eagre"', "tasks is “eagre”", "did you mean eager?"),
        ('budget = "soon"', "budget is 'soon', no time", 'budget = "5m"'),
        ("budget = 0", "budget is 0, no time", ""),
        ("budget = inf", "budget is inf, no time", ""),
        ("clients = 0", "clients is 0: choose 1 to 1000", ""),
        ("clients = true", "clients should be a number, and is true or false", ""),
        ("clients = []", "clients is empty", ""),
        ("clients = [1, 2.5]", "clients[2] should be a number", ""),
        ("requests = 1", "requests should be a list, and is a number", "[[requests]]"),
        ('[requests]\npath = "/"', "line 1: requests is one table", "[[requests]]"),
        ("requests = [1]", "requests[1] should be a table", ""),
        ('[[requests]]\nname = "a"', "line 1: requests[1] has no path", 'path = "/item/{pk}/"'),
        (TWO + 'path = "/"', "line 3: two requests are called “/”", "a name of its own"),
        (TWO + 'path = "a"', "line 4: the path “a” doesn't begin with /", ""),
        (TWO + 'path = "/<int:pk>/"', "has Django's <int:pk>", "write it as {pk}"),
        (TWO + 'path = "/<pk>/"', "has Django's <pk>", "write it as {pk}"),
        (TWO + 'path = "/a b"', "holds ' '", "percent-encode"),
        (TWO + 'path = "/a#b"', "holds '#'", ""),
        (TWO + 'path = "/{1}"', "has {1}, no parameter", ""),
        (TWO + 'path = "/{a"', "has {, no parameter", ""),
        (TWO + 'path = "/{pk}"', "line 4: the path “/{pk}” has {pk}", "fill = { pk = 'shop.Item"),
        (
            TWO + 'path = "/{pk}"\n[requests.fill]\npk = "1"\npkk = "1"',
            "line 7: fill has pkk, which the path “/{pk}” has not",
            "did you mean pk?",
        ),
        (
            TWO + 'path = "/{pk}"\nfill.pk = "import os"',
            "line 5: requests[2].fill.pk is no Python expression: invalid syntax",
            "Item.objects",
        ),
        (TWO + 'path = "/a"\ndata = ""\nmethod = "GET"', "a GET request has no body", "data"),
        (TWO + 'path = "/a"\nmethod = "get"', "method is “get”", ""),
        (TWO + 'path = "/a"\nstatus = 20', "status is 20: choose 200 to 599", ""),
        (TWO + "path = \"/a\"\nvolatile = ['(']", "'(' is no regular expression", "escape"),
        (TWO + 'path = "/a"\nheaders = { "a b" = "" }', "“a b” is no header", "Accept"),
        (TWO + 'path = "/a"\nheaders.Content-Length = "3"', "Content-Length can't be set", ""),
        (TWO + 'path = "/a"\nname = "/x"', "“/x” can't be typed in an arm", "detail"),
        (TWO + 'path = "/a"\nas = "ann"', "line 5: the request “/a” is asked as “ann”", "ann ="),
        (
            '[users]\nann = "a"\n' + TWO + 'path = "/a"\nas = "amn"',
            "no user of [users]",
            "did you mean ann?",
        ),
        ('[users]\nann = ""', "line 2: users.ann is empty", ""),
        ("[users]\nann = 1", "line 2: users.ann should be text or a table", "make = {"),
        ("[users.ann]\nmake = {}", "line 1: users.ann has no name", 'name = "admin"'),
        ('[users.ann]\nname = "a"\nmake = 1', "users.ann.make should be a table", "is_staff"),
        ('[users]\na = { name = "a", make = { x = 1.5 } }', "users.a.make.x should be true", ""),
        ('[users.a]\nname = "a"\nmake.password = "x"', "line 3: a password is never needed", ""),
        ('[arms.a]\nserver = "x"', "line 1: the arm “a” needs a path or a request", "/dashboard/"),
        ('[arms.a]\npath = "/"\nrequest = "x"', "one of the two", ""),
        ('[arms.a]\npath = "/{pk}"', "the arm “a” can't fill {pk}", "[[requests]]"),
        ('[arms.a]\nrequest = "x"', "line 2: the arm “a” names “x”, no request", "there are none"),
        ('[arms."/a"]\npath = "/"', "“/a” can't be typed", ""),
        ('[arms.a]\npath = "/"\nswap = { a = "b c" }', "“b c”, no module's name", "shop.fast"),
        (
            '[[requests]]\nname = "a"\npath = "/"\n[arms.a]\npath = "/"',
            "line 4: an arm and a request are both called “a”",
            "rename one",
        ),
        ('a = """\nsettings = 1\n"""\nsettings = 2', "line 1: there is no key “a”", ""),
        ("settings = shop", "line 1, column 12: invalid value", "in quotes"),
        ("\nsettings =", "line 2, column 11: invalid value at the end of document", ""),
        ("a = 1\na = 2", "line 2, column 6: cannot overwrite a value", ""),
    ],
)
def test_what_can_not_be_is_said_with_its_line(
    tmp_path: Path, text: str, what: str, hint: str
) -> None:
    """One line that names the culprit, and how to write it."""
    said, next_step = refuse(tmp_path, text)
    assert said.startswith("whereasync.toml")
    assert what in said
    assert hint in next_step


def test_a_line_of_pyproject_is_that_of_the_whole_file(tmp_path: Path) -> None:
    """The same key elsewhere is none of ours."""
    text = '[tool.other]\nclients = "x"\n\n[tool.whereasync]\nclients = "x"\n'
    assert refuse(tmp_path, text, "pyproject.toml")[0].startswith("pyproject.toml, line 5: clients")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("[tool.ruff]", "has no [tool.whereasync]"),
        ("tool = 1", "tool is no table"),
        ("[tool]\nwhereasync = 1", "whereasync is no table"),
    ],
)
def test_a_pyproject_that_is_named_must_have_a_section(
    tmp_path: Path, text: str, what: str
) -> None:
    """Or it would be passed over in silence."""
    assert what in refuse(tmp_path, text, "pyproject.toml")[0]


def test_a_file_that_can_not_be_read_is_said(tmp_path: Path) -> None:
    """A directory, one that isn't there, and one in another encoding."""
    with pytest.raises(BadInputError, match="can't be read: is a directory"):
        read_config(tmp_path)
    with pytest.raises(BadInputError, match="can't be read: no such file"):
        read_config(tmp_path / "none.toml")
    (tmp_path / "old.toml").write_bytes(b'a = 1\nsettings = "\xe9"')
    with pytest.raises(BadInputError, match=r"old\.toml, line 2: this is no UTF-8"):
        read_config(tmp_path / "old.toml")
