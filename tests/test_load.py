"""More questions than the service takes: none of those that it takes is lost, the rest is told at once."""

import threading
import time
from collections import Counter
from pathlib import Path

import psycopg

from tests.crowd import Reply, ask_at_once
from tests.postgres import Database
from tests.scripted import Script
from tests.serving import environment, serving

TAKEN = 40
SURPLUS = 160
HAPPY = "How happy are our customers? {}"


def test_what_fits_is_answered_and_the_surplus_gets_503_while_the_model_still_works(
    demo: Database, model: Script, tmp_path: Path
) -> None:
    model.replies, model.held = ['{"kpi":"customer_satisfaction_score"}'], True
    replies: list[Reply] = []

    def all_ask() -> None:
        replies.extend(ask_at_once(served.url, [HAPPY.format(n) for n in range(TAKEN + SURPLUS)]))

    with serving(environment(demo, model, tmp_path, NLQ_MAX_QUESTIONS=str(TAKEN))) as served:
        asking = threading.Thread(target=all_ask)
        asking.start()
        while len(model.requests) < TAKEN:
            time.sleep(0.05)
        first = ask_at_once(served.url, ["Revenue last month"])  # while nothing that was taken has ended
        model.held = False
        asking.join()
    assert [reply.status for reply in first] == [503]
    assert Counter(reply.status for reply in replies) == {200: TAKEN, 503: SURPLUS}
    for reply in replies:
        if reply.status == 503:
            assert int(reply.headers["retry-after"]) > 0
            assert reply.headers["content-type"] == "application/problem+json"
            assert reply.body["type"] == "urn:nlq:problem:overloaded"
        else:
            assert reply.body["status"] == "answered"
    with psycopg.connect(demo.owner_url) as connection:
        rows = connection.execute(
            "SELECT h.id, successful, status FROM query_history h JOIN nlq.query_details ON query_id = h.id"
        ).fetchall()
    assert sorted(rows) == sorted((r.body["id"], True, "answered") for r in replies if r.status == 200)
