"""What fills a parameter, where names say it, and nothing where they don't."""

from __future__ import annotations

import pytest

from whereasync.config.guesses import guess_fill
from whereasync.config.routes import write_path
from whereasync.model import Handler, Route, ViewKind

MODELS = {
    "shop.Item": ("id", "slug", "title"),
    "shop.OrderLine": ("id", "uuid"),
    "shop.Category": ("id", "name"),
    "shop.Box": ("id",),
    "blog.Entry": ("id", "slug", "year"),
    "blog.Author": ("id",),
    "auth.User": ("id", "username"),
    "team.User": ("id", "username"),
    "team.Token": ("key",),
}


def guess(path: str, parameters: str, *, name: str = "", view: str = "") -> dict[str, str]:
    """Guess for a route whose parameters are given as "pk:int slug:slug"."""
    handler = Handler(name=view, kind=ViewKind.FUNCTION, is_async=False, is_called_async=False)
    route = Route(
        path=path,
        parameters=dict(each.split(":") for each in parameters.split()),
        name=name,
        handlers=(handler,) if view else (),
    )
    return guess_fill(route, MODELS)


@pytest.mark.parametrize(
    ("path", "parameters", "known"),
    [
        ("/items/<int:pk>/", "pk:int", {"pk": ("Item", "pk")}),
        ("/item/<int:item_id>/", "item_id:int", {"item_id": ("Item", "pk")}),
        ("/x/<int:item>/", "item:int", {"item": ("Item", "pk")}),
        ("/x/<slug:item>/", "item:slug", {"item": ("Item", "slug")}),
        ("/x/<str:author>/", "author:str", {}),  # its name? nobody knows
        ("/x/<slug:item_slug>/", "item_slug:slug", {"item_slug": ("Item", "slug")}),
        ("/boxes/<int:id>/", "id:int", {"id": ("Box", "pk")}),
        ("/categories/<str:name>/", "name:str", {"name": ("Category", "name")}),
        ("/order-lines/<uuid:uuid>/", "uuid:uuid", {"uuid": ("OrderLine", "uuid")}),
        ("/box/<uuid:uuid>/", "uuid:uuid", {"uuid": ("Box", "pk")}),
        ("/tokens/<str:key>/", "key:str", {"key": ("Token", "key")}),
        ("/entry/<int:year>/", "year:int", {"year": ("Entry", "year")}),
        ("/item/<int:year>/", "year:int", {}),  # an item has none
        ("/author/<slug:slug>/", "slug:slug", {}),
        ("/nothing/<int:pk>/", "pk:int", {}),
        ("/item/<int:owner_id>/", "owner_id:int", {}),  # of an owner, who is no model
        ("/<int:pk>/", "pk:int", {}),
        (
            "/item/<int:pk>/of/<slug:slug>/entry/<int:entry_pk>/",
            "pk:int slug:slug entry_pk:int",
            {"pk": ("Item", "pk"), "entry_pk": ("Entry", "pk")},
        ),
    ],
)
def test_a_parameter_is_known_by_itself_and_by_what_stands_before_it(
    path: str, parameters: str, known: dict[str, tuple[str, str]]
) -> None:
    """A model alone that has the field."""
    labels = {label.partition(".")[2]: label for label in MODELS}
    expected = {
        name: f'{labels[model]}.objects.values_list("{field}", flat=True).first()'
        for name, (model, field) in known.items()
    }
    assert guess(path, parameters) == expected


@pytest.mark.parametrize(
    ("name", "view"),
    [
        ("item-detail", ""),
        ("shop:item_detail", ""),
        ("", "shop.views.ItemDetailView"),
        ("", "shop.views.show_item"),
        ("", "shop.api.ItemViewSet"),
    ],
)
def test_else_by_the_route_s_name_or_by_its_view(name: str, view: str) -> None:
    """Words such as detail name no model."""
    expected = 'shop.Item.objects.values_list("pk", flat=True).first()'
    assert guess("/x/<int:pk>/", "pk:int", name=name, view=view) == {"pk": expected}


def test_of_two_models_of_one_name_the_view_s_own_is_taken() -> None:
    """And asked for by its label; without a view nobody knows."""
    assert guess("/user/<int:pk>/", "pk:int") == {}
    expected = 'team.User.objects.values_list("pk", flat=True).first()'
    assert guess("/user/<int:pk>/", "pk:int", view="team.views.user") == {"pk": expected}


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ("/item/<int:pk>/<slug>/", "/item/{pk}/{slug}/"),
        ("/", "/"),
        ("^item/(?P<pk>[0-9]+)/$", None),
        ("/item/(?P<pk>[0-9]+)/", None),
        ("/é/", None),
        ("/{odd}/", None),
    ],
)
def test_a_path_is_written_where_it_can_be(path: str, written: str | None) -> None:
    """A regular expression says too little."""
    assert write_path(Route(path=path)) == written


def test_the_guest_s_own_way_to_write_a_path_comes_first() -> None:
    """It knows how Django takes a regular expression back; that may still be odd."""
    path = "^/item/(?P<item_id>[0-9]+)$"
    route = Route(path=path, template="/item/{item_id}", parameters={"item_id": "regex"})
    assert write_path(route) == "/item/{item_id}"
    fill = guess_fill(route, MODELS)
    assert fill == {"item_id": 'shop.Item.objects.values_list("pk", flat=True).first()'}
    named = Route(path=path, template="/x/{item}", parameters={"item": "regex"})
    assert guess_fill(named, MODELS) == {}
    assert write_path(Route(path=path, template="/item/{a}{")) is None
