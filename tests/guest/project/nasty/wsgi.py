"""Never to be imported by who only looks."""

raise RuntimeError("somebody imported wsgi.py")
application = None
