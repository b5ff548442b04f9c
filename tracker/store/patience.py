"""PostgreSQL connections that give up: a network that swallows what is sent must not keep anybody waiting for good."""

from typing import Any

import psycopg
from psycopg.abc import RV, PQGen

PATIENCE = 8.0
"""Seconds. PostgreSQL's own limits are shorter, so this runs out only where its answer does not arrive at all."""


class PatientConnection(psycopg.Connection[Any]):
    """A connection that is closed when PostgreSQL has not answered in time; what became of the statement is unknown."""

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Return what the generator returns; OperationalError, and no connection any more, where it takes too long."""
        try:
            return super().wait(gen, interval=interval, timeout=PATIENCE if timeout is None else timeout)
        except psycopg.OperationalError:
            # Whoever was refused by PostgreSQL is told so; who is still being served has run out of time.
            if self.pgconn.transaction_status == psycopg.pq.TransactionStatus.ACTIVE:
                self.close()
            raise
