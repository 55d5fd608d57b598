"""No outage and no crash tears a hole in the history: nothing is lost, twice, or wrongly successful."""

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from nlq import settings as settings_module
from nlq.answer import Answer, Status
from nlq.clock import fixed
from nlq.errors import DatabaseUnavailable
from nlq.history import Record
from nlq.history_list import HistoryEntry
from nlq.question import Question, SlackPlace
from nlq.service import Service, build
from schema import migrate
from schema.demo.load import load
from tests.catalogs import TODAY
from tests.conftest import ROLES
from tests.postgres import READER_PASSWORD, WRITER_PASSWORD, Database, Server, running_server
from tests.scripted import SLOW_LIMITS, SLOW_QUESTION, SLOW_REPLY, Script
from tests.serving import environment

REVENUE = "Revenue by region last month"
HAPPY = "How chuffed are our customers?"


@pytest.fixture(scope="module")
def own_server() -> Iterator[Server]:
    """A PostgreSQL that a test may stop and start."""
    with running_server() as server:
        yield server


@pytest.fixture
def own(own_server: Server) -> Iterator[Database]:
    """A database with the demo company in a PostgreSQL that a test may stop and start."""
    with own_server.fresh_database() as name:
        migrate.upgrade(own_server.url(name), ROLES)
        load(own_server.url(name), TODAY)
        yield Database(
            own_server.url(name),
            own_server.url(name, "nlq_reader", READER_PASSWORD),
            own_server.url(name, "nlq_writer", WRITER_PASSWORD),
        )


def built(database: Database, model: Script, home: Path, **settings: str) -> Service:
    return build(settings_module.load(environment(database, model, home, **settings)), fixed(TODAY))


@contextmanager
def no_writer(database: Database) -> Iterator[None]:
    """An outage for the writer alone: the reader works, as on a replica."""
    with psycopg.connect(database.owner_url, autocommit=True) as connection:
        connection.execute("ALTER ROLE nlq_writer CONNECTION LIMIT 0")
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'nlq_writer'"
        )
        try:
            yield
        finally:
            connection.execute("ALTER ROLE nlq_writer CONNECTION LIMIT -1")


def entries(service: Service) -> tuple[HistoryEntry, ...]:
    return service.history.page().entries


def asked_while(service: Service, text: str, stage: str, do: Callable[[], object]) -> Answer:
    """The answer to `text`, where something is done when a stage begins."""

    def on_stage(name: str) -> None:
        if name == stage:
            do()

    return service.pipeline.ask(Question(text), on_stage)


def test_an_answer_survives_a_stop_of_postgresql_before_it_is_entered(
    own_server: Server, own: Database, model: Script, tmp_path: Path
) -> None:
    service = built(own, model, tmp_path)
    answer = asked_while(service, REVENUE, "answer", own_server.stop)
    own_server.start()
    assert answer.status is Status.ANSWERED
    assert entries(service)[0].status == "running"
    service.tidy()
    (entry,) = entries(service)
    assert (entry.id, entry.status, entry.successful) == (answer.id, "answered", True)
    assert (entry.answer_text, entry.sql, entry.plan) == (answer.text, answer.sql, answer.plan)
    assert service.pipeline.intake.history.spool.entries() == []


def test_a_stop_of_postgresql_in_mid_question_is_a_clear_failure_that_is_entered_later(
    own_server: Server, own: Database, model: Script, tmp_path: Path
) -> None:
    service = built(own, model, tmp_path)
    answer = asked_while(service, REVENUE, "database", own_server.stop)
    own_server.start()
    assert (answer.status, "database" in answer.text) == (Status.FAILED, True)
    service.tidy()
    (entry,) = entries(service)
    assert (entry.id, entry.status, entry.successful) == (answer.id, "failed", False)
    assert service.pipeline.ask(Question(REVENUE)).status is Status.ANSWERED


def test_a_connection_that_is_killed_again_and_again_is_a_clear_failure(
    demo: Database, model: Script, tmp_path: Path
) -> None:
    model.replies = [SLOW_REPLY]
    service = built(demo, model, tmp_path, **SLOW_LIMITS)
    kill = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'nlq_reader'"
        " AND datname = current_database() AND query LIKE 'FETCH%'"
    )
    with ThreadPoolExecutor(1) as pool, psycopg.connect(demo.owner_url, autocommit=True) as connection:
        asked = pool.submit(service.pipeline.ask, Question(SLOW_QUESTION))
        while not asked.done():
            connection.execute(kill)
            time.sleep(0.05)
    assert asked.result().status is Status.FAILED
    assert "connection" in asked.result().text
    assert service.pipeline.ask(Question(REVENUE)).status is Status.ANSWERED


def test_a_question_is_answered_from_a_replica_while_the_historys_database_is_down(
    demo: Database, model: Script, tmp_path: Path
) -> None:
    service = built(demo, model, tmp_path)
    service.pipeline.intake.history.reserve()
    before = service.pipeline.ask(Question(REVENUE))
    question = Question(REVENUE, channel="slack", user="ann", slack=SlackPlace("T1", "C1"))
    with no_writer(demo):
        answer = service.pipeline.ask(question)
        with pytest.raises(DatabaseUnavailable):
            entries(service)
    assert (answer.status, answer.text) == (Status.ANSWERED, before.text)
    service.tidy()
    late = service.history.get(answer.id)
    assert late is not None
    assert (late.question, late.user, late.channel, late.successful) == (REVENUE, "ann", "slack", True)
    assert late.conversation_id == answer.conversation_id
    assert late.timestamp is not None
    assert late.finished_at is not None
    assert late.timestamp <= late.finished_at
    follow_up = service.pipeline.ask(Question("and in 2025?", answer.conversation_id))
    assert follow_up.status is Status.ANSWERED


def test_what_is_delivered_again_after_a_crash_changes_nothing(
    demo: Database, model: Script, tmp_path: Path
) -> None:
    service = built(demo, model, tmp_path)
    service.pipeline.intake.history.reserve()
    spool = service.pipeline.intake.history.spool
    with no_writer(demo):
        service.pipeline.ask(Question(REVENUE))
    kept = [(path, path.read_bytes()) for path in spool.entries()]
    assert len(kept) == 2
    service.tidy()
    delivered = entries(service)
    for path, content in kept:
        path.write_bytes(content)
    service.tidy()
    assert entries(service) == delivered
    assert spool.entries() == []


def test_without_a_database_to_read_a_question_is_refused_and_nothing_is_kept(
    own_server: Server, own: Database, model: Script, tmp_path: Path
) -> None:
    service = built(own, model, tmp_path)
    service.pipeline.intake.history.reserve()
    own_server.stop()
    try:
        with pytest.raises(DatabaseUnavailable, match="cannot be reached"):
            service.pipeline.ask(Question(REVENUE))
    finally:
        own_server.start()
    assert service.pipeline.intake.history.spool.entries() == []
    assert entries(service) == ()


def test_what_the_history_can_never_take_is_put_aside_and_stops_nothing(
    demo: Database, model: Script, tmp_path: Path
) -> None:
    service = built(demo, model, tmp_path)
    spool = service.pipeline.intake.history.spool
    spool.add("0-damaged", {})
    (spool.folder / "1-cut.json").write_text('{"what": "st')
    answer = service.pipeline.ask(Question(REVENUE))
    service.tidy()
    assert spool.entries() == []
    assert len(list((spool.folder / "refused").iterdir())) == 2
    assert [entry.id for entry in entries(service)] == [answer.id]


def test_a_full_spool_is_said_and_the_answer_kept_back(
    own_server: Server, own: Database, model: Script, tmp_path: Path
) -> None:
    service = built(own, model, tmp_path, NLQ_SPOOL_BYTES="100")
    try:
        with pytest.raises(DatabaseUnavailable, match="NLQ_SPOOL_BYTES"):
            asked_while(service, REVENUE, "answer", own_server.stop)
    finally:
        own_server.start()
    (entry,) = entries(service)
    assert (entry.status, entry.successful) == ("running", False)


def test_a_full_disk_is_said_and_leaves_no_half_entry(tmp_path: Path) -> None:
    code = (
        "import resource, sys, pathlib\nfrom nlq.spool import Spool, SpoolFull\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "spool = Spool(pathlib.Path(sys.argv[1]), 10**9)\n"
        "spool.add('1', {'fits': True})\n"
        "try:\n    spool.add('2', {'too long': 'x' * 5000})\n"
        "except SpoolFull as full:\n    print(full)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True)
    assert "File too large" in ended.stdout
    assert "free some space" in ended.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["1.json"]


@pytest.mark.skipif(shutil.which("mount") is None, reason="no mount here")
def test_a_disk_without_space_is_said_too(tmp_path: Path) -> None:
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(tmp_path)], check=False)
    if mounted.returncode:
        pytest.skip("this user may not mount")
    try:
        ended = subprocess.run(
            [sys.executable, "-c", _FILL, str(tmp_path / "spool")], capture_output=True, text=True
        )
        assert "No space left on device" in ended.stdout
        assert not list(tmp_path.glob("spool/*.draft"))
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


_FILL = """
import pathlib, sys
from nlq.spool import Spool, SpoolFull
spool = Spool(pathlib.Path(sys.argv[1]), 10**9)
try:
    for number in range(100):
        spool.add(str(number), {"text": "x" * 1000})
except SpoolFull as full:
    print(full)
"""


def test_a_question_whose_process_died_is_ended_and_one_whose_process_lives_is_not(
    demo: Database, model: Script, tmp_path: Path
) -> None:
    service = built(demo, model, tmp_path)
    history = service.pipeline.history
    dead, alive, old = (history.start(Question(text)) for text in ("Dead?", "Alive?", "Old?"))
    with psycopg.connect(demo.owner_url) as connection:
        connection.execute(
            "UPDATE nlq.query_details SET alive_until = now() - interval '1 s' WHERE query_id <> %s",
            (old.query_id,),
        )
        connection.execute(
            "UPDATE nlq.query_details SET alive_until = NULL, started_at = now() - interval '1 day'"
            " WHERE query_id = %s",
            (old.query_id,),
        )
    history.renew([alive.query_id])
    service.tidy()
    ended = {entry.question: (entry.status, entry.reason) for entry in entries(service)}
    assert ended == {
        "Dead?": ("failed", "interrupted"),
        "Old?": ("failed", "interrupted"),
        "Alive?": ("running", None),
    }
    record = Record(Status.ANSWERED, 1)
    assert history.finish(dead.query_id, record)
    assert not history.finish(dead.query_id, record)
