"""Superset's settings for a test: its own SQLite, no cache, nothing from outside."""

import os

SECRET_KEY = "only-for-tests-0123456789abcdef0123456789abcdef"
SQLALCHEMY_DATABASE_URI = (
    f"sqlite:///{os.environ['SUPERSET_HOME']}/superset.db?check_same_thread=false")
# Its pages ask for a pixel from outside, which no setting turns off: the policy forbids it.
TALISMAN_ENABLED = True
TALISMAN_CONFIG = {
    "content_security_policy": {
        "base-uri": ["'self'"], "default-src": ["'self'"], "img-src": ["'self'", "blob:", "data:"],
        "worker-src": ["'self'", "blob:"], "connect-src": ["'self'"], "object-src": "'none'",
        "style-src": ["'self'", "'unsafe-inline'"], "script-src": ["'self'", "'strict-dynamic'"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    "force_https": False, "session_cookie_secure": False,
}
WTF_CSRF_ENABLED = True
FAB_ADD_SECURITY_API = True
RATELIMIT_ENABLED = False
PREVENT_UNSAFE_DB_CONNECTIONS = False
CACHE_CONFIG = DATA_CACHE_CONFIG = {"CACHE_TYPE": "NullCache"}
FILTER_STATE_CACHE_CONFIG = EXPLORE_FORM_DATA_CACHE_CONFIG = {
    "CACHE_TYPE": "SupersetMetastoreCache", "CACHE_DEFAULT_TIMEOUT": 86400}
