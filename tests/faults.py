"""The real product, whose parts a test catches at a step and kills there."""

import contextlib
import time

import psycopg
from celery import Celery

PATIENCE = 40.0
BLOCKED = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock'
"""
END_BLOCKED = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


class Desk:
    """The product, and what a test does to it from outside."""

    def __init__(self, product):
        self.product = product
        self.jobs = self.jobs_by(product.environment["REDIS_URL"])

    def jobs_by(self, redis_url):
        app = Celery(set_as_current=False)
        prefix = f"{self.product.environment['REDIS_PREFIX']}:celery:"
        app.conf.update(
            broker_url=redis_url,
            broker_transport_options={"global_keyprefix": prefix},
            task_ignore_result=True,
        )
        return app

    def ask(self, task, *args, queue="default"):
        self.jobs.send_task(task, args, queue=queue, routing_key=queue, exchange=queue)

    def sql(self, statement, values=None):
        with self.connect() as connection:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def connect(self):
        return psycopg.connect(self.product.database_url, autocommit=True)

    @contextlib.contextmanager
    def holding(self, statement):
        """What a statement locks, until the end of the block."""
        with psycopg.connect(self.product.database_url) as connection:
            connection.execute(statement)
            yield
            connection.rollback()

    def kill_blocked(self, *, with_backend=True):
        """The worker that waits for a lock, and what it had asked the database for."""
        self.wait_until(lambda: self.sql(BLOCKED) != [(0,)])
        self.product.kill("worker")
        if with_backend:
            self.sql(END_BLOCKED)

    def wait_until(self, condition):
        begun = time.monotonic()
        while not condition():
            assert time.monotonic() - begun < PATIENCE, self.product.logs()
            time.sleep(0.05)
