"""The article's four models."""

from django.db import models
from django.utils import timezone


class CarParts(models.Model):
    engine = models.TextField()

    def __str__(self):
        return self.engine


class Manufacturer(models.Model):
    name = models.CharField(max_length=150)

    def __str__(self):
        return self.name


class Store(models.Model):
    location = models.CharField(max_length=150)

    def __str__(self):
        return self.location


class Car(models.Model):
    created_at = models.DateField(default=timezone.localdate)
    store = models.ManyToManyField(Store, null=True)  # null means nothing here: see settings
    car_parts = models.ForeignKey(CarParts, null=True, on_delete=models.CASCADE)
    manufacturer = models.ForeignKey(Manufacturer, null=True, on_delete=models.CASCADE)

    def __str__(self):
        return f"car {self.pk}"
