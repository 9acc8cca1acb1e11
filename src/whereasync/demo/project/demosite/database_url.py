"""One environment variable says which database: its URL becomes an entry of ``DATABASES``.

A path after ``sqlite://`` is always absolute; user, password and name are percent-decoded.
"""

from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured


def parse_database_url(url):
    """Return the ``DATABASES`` entry for a ``postgres://`` or ``sqlite:///`` URL.

    What follows ``?`` goes to the driver as options, except ``host``, the directory of a Unix
    socket. Raises ImproperlyConfigured for any other URL; the message never holds the password.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ImproperlyConfigured(f"DATABASE_URL is not a URL: {error}.") from error
    name = unquote(parts.path)
    if parts.scheme == "sqlite" and not parts.netloc and name.strip("/"):
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": name}
    if parts.scheme in {"postgres", "postgresql"} and name.strip("/"):
        options = dict(parse_qsl(parts.query))
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": name[1:],
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": options.pop("host", parts.hostname or ""),
            "PORT": str(port or options.pop("port", "")),
            "OPTIONS": options,
        }
    raise ImproperlyConfigured(
        "DATABASE_URL must look like postgres://user:password@host:port/name,"
        " postgres:///name?host=/socket/directory or sqlite:///absolute/path."
    )
