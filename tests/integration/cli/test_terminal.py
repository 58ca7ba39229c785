"""In a terminal: colour, progress, the width, and a list that is updated in place."""

from pathlib import Path

import pytest
from tests.integration.cli.conftest import WORKERS, Fleet, running_fleet

GREEN = "\x1b[32m"
FIRST = "cml-worker-00001"


def test_colour_on_a_terminal_unless_it_is_not_wanted(fleet: Fleet) -> None:
    with fleet.terminal("workers", "list") as terminal:
        assert terminal.ended() == 0
    assert f"{GREEN}running\x1b[0m" in terminal.raw
    with fleet.terminal("workers", "list", NO_COLOR="1") as plain:
        assert plain.ended() == 0
    assert "\x1b[" not in plain.raw
    with fleet.terminal("workers", "list", TERM="dumb") as dumb:
        assert dumb.ended() == 0
    assert "\x1b[" not in dumb.raw


@pytest.mark.parametrize("columns", [60, 80, 100, 120, 160])
def test_a_table_fits_and_keeps_what_matters(fleet: Fleet, columns: int) -> None:
    with fleet.terminal("workers", "list", columns=columns) as terminal:
        assert terminal.ended() == 0
    assert len(terminal.lines) == 1 + WORKERS
    for title in ("NAME", "HEALTH", "WHAT IS WRONG"):
        assert title in terminal.lines[0]
    for number, line in enumerate(terminal.lines[1:], start=1):
        assert line.startswith(f"cml-worker-{number:05}  ")
        assert "ready" in line


def test_a_sentence_is_broken_into_lines_and_nothing_of_it_is_lost(fleet: Fleet) -> None:
    fleet.cloud.fault("scheduled-retirement", FIRST)
    fleet.cloud.fault("disk-full", FIRST, percent=93)
    assert fleet.cli("workers", "refresh", FIRST).returncode == 0
    fleet.cloud.mend()
    with fleet.terminal("workers", "list", columns=80) as terminal:
        assert terminal.ended() == 0
    assert fleet.cli("workers", "refresh", FIRST).returncode == 0
    words = " ".join(line[terminal.lines[0].index("WHAT IS WRONG") :] for line in terminal.lines)
    assert "disk 93 % full" in " ".join(words.split())
    assert "instance-retirement on" in " ".join(words.split())


def test_progress_on_a_refresh_of_many_is_gone_at_the_end(fleet: Fleet) -> None:
    fleet.cloud.fault("slow", FIRST, seconds=0.5)
    with fleet.terminal("workers", "refresh") as terminal:
        terminal.shows(f"/{WORKERS}")
        fleet.cloud.mend()
        assert terminal.ended() == 0
    assert f"{WORKERS} of {WORKERS} refreshed" in terminal.lines[-1]
    assert not [line for line in terminal.lines if "━" in line]
    assert len(terminal.lines) == 1 + WORKERS + 1


def test_an_import_waits_for_the_first_reading_of_each(tmp_path: Path) -> None:
    with running_fleet(tmp_path, workers=2, discovery_interval="3600") as own:
        region = own.worker(1)["region"]
        for number in (1, 2):
            assert own.cli("workers", "forget", f"cml-worker-{number:05}", "--yes").returncode == 0
        with own.terminal("workers", "import", "--region", region, "--tag", "cmlfleet:managed=true") as terminal:
            assert terminal.ended() == 0
    assert terminal.lines[-1] == "2 imported, 0 known already"
    rows = [line for line in terminal.lines if line.startswith("cml-worker-")]
    assert len(rows) == 2
    assert all("ready" in row and " s ago" in row for row in rows)


def test_watch_updates_in_place_and_outlives_the_service(tmp_path: Path) -> None:
    with running_fleet(tmp_path, workers=2, refresh_interval="1") as own:
        with own.terminal("workers", "watch", columns=140, rows=10) as terminal:
            terminal.shows("2 workers at")
            terminal.shows(FIRST)
            own.cloud.in_console(FIRST, "stop")
            terminal.shows("stop")
            assert sum(line.startswith("cml-worker-") for line in terminal.lines) == 2
            own.service.running.kill()
            terminal.shows("no service answers")
            terminal.shows("below is what was read last")
            assert FIRST in terminal.text
            terminal.interrupts()
            assert terminal.ended() == 130
        assert terminal.raw.count("\x1b[?1049h") == terminal.raw.count("\x1b[?1049l") == 1, (
            "the screen from before is back"
        )


def test_watch_says_that_more_do_not_fit(fleet: Fleet) -> None:
    with fleet.terminal("workers", "watch", rows=5) as terminal:
        terminal.shows("more than fit here")
        assert len(terminal.lines) <= 5
        terminal.interrupts()
        assert terminal.ended() == 130


def test_watch_into_a_pipe_is_one_table(fleet: Fleet) -> None:
    done = fleet.cli("workers", "watch")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 1 + WORKERS
