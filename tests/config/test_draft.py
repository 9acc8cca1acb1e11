"""What ``init`` writes must be read back, off and on, whatever the project is called."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING, Any

import pytest

from whereasync.config import read_config
from whereasync.config.draft import DATABASES, draft
from whereasync.config.routes import list_parametrised
from whereasync.model import (
    CacheSetting,
    Config,
    DatabaseSetting,
    Handler,
    Inventory,
    Recipe,
    Route,
    ViewKind,
)

if TYPE_CHECKING:
    from pathlib import Path

SEEDS = 40
ODD = ('a"b', "a'b", "a\\b", "a\nb", "é", "a\x00b", "\x7f", "\udcff", "…", "a b", "]]", "{x}", "#")
MODELS = {"shop.Item": ("id", "slug")}


def take(**said: Any) -> Inventory:
    """Return an inventory."""
    usual: dict[str, Any] = {
        "settings": "shop.settings",
        "versions": {"python": "3.12.1", "django": "5.2.1"},
        "routes": (),
        "middleware": (),
        "databases": (),
        "caches": (),
        "sessions": "",
        "email": "",
        "installed_apps": ("shop",),
        "models": MODELS,
    }
    return Inventory(**{**usual, **said})


def handle(name: str, *methods: str, is_async: bool = False) -> Handler:
    """Return a handler."""
    return Handler(
        name=name,
        kind=ViewKind.FUNCTION,
        is_async=is_async,
        is_called_async=is_async,
        methods=methods,
    )


def read_back(directory: Path, text: str) -> Config:
    """Write it and read it."""
    (directory / "whereasync.toml").write_text(text, encoding="utf-8")
    return read_config(directory / "whereasync.toml")


def switch_on(text: str) -> str:
    """Return the text with every setting on."""
    return re.sub(r"^#(?=[^ \n])", "", text, flags=re.MULTILINE)


SHOP = take(
    databases=(
        DatabaseSetting(
            alias="default",
            engine="django.db.backends.sqlite3",
            vendor="sqlite",
            name="/srv/shop/db.sqlite3",
        ),
        DatabaseSetting(
            alias="old", engine="django.db.backends.mysql", vendor="mysql", name="shop"
        ),
        DatabaseSetting(
            alias="odd", engine="their.engine", vendor="unknown", name="x", mirror="default"
        ),
    ),
    caches=(CacheSetting(alias="default", backend="locmem"),),
    login_url="/login/",
    routes=(
        Route(path="/", handlers=(handle("shop.views.index"),), name="index"),
        Route(path="/live/", handlers=(handle("shop.views.live", "GET", is_async=True),)),
        Route(path="/buy/", handlers=(handle("shop.views.buy", "POST"),)),
        Route(path="/admin/", name="admin:index"),
        Route(
            path="/item/<int:pk>/",
            parameters={"pk": "int"},
            name="shop:detail",
            handlers=(handle("shop.views.detail"),),
        ),
        Route(path="/item/<int:pk>/more/", parameters={"pk": "int"}, name="shop:detail"),
        Route(path="/item/<str:pk>/", parameters={"pk": "str"}, name="shop:same"),
        Route(path="/item/<int:item_pk>/raw-text", parameters={"item_pk": "int"}),
        Route(path="/year/<int:year>/", parameters={"year": "int"}, name="shop:year"),
        Route(path="^old/([0-9]+)/$", parameters={"0": "regex"}),
    ),
)


def test_a_shop_s_is_what_a_reader_expects(tmp_path: Path) -> None:
    """Guessed requests are on, others off; the rest are comments."""
    text = draft(SHOP, Config())
    assert read_back(tmp_path, text) == Config(
        file=read_back(tmp_path, text).file,
        home=str(tmp_path),
        settings="shop.settings",
        requests=tuple(
            Recipe(
                name=name,
                path=path,
                fill={parameter: 'shop.Item.objects.values_list("pk", flat=True).first()'},
            )
            for name, path, parameter in (
                ("shop:detail", "/item/{pk}/", "pk"),
                ("shop:detail-2", "/item/{pk}/more/", "pk"),
                ("item-item_pk-raw-text", "/item/{item_pk}/raw-text", "item_pk"),
            )
        ),
    )
    lines = text.splitlines()
    for line in (
        f"# default: sqlite “db.sqlite3”: {DATABASES['sqlite']}",
        "# old: mysql “shop”: not supported yet: it is never reached",
        "# odd: their.engine “x”: a replica of default, and taken for it",
        "# Asked without being named here, for they have no parameter: 2.",
        f"#   {'/':<44} shop.views.index (sync)",
        f"#   {'/live/':<44} shop.views.live (async)",
        "# ^old/([0-9]+)/$: a regular expression, whose path can't be written",
        '#name = "shop:year"',
    ):
        assert line in lines
    assert "admin:index" not in text
    assert "/buy/" not in text
    assert "The project's login is /login/." in text
    assert "/srv/" not in text


def test_everything_that_is_off_can_be_switched_on(tmp_path: Path) -> None:
    """It is what a reader will do first; an ellipsis stands where only they know."""
    text = switch_on(draft(SHOP, Config())).replace("'…'", "'1'")
    config = read_back(tmp_path, text)
    assert config.seed == ("loaddata demo",)
    assert config.users == {"staff": "admin"}
    assert config.new_users == {"admin": {"is_staff": True}}
    assert config.clients == (1, 8, 64)
    assert [each.name for each in config.requests][-1] == "shop:year"
    assert config.arms["tomorrow"].server == "uvicorn"
    assert config.stand_ins["https://api.example.com"]["body"] == '{"ok": true}'


def test_an_expression_that_only_the_reader_knows_is_refused_as_it_is(tmp_path: Path) -> None:
    """An ellipsis that was left in place must not become a value."""
    with pytest.raises(Exception, match=r"fill\.year is no Python expression"):
        read_back(tmp_path, switch_on(draft(SHOP, Config())))


def test_what_the_project_needs_to_be_found_and_loaded_is_kept(tmp_path: Path) -> None:
    """Of a configuration that is written anew."""
    said = Config(
        directory="src",
        python="../env",
        host="shop.example",
        wsgi="django",
        paths=("apps", "a'b"),
        environment={"SECRET": 'a"b', "ODD NAME": ""},
    )
    config = read_back(tmp_path, draft(take(), said))
    assert config.directory == "src"
    assert config.python == "../env"
    assert (config.host, config.wsgi, config.asgi) == ("shop.example", "django", "")
    assert config.paths == said.paths
    assert config.environment == said.environment


def test_thousands_of_routes_are_cut(tmp_path: Path) -> None:
    """A file of ten thousand lines is read by nobody."""
    plain = [Route(path=f"/{n}/") for n in range(300)]
    filled = [Route(path=f"/{n}/<int:item>/", parameters={"item": "int"}) for n in range(300)]
    text = draft(take(routes=(*plain, *filled)), Config())
    assert text.count("# … and 100 more.") == 2
    assert len(read_back(tmp_path, text).requests) == 200


@pytest.mark.parametrize("seed", range(SEEDS))
def test_whatever_a_project_is_called_is_read_back(tmp_path: Path, seed: int) -> None:
    """Names with quotes, line ends, stray bytes; off and on."""
    draw = random.Random(seed)

    def some(*more: str) -> str:
        return "".join(draw.choices([*ODD, *more, "shop", "/", ":"], k=draw.randint(0, 4)))

    def route(number: int) -> Route:
        names = {f"p{n}": draw.choice(["int", "slug", "regex"]) for n in range(draw.randint(0, 2))}
        path = "/" + some() + "/".join(f"<{kind}:{name}>" for name, kind in names.items())
        handlers = tuple(handle(some("shop.views.")) for _ in range(draw.randint(0, 2)))
        plain = f"/r{number}/" + "/".join(f"<{kind}:{name}>" for name, kind in names.items())
        return Route(
            path=draw.choice([path, plain]), parameters=names, name=some(), handlers=handlers
        )

    databases = tuple(
        DatabaseSetting(
            alias=some(),
            engine=some(),
            vendor=draw.choice(["sqlite", "postgresql", "unknown", "oracle"]),
            name=some(),
        )
        for _ in range(draw.randint(0, 3))
    )
    inventory = take(
        routes=tuple(route(n) for n in range(8)), databases=databases, login_url=some()
    )
    said = Config(environment={f"A{n}": some().replace("\0", "") for n in range(2)})
    text = draft(inventory, said)
    off = read_back(tmp_path, text)
    assert off.settings == "shop.settings"
    on = read_back(tmp_path, switch_on(text).replace("'…'", "'1'"))
    assert len(on.requests) >= len(off.requests)


VIEWS = (handle("shop.rest.Items.list", "GET"),)
ITEMS = Route(path="^/items/$", template="/items/", handlers=VIEWS)


def with_format(path: str, view: str) -> Route:
    """Return what REST Framework makes of a route beside it."""
    return Route(
        path=f"^{path}\\.(?P<format>[a-z0-9]+)/?$",
        template=f"{path}.{{format}}",
        parameters={"format": "regex"},
        handlers=(handle(view, "GET"),),
    )


def test_a_route_is_written_as_a_request_has_it(tmp_path: Path) -> None:
    """Not as the regular expression that it is: an arm's path begins with a slash."""
    login = Route(path="/login/", handlers=(handle("django.contrib.auth.views.LoginView", "GET"),))
    text = draft(take(routes=(login, ITEMS)), Config())  # Django's own page is no example of an arm
    assert f"#   {'/items/':<44} shop.rest.Items.list (sync)" in text.splitlines()
    on = re.sub(r"^#(?=(\[arms\]|today|tomorrow))", "", text, flags=re.MULTILINE)
    assert read_back(tmp_path, on).arms["today"].path == "/items/"


def test_the_same_views_with_a_format_are_left_out() -> None:
    """Others that end in a format are a route like any."""
    same, other = (with_format("/items", f"shop.rest.Items.{name}") for name in ("list", "export"))
    alone = with_format("/report", "shop.rest.report")
    assert list_parametrised((ITEMS, same, other, alone)) == (other, alone)
