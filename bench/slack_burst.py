"""A burst of questions from Slack against `nlq serve`: how fast the slowest is acknowledged.

`python bench/slack_burst.py [QUESTIONS] [SECONDS]` asks that many at once (100) while the scripted model
takes that long for each (10), and waits for all answers. Slack waits three seconds for an acknowledgement.
"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor

from schema import migrate
from schema.demo.load import load
from tests.catalogs import TODAY
from tests.conftest import ROLES, copy_of
from tests.postgres import running_server
from tests.scripted import scripted_model
from tests.slack import payloads, stand_in
from tests.slack.conftest import ACME, environ, wait
from tests.slack.fronts import Http
from tests.slack.test_restart import answers, serving


def main(questions: int = 100, model_s: float = 10.0) -> None:
    """Ask, wait for all answers, print the figures."""
    with running_server() as server, stand_in.running() as slack, scripted_model() as script:
        slack.add(ACME)
        script.delay_s = model_s
        with server.fresh_database() as template:
            migrate.upgrade(server.url(template), ROLES)
            load(server.url(template), TODAY)
            with (
                copy_of(template, server) as database,
                serving(environ(database, slack, script)) as (_, http),
            ):
                _burst(http, slack, questions)


def _burst(http: Http, slack: stand_in.StandIn, questions: int) -> None:
    events = [
        payloads.message(
            ACME.id, "C1", "UANN", f"<@UBOT> How chuffed was team {n}?", slack.next_ts(), kind="app_mention"
        )
        for n in range(questions)
    ]
    began = time.monotonic()

    def ask(event: dict[str, object]) -> float:
        alone = Http(http.url)
        alone.event(event)
        return alone.slowest_s

    with ThreadPoolExecutor(questions) as people:
        took = sorted(people.map(ask, events))
    print(f"acknowledged {questions}: median {took[len(took) // 2]:.2f} s, slowest {took[-1]:.2f} s")
    wait(lambda: len(answers(slack, "C1")) == questions, 3600)
    print(f"answered {questions} after {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main(*(kind(value) for kind, value in zip((int, float), sys.argv[1:], strict=False)))
