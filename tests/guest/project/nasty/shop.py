"""An included urlconf with a namespace of its own."""

from django.urls import include, path, re_path

from nasty import views

app_name = "shop"
urlpatterns = [
    path("", views.plain, name="index"),
    path("item/<int:pk>/", views.waiting, name="item"),
    path("<slug:pk>/", include([path("again/<uuid:pk>/", views.plain, name="again")])),
    re_path(r"^year/(?P<year>[0-9]{4})/$", views.plain, name="year"),
]
