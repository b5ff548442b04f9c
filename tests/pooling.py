"""Where pgbouncer is, if this machine has it."""

import os
import shutil

PGBOUNCER = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
MISSING = "PGBOUNCER IS MISSING: the store was not tried behind a pooler. Install it (Debian: apt install pgbouncer)."
