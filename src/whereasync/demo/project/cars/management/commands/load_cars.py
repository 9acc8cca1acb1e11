"""``manage.py load_cars N``: start again with N cars."""

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from cars import fleet


class Command(BaseCommand):
    help = "Replaces all cars, parts, makers and stores by N of each, numbered from 1."

    def add_arguments(self, parser):
        parser.add_argument("count", metavar="N", help="how many, from 1 up")

    def handle(self, *, count, **_options):
        try:
            number = int(count)
        except ValueError:
            number = 0
        if number < 1:
            raise CommandError(f"N must be a whole number from 1 up, not {count!r}.")
        if not set(fleet.table_names()) <= set(connection.introspection.table_names()):
            raise CommandError("The tables are missing: run `manage.py migrate` first.")
        fleet.load(number)
        self.stdout.write(f"Loaded {number} of each model.")
