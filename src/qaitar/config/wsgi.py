"""What the web server calls."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

from qaitar.foundation.ops import logs

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qaitar.config.settings")
logs.configure()
application = get_wsgi_application()
