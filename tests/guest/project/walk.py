"""Prints all URLs as Django's own resolver has them for ``reverse``: a walk that isn't ours."""

import json
import os

import django
from django.urls import get_resolver, resolve
from django.utils import translation
from django.utils.regex_helper import normalize

os.environ["DJANGO_SETTINGS_MODULE"] = "nasty.settings"  # whatever is said outside


def collect(resolver, prefix=""):
    """Yield the regular expression of every pattern."""
    for key, entries in resolver.reverse_dict.lists():
        if callable(key):
            for _, pattern, *_ in entries:
                yield prefix + pattern
    for inner, below in resolver.namespace_dict.values():
        yield from collect(below, prefix + inner)


def write(pattern):
    """Return how reverse() writes it."""
    text = "/" + normalize(pattern)[0][0]
    return text.replace("%(", "{").replace(")s", "}")


def find(path):
    """Return the name of what Django finds at a path."""
    try:
        return resolve(path).view_name
    except django.urls.Resolver404:
        return None


if __name__ == "__main__":
    django.setup()
    with translation.override("en"):
        templates = sorted(map(write, collect(get_resolver())))
        found = {path: find(path) for path in templates if "{" not in path}
    print(json.dumps({"templates": templates, "found": found}))
