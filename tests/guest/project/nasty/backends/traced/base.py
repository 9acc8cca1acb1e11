"""A backend made from Django's, as those that trace or pool are."""

from django.db.backends.sqlite3 import base


class DatabaseWrapper(base.DatabaseWrapper):
    vendor = "traced"
