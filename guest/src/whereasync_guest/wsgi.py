"""``whereasync_guest.wsgi:application``: the project over WSGI, ours laid over its settings."""

from whereasync_guest.serving import load

application = load("wsgi")
