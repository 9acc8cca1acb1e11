"""The four tables, and the one between cars and stores."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

ID = models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="CarParts",
            fields=[("id", ID.clone()), ("engine", models.TextField())],
        ),
        migrations.CreateModel(
            name="Manufacturer",
            fields=[("id", ID.clone()), ("name", models.CharField(max_length=150))],
        ),
        migrations.CreateModel(
            name="Store",
            fields=[("id", ID.clone()), ("location", models.CharField(max_length=150))],
        ),
        migrations.CreateModel(
            name="Car",
            fields=[
                ("id", ID.clone()),
                ("created_at", models.DateField(default=django.utils.timezone.localdate)),
                (
                    "car_parts",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="cars.carparts",
                    ),
                ),
                (
                    "manufacturer",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="cars.manufacturer",
                    ),
                ),
                ("store", models.ManyToManyField(null=True, to="cars.store")),
            ],
        ),
    ]
