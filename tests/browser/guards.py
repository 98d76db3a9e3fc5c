"""Faults of a tab that fail its test."""

from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Page, Request, Response

FAILED_LOAD = "Failed to load resource: "
# Chromium reports these itself, but not which directive of which policy.
REPORT_VIOLATIONS = """
document.addEventListener('securitypolicyviolation', (event) => {
  console.error(`policy: ${event.violatedDirective} blocked ${event.blockedURI}`);
});
"""


class Guard:
    """Collects the faults of a tab."""

    def __init__(self, page: Page, origin: str) -> None:
        self.problems: list[str] = []
        self._origin = urlsplit(origin).netloc
        self._statuses: set[int] = set()
        self._may_be_offline = False
        page.add_init_script(REPORT_VIOLATIONS)
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.problems.append(f"exception: {error}"))
        page.on("request", self._on_request)
        page.on("response", self._on_response)

    def allow(self, *statuses: int) -> None:
        """Allow answers with these error statuses from now on."""
        self._statuses.update(statuses)

    def allow_lost_connection(self) -> None:
        """Allow requests that do not reach the service from now on."""
        self._may_be_offline = True

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type not in {"error", "warning"} or self._is_allowed_load(message.text):
            return
        self.problems.append(f"console: {message.text}")

    def _is_allowed_load(self, text: str) -> bool:
        """Whether it is about a status, which the response reports, or a lost connection."""
        return text.startswith(FAILED_LOAD) and ("status of" in text or self._may_be_offline)

    def _on_request(self, request: Request) -> None:
        url = urlsplit(request.url)
        if url.scheme not in {"data", "blob"} and url.netloc != self._origin:
            self.problems.append(f"foreign request: {request.url}")

    def _on_response(self, response: Response) -> None:
        if response.status >= 400 and response.status not in self._statuses:
            self.problems.append(f"status {response.status}: {response.url}")
