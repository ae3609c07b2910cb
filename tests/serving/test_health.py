"""Health: it lives until it ends, and is ready until it was asked to end."""

from starlette.testclient import TestClient

from clearhead.serving.health import FOLDER_VARIABLE, STOPPING
from clearhead.serving.settings import ServingSettings
from tests.serving.small_app import create


def test_not_ready_from_the_moment_it_is_asked_to_end(tmp_path, monkeypatch):
    client = TestClient(create(ServingSettings(log="none")))
    assert client.get("/health/ready").status_code == 200
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    assert client.get("/health/ready").status_code == 200
    (tmp_path / STOPPING).touch()
    assert client.get("/health/ready").status_code == 503
    assert client.get("/health/ready").headers["retry-after"] == "5"
    assert [client.get(path).status_code for path in ("/health", "/health/live")] == [200, 200]
