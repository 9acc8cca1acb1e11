"""Which models the project has, by name: what a request's parameter may be filled from."""

from __future__ import annotations


def name_models() -> dict[str, list[str]]:
    """Return "shop.Item" → the names of its columns, of models that have a table to read."""
    from django.apps import apps

    return {
        model._meta.label: [field.name for field in model._meta.concrete_fields]  # noqa: SLF001 # it is public
        for model in apps.get_models()
        if model._meta.managed and not model._meta.proxy  # noqa: SLF001
    }
