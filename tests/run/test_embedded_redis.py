"""The embedded Redis: it starts, keeps its data through a crash, and leaves nothing running."""

import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psutil
import pytest
from redis import Redis

from millrace.run import embedded_redis
from millrace.run.embedded_redis import EmbeddedRedis, EmbeddedRedisFailed, RunningRedis
from tests.waiting import wait_until

Start = Callable[[EmbeddedRedis], RunningRedis]


@pytest.fixture
def start() -> Iterator[Start]:
    with ExitStack() as stack:

        def start(config: EmbeddedRedis) -> RunningRedis:
            running = config.start()
            stack.callback(running.stop)
            return running

        yield start


@pytest.fixture
def config(tmp_path: Path) -> EmbeddedRedis:
    return EmbeddedRedis(tmp_path / "redis")


def write(running: RunningRedis, key: str, value: str) -> None:
    with Redis.from_url(running.url) as client:
        client.set(key, value)


def read(running: RunningRedis, key: str) -> object:
    with Redis.from_url(running.url, decode_responses=True) as client:
        return client.get(key)


def test_server_answers_on_a_socket_that_only_its_owner_may_use(start: Start, config: EmbeddedRedis) -> None:
    running = start(config)
    with Redis.from_url(running.url) as client:
        assert client.ping()
    mode = stat.S_IMODE(running.socket_path.stat().st_mode)
    assert mode == 0o700
    assert running.socket_path.parent == config.folder


def test_data_survive_kill_9(start: Start, config: EmbeddedRedis) -> None:
    running = start(config)
    write(running, "job", "waits")
    with Redis.from_url(running.url) as client:
        # everysec: what was written over a second ago is on the disk
        wait_until(lambda: client.info("persistence")["aof_pending_bio_fsync"] == 0 and client.waitaof(1, 0, 5000)[0])
    running.process.kill()
    running.process.wait()
    assert read(start(config), "job") == "waits"


def test_data_survive_an_orderly_stop(start: Start, config: EmbeddedRedis) -> None:
    running = start(config)
    write(running, "job", "waits")
    running.stop()
    assert running.process.returncode == 0
    assert not running.socket_path.exists()
    assert read(start(config), "job") == "waits"


def test_start_waits_until_a_long_file_has_been_read(start: Start, config: EmbeddedRedis) -> None:
    running = start(config)
    with Redis.from_url(running.url) as client, client.pipeline(transaction=False) as pipeline:
        for number in range(50_000):
            pipeline.rpush("numbers", number)
        pipeline.execute()
    running.stop()
    again = start(config)
    with Redis.from_url(again.url) as client:
        assert client.llen("numbers") == 50_000


def test_nothing_is_evicted_and_the_file_is_plain_commands(start: Start, config: EmbeddedRedis) -> None:
    running = start(config)
    wanted = {
        "maxmemory-policy": "noeviction",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "aof-use-rdb-preamble": "no",
        "save": "",
        "port": "0",
    }
    with Redis.from_url(running.url, decode_responses=True) as client:
        assert {name: client.config_get(name)[name] for name in wanted} == wanted


def test_folder_with_spaces_and_percent_signs_serves(start: Start, tmp_path: Path) -> None:
    running = start(EmbeddedRedis(tmp_path / "a b%20c"))
    write(running, "key", "value")
    assert read(running, "key") == "value"
    assert unquote(urlsplit(running.url).path) == str(running.socket_path)


def test_folder_too_deep_for_a_socket_gets_one_in_the_temporary_folder(start: Start, tmp_path: Path) -> None:
    deep = tmp_path / ("deep" * 30)
    running = start(EmbeddedRedis(deep))
    assert running.socket_path.parent != deep
    write(running, "key", "value")
    running.stop()
    assert not running.socket_path.parent.exists()
    assert (deep / "appendonlydir").is_dir()


def test_server_left_behind_by_a_killed_parent_is_ended_first(start: Start, config: EmbeddedRedis) -> None:
    orphan = start(config)
    write(orphan, "job", "waits")
    heir = start(config)
    assert orphan.process.wait(5) == 0
    assert read(heir, "job") == "waits"


def test_hook_runs_in_the_child_before_the_server(start: Start, tmp_path: Path) -> None:
    note = tmp_path / "note"
    running = start(EmbeddedRedis(tmp_path / "redis", before_exec=lambda: note.write_text(str(os.getpid()))))
    assert note.read_text() == str(running.process.pid)


def test_ctrl_c_in_the_terminal_does_not_reach_the_server(start: Start, config: EmbeddedRedis) -> None:
    running = start(config)
    assert os.getpgid(running.process.pid) != os.getpgid(0)


def test_server_that_stops_at_once_says_why(config: EmbeddedRedis) -> None:
    (config.folder / "appendonlydir").mkdir(parents=True)
    (config.folder / "appendonlydir" / "appendonly.aof.manifest").write_text("nonsense\n")
    with pytest.raises(EmbeddedRedisFailed, match="manifest"):
        config.start()


def test_server_that_never_answers_is_ended(config: EmbeddedRedis, monkeypatch: pytest.MonkeyPatch) -> None:
    mute = config.folder.parent / "mute-server"
    mute.write_text("#!/bin/sh\nexec sleep 60\n")
    mute.chmod(0o755)
    monkeypatch.setattr(embedded_redis, "find_server", lambda: mute)
    begun, before = time.monotonic(), set(psutil.Process().children())
    with pytest.raises(EmbeddedRedisFailed, match="doesn't answer"):
        EmbeddedRedis(config.folder, patience_seconds=0.2).start()
    assert time.monotonic() - begun < 10
    assert set(psutil.Process().children()) == before


def test_machine_without_any_server_gets_a_sentence_that_helps(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(embedded_redis, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EmbeddedRedisFailed, match="MILLRACE_REDIS_URL"):
        embedded_redis.find_server()


def test_server_from_path_serves_where_the_wheel_has_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    own = embedded_redis.find_server()
    (tmp_path / "redis-server").symlink_to(own)
    monkeypatch.setattr(embedded_redis, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert embedded_redis.find_server() == tmp_path / "redis-server"
