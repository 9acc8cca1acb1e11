"""URLs of every kind."""

from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.urls import include, path, re_path
from django.utils.translation import gettext_lazy
from django.views.generic import RedirectView, TemplateView

from nasty import classes, operations, rest, views

urlpatterns = [
    path("plain/", views.plain),
    path("waiting/", views.waiting, name="enter"),
    path("decorated/", views.decorated, name="decorated"),
    path("permitted/", views.permitted, name="permitted"),
    path("exempt/", views.exempt, name="exempt"),
    path("free/", views.free, name="free"),
    path("whole/", views.whole, name="whole"),
    path("counted/", views.counted, name="counted"),
    path("politely/", views.politely_hidden, name="politely"),
    path("forgotten/", views.forgotten, name="forgotten"),
    path("blocking/", views.blocking, name="blocking"),
    path("threaded/", views.threaded, name="threaded"),
    path("flavoured/", views.flavoured, name="flavoured"),
    path("later/", views.later, name="later"),
    path("short/", views.short, name="short"),
    path("made/", views.make("made"), name="made"),
    path("teller/", views.Teller(), name="teller"),
    path("trap/", views.Trap(), name="trap"),
    path("reply/", views.Reply, name="reply"),
    path("news/", views.News(), name="news"),
    path("desk/", views.Desk().receive, name="desk"),
    path("sync/", classes.Sync.as_view(), name="sync"),
    path("async/", classes.Async.as_view(), name="async"),
    path("guarded/", views.polite(classes.Guarded.as_view()), name="guarded"),
    path("people/", classes.People.as_view(), name="people"),
    path("dispatching/", classes.Dispatching.as_view(), name="dispatching"),
    path("template/", TemplateView.as_view(template_name="x.html"), name="template"),
    path("moved/", RedirectView.as_view(url="/plain/"), name="moved"),
    path("shop/", include("nasty.shop")),
    path("<str:tenant>/shop/", include("nasty.shop", namespace="tenant")),
    re_path(r"^old/(?P<section>\w+)/", include([path("item/<int:pk>/", views.plain, name="old")])),
    re_path(r"^pair/(\d+)-(\d+)/$", views.plain, name="pair"),
    re_path(r"^either/$|^or/$", views.plain, name="either"),
    re_path(r"anywhere/$", views.plain, name="anywhere"),
    path("things/", rest.Things.as_view(), name="things"),
    path("functional/", rest.functional, name="functional"),
    path("rest/", include((rest.router.urls, "rest"))),
    path("ninja/", operations.api.urls),
    path("admin/", admin.site.urls),
    path("twice/", views.plain, name="first"),
    path("twice/", views.waiting, name="second"),
    *i18n_patterns(
        path("spoken/", views.plain, name="spoken"),
        path(gettext_lazy("home/"), views.plain, name="home"),
    ),
]
