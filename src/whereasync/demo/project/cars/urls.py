"""Every view of the three families; the catalogue describes the same list for the index page."""

from django.urls import path

from cars.views import advised, as_written, same_work
from cars.views.index import Index

urlpatterns = [
    path("", Index.as_view()),
    path("as-written/cars/sync/", as_written.SyncCars.as_view()),
    path("as-written/cars/async/", as_written.AsyncCars.as_view()),
    path("as-written/rates/sync/", as_written.SyncRates.as_view()),
    path("as-written/rates/async/", as_written.AsyncRates.as_view()),
    path("same-work/cars/sync/", same_work.SyncCars.as_view()),
    path("same-work/cars/async/", same_work.AsyncCars.as_view()),
    path("same-work/rates/sync/", same_work.SyncRates.as_view()),
    path("same-work/rates/async/", same_work.AsyncRates.as_view()),
    path("advised/cars/sync/", advised.SyncCars.as_view()),
    path("advised/cars/async/", advised.AsyncCars.as_view()),
    path("advised/rates/sync/", advised.SyncRates.as_view()),
    path("advised/rates/async/", advised.AsyncRates.as_view()),
    path("advised/rates/async-in-turn/", advised.AsyncRatesInTurn.as_view()),
]
