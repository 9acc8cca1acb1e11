"""Where servers would start the project: its WSGI and ASGI applications, found without importing.

A newcomer would import them: that sets Django up a second time, with the settings that the module
names instead of those that the user named.
"""

from __future__ import annotations

import ast
from importlib.util import find_spec
from pathlib import Path
from typing import Any

NAMES = ("application", "app")


def find_entry(settings: Any, module: str, kind: str, warnings: list[str]) -> str:
    """Return the "wsgi" or "asgi" entry as "shop.wsgi:application"; empty where there is none.

    What WSGI_APPLICATION or ASGI_APPLICATION name comes first, then such a module beside the
    settings or the URLs.
    """
    setting = f"{kind.upper()}_APPLICATION"
    if named := getattr(settings, setting, None):
        entry = _split(str(named))
        if _find_file(entry.partition(":")[0]):
            return entry
        warnings.append(f"{setting} names {named}, which can't be found")
    urls = str(getattr(settings, "ROOT_URLCONF", "") or "")
    for package in _list_packages(module, urls):
        candidate = f"{package}.{kind}" if package else kind
        if found := _find_name(_find_file(candidate)):
            return f"{candidate}:{found}"
    return ""


def _split(named: str) -> str:
    """Return Django's "shop.wsgi.application" as servers have it."""
    if ":" in named:
        return named
    module, _, name = named.rpartition(".")
    return f"{module}:{name}"


def _list_packages(*modules: str) -> list[str]:
    """Return the packages round modules, the nearest first, and at last none."""
    found: list[str] = []
    for module in modules:
        package = module.rpartition(".")[0]
        while package:
            found.append(package)
            package = package.rpartition(".")[0]
    return [*dict.fromkeys(found), ""]


def _find_file(module: str) -> str:
    try:
        spec = find_spec(module)
    except Exception:  # noqa: BLE001 # a package on the way to it may raise anything
        return ""
    return (spec.origin or "") if spec else ""


def _find_name(file: str) -> str:
    """Return what a module calls its application, "" where it has none at its top level."""
    if not file.endswith(".py"):
        return ""
    try:
        tree = ast.parse(Path(file).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return ""
    bound = {name for statement in tree.body for name in _bind(statement)}
    return next((name for name in NAMES if name in bound), "")


def _bind(statement: ast.stmt) -> list[str]:
    if isinstance(statement, (ast.Assign, ast.AnnAssign)):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        return [target.id for target in targets if isinstance(target, ast.Name)]
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return [alias.asname or alias.name for alias in statement.names]
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return [statement.name]
    return []
