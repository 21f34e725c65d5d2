"""Django's cache framework on its Redis backend, and sessions kept in it."""

import os
import time

import django
from django.conf import settings

PORT = os.environ["PORT"]
settings.configure(
    CACHES={
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": f"redis://127.0.0.1:{PORT}/3",
        }
    },
    INSTALLED_APPS=["django.contrib.sessions"],
    SESSION_ENGINE="django.contrib.sessions.backends.cache",
    SECRET_KEY="test",
)
django.setup()

from django.contrib.sessions.backends.cache import SessionStore  # noqa: E402 - wants the settings
from django.core.cache import cache  # noqa: E402

cache.clear()
cache.set("answer", {"n": 42}, timeout=100)
assert cache.get("answer") == {"n": 42}
assert cache.add("answer", 1) is False and cache.add("fresh", 1) is True
assert cache.get_or_set("made", lambda: "here") == "here"
assert cache.incr("fresh", 4) == 5 and cache.decr("fresh") == 4
try:
    cache.incr("absent")
    raise AssertionError("a counter that is not there cannot grow")
except ValueError:
    pass
cache.set_many({"a": 1, "b": 2}, timeout=100)
assert cache.get_many(["a", "b", "c"]) == {"a": 1, "b": 2}
assert cache.touch("a", 0) is True and cache.get("a") is None
cache.set("short", 1, timeout=1)
time.sleep(1.2)
assert cache.get("short") is None and "b" in cache
cache.delete_many(["b", "made"])
assert cache.get("b") is None
assert cache.delete("answer") is True and cache.delete("answer") is False

session = SessionStore()
session["user"] = 7
session.save()
again = SessionStore(session_key=session.session_key)
assert again["user"] == 7
again.flush()
assert not SessionStore(session_key=session.session_key).exists(session.session_key)
