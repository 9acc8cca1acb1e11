"""Every view; the catalogue describes the same list for the index page."""

from django.urls import path

from cars.views import (
    advised,
    as_written,
    events,
    orm,
    plain,
    planted,
    relation,
    same_work,
    streaming,
)
from cars.views.index import Index
from cars.views.private import Private

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
    path("plain/hello/sync/", plain.SyncHello.as_view()),
    path("plain/hello/async/", plain.AsyncHello.as_view()),
    path("plain/query/sync/", plain.SyncQuery.as_view()),
    path("plain/query/async/", plain.AsyncQuery.as_view()),
    path("planted/sync/", planted.SyncPlanted.as_view()),
    path("planted/async/", planted.AsyncPlanted.as_view()),
    path("relation/async-through/", relation.AsyncThrough.as_view()),
    path("relation/async-wrapped/", relation.AsyncWrapped.as_view()),
    path("relation/async-aadd/", relation.AsyncAadd.as_view()),
    path("orm/sync/", orm.SyncOrm.as_view()),
    path("orm/async/", orm.AsyncOrm.as_view()),
    path("orm/async-coalesced/", orm.CoalescedOrm.as_view()),
    path("streaming/whole-whole/sync/", streaming.SyncWholeWhole.as_view()),
    path("streaming/whole-whole/async/", streaming.AsyncWholeWhole.as_view()),
    path("streaming/whole-streamed/sync/", streaming.SyncWholeStreamed.as_view()),
    path("streaming/whole-streamed/async/", streaming.AsyncWholeStreamed.as_view()),
    path("streaming/streamed-whole/sync/", streaming.SyncStreamedWhole.as_view()),
    path("streaming/streamed-whole/async/", streaming.AsyncStreamedWhole.as_view()),
    path("streaming/streamed-streamed/sync/", streaming.SyncStreamedStreamed.as_view()),
    path("streaming/streamed-streamed/async/", streaming.AsyncStreamedStreamed.as_view()),
    path("events/sync/", events.SyncEvents.as_view()),
    path("events/async/", events.AsyncEvents.as_view()),
    path("private/", Private.as_view()),
]
