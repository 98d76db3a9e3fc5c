"""Data of the service that tests of the page look at, prepared over its API."""

from typing import Any

import httpx2

from tests.waiting import wait_for

Json = dict[str, Any]
# Three clearly separated kinds of points, enough to learn within a few epochs.
POINTS_CSV = "x,y,kind\n" + "".join(
    f"{x + (n % 7) / 10:.1f},{y + (n % 5) / 10:.1f},{kind}\n"
    for n in range(20)
    for x, y, kind in ((0, 0, "low"), (2, 1, "middle"), (4, 3, "high"))
)
SMALL_JOB: Json = {
    "target": "kind",
    "epochs": 5,
    "seed": 7,
    "batch_size": 10,
    "network": {"layers": [{"type": "dense", "units": 3}]},
}


class Api:
    """A client of the service, to be closed."""

    def __init__(self, url: str) -> None:
        self.client = httpx2.Client(base_url=url, timeout=60)

    def close(self) -> None:
        """Close the connections."""
        self.client.close()

    def upload(self, csv: str = POINTS_CSV, **parameters: str) -> Json:
        """Upload a CSV file; return the dataset."""
        headers = {"Content-Type": "text/csv"}
        answer = self.client.post(
            "/v1/datasets", content=csv.encode(), headers=headers, params=parameters
        )
        return self._read(answer)

    def post_job(self, dataset: Json, **spec: object) -> Json:
        """Post a job on a dataset, a small one unless `spec` says otherwise; return it."""
        body = {"dataset_id": dataset["id"], **SMALL_JOB, **spec}
        return self._read(self.client.post("/v1/jobs", json=body))

    def train(self, dataset: Json | None = None, **spec: object) -> Json:
        """Post a job, on the points unless given a dataset, and return it when it has ended."""
        return self.wait_for_end(self.post_job(dataset or self.upload(), **spec))

    def wait_for_end(self, job: Json) -> Json:
        """Return a job when it has ended."""
        path = job["links"]["self"]
        wait_for(lambda: self.get(path)["is_terminal"], 180, every=0.05)
        return self.get(path)

    def get(self, path: str) -> Json:
        """Return the answer to a GET."""
        return self._read(self.client.get(path))

    def post(self, path: str, body: Json) -> Json:
        """Return the answer to a POST."""
        return self._read(self.client.post(path, json=body))

    def _read(self, answer: httpx2.Response) -> Json:
        assert answer.is_success, answer.text
        found: Json = answer.json()
        return found
