"""What browsers hear, from a real server over real WebSockets."""

import time
from datetime import UTC, datetime

from redis import Redis

from millrace.eventbus.wire import encode
from millrace.jobs.events import Event, JobChanged, LogWritten, ProgressMade
from millrace.jobs.job import LogLine, Progress
from millrace.jobs.outcome import Completed
from tests.realtime.conftest import Site
from tests.waiting import wait_until


def test_two_browsers_see_the_same_job_move(site: Site) -> None:
    ada = site.person("ada")
    browsers = [ada.connect(), ada.connect()]
    assert browsers[0].subscribe("jobs:all") == {"ok": True}
    assert browsers[1].subscribe(f"jobs:{ada.account.id}") == {"ok": True}
    job = ada.submit()
    claimed = site.services.jobs.claim(job.delivery, "worker")
    assert claimed is not None
    site.services.jobs.settle(claimed.job, Completed({"ok": 1}))
    for browser in browsers:
        browser.wait_for_state(job, "completed")
        [row] = browser.all("jobs")[-1]
        assert row["submitter"] == {"id": ada.account.id, "name": "ada"}
        assert row["version"] == job.version + 2


def test_who_cancelled_a_job_is_told_along_with_it(site: Site) -> None:
    admin, bob = site.person("admin"), site.person("bob")
    browser = bob.connect()
    browser.subscribe(f"jobs:{bob.account.id}")
    job = bob.submit()
    site.services.jobs.cancel(job.id, admin.account)
    browser.wait_for_state(job, "cancelled")
    [row] = browser.all("jobs")[-1]
    assert row["cancel_requested_by"] == {"id": admin.account.id, "name": "admin"}
    assert row["submitter"] == {"id": bob.account.id, "name": "bob"}


def test_a_member_hears_nothing_of_anothers_job(site: Site) -> None:
    admin, eve, bob = site.person("admin"), site.person("eve"), site.person("bob")
    listening = eve.connect()
    job = bob.submit()
    for room in ("jobs:all", f"jobs:{bob.account.id}", f"job:{job.id}", f"jobs:{admin.account.id}"):
        assert listening.subscribe(room)["error"]["code"] in ("not_allowed", "job_not_found")
    assert listening.subscribe(f"jobs:{eve.account.id}") == {"ok": True}
    later, own = bob.submit(), eve.submit()
    wait_until(lambda: listening.states_of(own))
    assert not listening.states_of(later)
    assert not listening.states_of(job)


def test_progress_and_log_of_one_job_arrive_in_order_and_nowhere_else(site: Site) -> None:
    ada = site.person("ada")
    on_list, on_page = ada.connect(), ada.connect()
    job, other = ada.submit(), ada.submit()
    on_list.subscribe("jobs:all")
    on_page.subscribe(f"job:{job.id}")
    for number in range(1, 40):
        progress = Progress(job.id, ada.account.id, 1, number, number / 39, f"step {number}")
        site.services.jobs.report_progress(progress, store=False)
        line = LogLine(job.id, ada.account.id, 1, number, datetime.now(UTC), "info", f"line {number}")
        site.services.jobs.write_logs([line])
    site.services.jobs.report_progress(Progress(other.id, ada.account.id, 1, 1, None, ""), store=False)
    wait_until(lambda: sum(len(lines) for lines in on_page.all("log")) == 39)
    assert [line["seq"] for lines in on_page.all("log") for line in lines] == list(range(1, 40))
    steps = [row["seq"] for rows in on_page.all("progress") for row in rows]
    assert steps == sorted(steps)
    wait_until(lambda: [row["seq"] for rows in on_page.all("progress") for row in rows][-1] == 39)
    wait_until(lambda: {row["job_id"] for rows in on_list.all("progress") for row in rows} == {job.id, other.id})
    assert not on_list.all("log")
    assert {row["job_id"] for rows in on_page.all("progress") for row in rows} == {job.id}


def test_events_that_come_late_or_twice_are_not_shown(site: Site, redis_url: str) -> None:
    ada = site.person("ada")
    browser = ada.connect()
    job = ada.submit()
    browser.subscribe("jobs:all")
    claimed = site.services.jobs.claim(job.delivery, "worker")
    assert claimed is not None
    browser.wait_for_state(job, "running")
    shown = browser.states_of(job)
    late: list[Event] = [
        JobChanged(job),
        JobChanged(claimed.job),
        ProgressMade(Progress(job.id, ada.account.id, 1, 2, 0.5, "")),
        ProgressMade(Progress(job.id, ada.account.id, 1, 1, 0.1, "")),
    ]
    with Redis.from_url(redis_url) as client:
        for event in late:
            for message in encode([event]):
                client.publish(message.channel, message.data)
    after = ada.submit()
    wait_until(lambda: browser.states_of(after) and browser.all("progress"))
    assert browser.states_of(job) == shown
    assert [row["seq"] for rows in browser.all("progress") for row in rows] == [2]


def test_a_burst_is_joined_to_ten_messages_a_second(site: Site) -> None:
    ada = site.person("ada")
    browser = ada.connect()
    browser.subscribe("jobs:all")
    job = ada.submit()
    wait_until(lambda: browser.states_of(job))
    heard, started = len(browser.heard), time.monotonic()
    seq = 0
    while time.monotonic() - started < 1:
        seq += 1
        site.services.jobs.report_progress(Progress(job.id, ada.account.id, 1, seq, None, ""), store=False)
        ada.submit()
    wait_until(lambda: browser.all("progress")[-1][-1]["seq"] == seq)
    took = time.monotonic() - started
    assert seq > 20
    assert len(browser.heard) - heard <= took * 10 + 3


def test_the_first_change_is_told_at_once(site: Site) -> None:
    ada = site.person("ada")
    browser = ada.connect()
    browser.subscribe("jobs:all")
    took = []
    for _ in range(5):
        began = time.monotonic()
        browser.wait_for_state(ada.submit(), "queued")
        took.append(time.monotonic() - began)
    assert min(took) < 0.3


def test_more_changes_than_are_worth_sending_become_one_refetch(site: Site, redis_url: str) -> None:
    ada = site.person("ada")
    browser = ada.connect()
    job = ada.submit()
    browser.subscribe(f"job:{job.id}")
    now = datetime.now(UTC)
    lines = [LogLine(job.id, ada.account.id, 1, seq, now, "info", "x") for seq in range(1, 5001)]
    site.services.publisher.publish([LogWritten(tuple(lines))])
    browser.wait_for_refetch("too_much")
    again = LogLine(job.id, ada.account.id, 1, 5001, now, "info", "y")
    site.services.publisher.publish([LogWritten((again,))])
    wait_until(lambda: browser.all("log"))
    assert [line["seq"] for lines in browser.all("log") for line in lines] == [5001]


def test_after_a_cut_subscription_everybody_is_told_to_ask_again(site: Site, redis_url: str) -> None:
    ada = site.person("ada")
    browsers = [ada.connect(), ada.connect()]
    browsers[0].subscribe("jobs:all")
    browsers[1].subscribe(f"jobs:{ada.account.id}")
    with Redis.from_url(redis_url) as client:
        assert client.client_kill_filter(_type="pubsub") >= 1
    for browser in browsers:
        browser.wait_for_refetch("gap")
    job = ada.submit()
    for browser in browsers:
        browser.wait_for_state(job, "queued")


def test_a_job_in_two_rooms_of_one_client_is_told_once(site: Site) -> None:
    ada = site.person("ada")
    browser = ada.connect()
    for room in ("jobs:all", f"jobs:{ada.account.id}"):
        browser.subscribe(room)
    job, marker = ada.submit(), ada.submit()
    wait_until(lambda: browser.states_of(marker))
    assert browser.states_of(job) == ["queued"]


def test_who_unsubscribes_hears_no_more(site: Site) -> None:
    ada = site.person("ada")
    left, stays = ada.connect(), ada.connect()
    for browser in (left, stays):
        browser.subscribe("jobs:all")
    assert left.ask("unsubscribe", {"room": "jobs:all"}) == {"ok": True}
    job = ada.submit()
    wait_until(lambda: stays.states_of(job))
    assert not left.states_of(job)


def test_unknown_rooms_are_refused(site: Site) -> None:
    browser = site.person("ada").connect()
    for room in ("jobs", "jobs:", "job:", "overview", "all"):
        answer = browser.subscribe(room)
        assert answer == {"error": {"code": "unknown_room", "message": "There is no such room."}}


def test_a_job_that_does_not_exist_has_no_room(site: Site) -> None:
    browser = site.person("ada").connect()
    assert browser.subscribe("job:0")["error"]["code"] == "job_not_found"


def test_a_client_may_be_in_twenty_rooms(site: Site) -> None:
    ada = site.person("ada")
    browser = ada.connect()
    answers = [browser.subscribe(f"jobs:{number}") for number in range(21)]
    assert answers[:20] == [{"ok": True}] * 20
    assert answers[20]["error"]["code"] == "too_many_rooms"


def test_a_message_without_sense_is_answered_and_costs_nothing(site: Site) -> None:
    browser = site.person("ada").connect()
    message: object
    for message in (None, [], "jobs:all", 1, {}, {"room": 7}, {"room": "x" * 200}, {"room": "a\nb"}):
        assert browser.ask("subscribe", message)["error"]["code"] == "bad_room_name"
    assert browser.subscribe("jobs:all") == {"ok": True}
