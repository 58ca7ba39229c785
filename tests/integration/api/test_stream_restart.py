"""A service that stops ends its streams at once; the next process tells who comes back once to read all again."""

import signal
from pathlib import Path

import httpx2
from tests.support.event_stream import listening
from tests.support.product import TOKEN, RunningService, free_port, served, simulated_cloud
from tests.support.waiting import until


def _client(service: RunningService) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(base_url=service.url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30)


async def test_a_stop_ends_streams_and_the_next_process_resets_once(tmp_path: Path) -> None:
    port = free_port()
    with simulated_cloud(tmp_path, "--workers", "1") as cloud:
        with served(cloud.environment, tmp_path, port=port) as service:
            async with _client(service) as client, listening(client) as listener:
                await listener.gets("worker.updated")
                service.running.send(signal.SIGTERM)
                await until(lambda: listener.ended, timeout_seconds=10, what="the end of the stream")
                assert listener.of("reset") == []
            assert service.running.ended(timeout_seconds=15) == 0
        with served(cloud.environment, tmp_path, port=port) as again:
            async with _client(again) as client, listening(client, last_event_id=listener.last_event_id) as second:
                await second.gets("worker.updated", count=2)
                assert second.events[0].event == "reset"
                assert len(second.of("reset")) == 1
