"""``whereasync_guest.asgi:application``: the project over ASGI, ours laid over its settings."""

from whereasync_guest.serving import load

application = load("asgi")
