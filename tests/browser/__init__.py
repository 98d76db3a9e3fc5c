"""The page in Chromium, used as a person uses it.

Run with `./run test -m browser` (`-n0 -k name` for one test), with Debian's Chromium or another one
on the PATH. The fixtures are in conftest.py:

- `page` is a tab of a window of its own, about to open the service: `page.goto("/#/jobs")`. It
  fails the test for console errors, exceptions, requests to other origins, violations of the
  Content-Security-Policy, and answers with an error status that the test has not allowed:
  `guard.allow(422)`.
- `window` is what the window is like: `@pytest.mark.parametrize("window", [DESKTOP, PHONE, DARK])`.
- `service` is a real `backpropd up` that all tests share, `api` a client that prepares its data.
- `module("core/numbers.js")` is a module of the page: `.call("short", 0.5)`.

`assert_accessible(page)` runs axe. Elements are found by role and name only.
"""
