"""Never to be imported by who only looks."""

from django.core.asgi import get_asgi_application

application = get_asgi_application()
raise RuntimeError("somebody imported asgi.py")
