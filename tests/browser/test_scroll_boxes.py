"""Boxes that scroll sideways: whether one can be focused follows its content at once."""

from playwright.sync_api import Page

# Renders in one task of the browser: its observers of sizes report after it, in the next frame.
IN_ONE_TASK = """async ([width, contents]) => {
  const main = document.querySelector('script[type=module]').src;
  const load = (path) => import(new URL(path, main).href);
  const [{ html, render }, { scrollBox }] = await Promise.all([
    load('./core/dom.js'), load('./parts/scroll_box.js')]);
  const place = document.body.appendChild(document.createElement('div'));
  place.style.width = `${width}px`;
  const seen = [];
  for (const content of contents) {
    render(html`<div .style=${'overflow-x: auto'} ${scrollBox('Numbers')}>
      <div .style=${'width: max-content'}>${content}</div></div>`, place);
    await null;
    const { role, tabIndex, ariaLabel } = place.firstElementChild;
    seen.push([role, tabIndex, ariaLabel]);
  }
  return seen;
}"""
PLAIN = [None, -1, None]
FOCUSABLE = ["group", 0, "Numbers"]


def test_a_box_that_scrolls_can_be_focused_before_the_next_frame(page: Page) -> None:
    page.goto("/")
    long = "1234567890 " * 40
    assert page.evaluate(IN_ONE_TASK, [200, [long, "1", long]]) == [FOCUSABLE, PLAIN, FOCUSABLE]
    assert page.evaluate(IN_ONE_TASK, [9000, [long]]) == [PLAIN]
