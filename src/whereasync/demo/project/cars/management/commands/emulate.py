"""``manage.py emulate PLAN``: ask views through Django's test tools, and say how long it took."""

import json
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.test.utils import setup_test_environment

from cars.emulation import Emulator


class Command(BaseCommand):
    help = (
        "Sends the bursts of PLAN, a JSON list of objects with way, variant, path and clients, "
        "and prints each again, on a line of its own, with its seconds and in_view."
    )

    def add_arguments(self, parser):
        parser.add_argument("plan", type=Path, metavar="PLAN", help="a file")

    def handle(self, *, plan, **_options):
        try:
            bursts = json.loads(plan.read_text())
        except (OSError, ValueError) as error:
            raise CommandError(f"PLAN can't be read: {error}") from error
        setup_test_environment()
        emulator = Emulator(max((each["clients"] for each in bursts), default=1))
        for each in bursts:
            asked = (each["way"], each["variant"], each["path"], each["clients"])
            try:
                seconds, in_view = emulator.send(*asked)
                told = {"seconds": seconds, "in_view": in_view}
            except Exception as error:  # noqa: BLE001 # whatever it is, the others go on
                told = {"error": f"{type(error).__name__}: {error}"}
            self.stdout.write(json.dumps({**each, **told}))
        emulator.close()
