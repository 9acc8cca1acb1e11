"""The application's name."""

from django.apps import AppConfig


class CarsConfig(AppConfig):
    name = "cars"
