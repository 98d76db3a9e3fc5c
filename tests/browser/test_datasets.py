"""Datasets: a file is previewed, read another way, uploaded, looked at and deleted."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, Route, expect

from tests.browser.accessibility import assert_accessible
from tests.browser.api import POINTS_CSV, Api
from tests.browser.files import choose, csv_file, drop, table_of
from tests.browser.guards import Guard
from tests.browser.windows import DARK, PHONE, Window

PIECE = 4 * 2**20
HOUSES = table_of(
    [
        ("area", "rooms", "sold"),
        *(
            (f"{n / 4:.2f}".replace(".", ","), n % 5 + 1, f"{n % 28 + 1:02}.03.2021")
            for n in range(300)
        ),
    ],
    ";",
)
CODES = table_of([("zip", "size"), *((f"0{n % 7}{n % 3}", n) for n in range(60))])
HOSTILE = "<img src=x onerror=alert(1)>"
WIDER = "document.documentElement.scrollWidth > innerWidth"


def open_new(page: Page, name: str, text: str | bytes) -> None:
    page.goto("/#/datasets")
    choose(page, "Choose a file", csv_file(name, text))
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()


def upload(page: Page) -> str:
    """Press the main button; return the id of the dataset that opens."""
    page.get_by_role("button", name="Upload this table").click()
    expect(page.get_by_role("link", name="Train on this table")).to_be_visible()
    return page.url.split("#/datasets/")[1]


@pytest.mark.parametrize("way", ["chosen", "dropped"])
def test_a_file_is_previewed_and_becomes_a_table(page: Page, api: Api, way: str) -> None:
    page.goto("/#/datasets")
    if way == "chosen":
        choose(page, "Choose a file", csv_file("houses.csv", HOUSES))
    else:
        drop(page, page.get_by_text("Drop a file here"), "houses.csv", HOUSES)
    understood = "300 rows, 3 columns. CSV, separated by semicolons, decimal comma, UTF-8."
    expect(page.get_by_text(understood)).to_be_visible()
    first = page.get_by_role("row", name="0 0 1 2021-03-01", exact=True)
    expect(first).to_be_visible()
    assert_accessible(page)
    dataset = api.get(f"/v1/datasets/{upload(page)}")
    expect(page.get_by_role("heading", name="houses.csv", exact=True)).to_be_visible()
    expect(page.get_by_text(understood)).to_be_visible()
    expect(first).to_be_visible()
    link = page.get_by_role("link", name="Train on this table")
    assert f"dataset={dataset['id']}" in (link.get_attribute("href") or "")
    page.get_by_role("button", name="Next rows").click()
    expect(page.get_by_text("rows 10 to 19 of 300")).to_be_visible()
    assert_accessible(page)


def test_histograms_have_the_numbers_of_the_service(page: Page, api: Api) -> None:
    dataset = api.upload(HOUSES, name="histograms.csv")
    column = api.get(f"/v1/datasets/{dataset['id']}/columns/area")
    page.goto(f"/#/datasets/{dataset['id']}")
    # A histogram is read when its card is seen.
    page.get_by_role("heading", name="area", exact=True).scroll_into_view_if_needed()
    drawing = page.get_by_role("img", name="Histogram of area")
    expect(drawing).to_be_visible()
    drawn = drawing.evaluate("(svg) => [...svg.children].map((bin) => Number(bin.dataset.value))")
    assert drawn == column["histogram"]["counts"]


def test_a_notice_is_fixed_before_the_upload(page: Page, api: Api) -> None:
    open_new(page, "codes.csv", CODES)
    notices = page.get_by_role("region", name="Notices")
    expect(notices).to_contain_text("numbers with leading zeros may be codes")
    notices.get_by_role("button", name="Read as categories").click()
    expect(notices).to_have_count(0)
    expect(page.get_by_label("Kind of zip")).to_have_value("categorical")
    page.get_by_label("Kind of size").select_option("text")
    expect(page.get_by_text("60 values")).to_be_visible()
    options = api.get(f"/v1/datasets/{upload(page)}")["options"]
    assert options["kinds"] == {"zip": "categorical", "size": "text"}


def test_a_notice_of_a_stored_table_is_fixed_with_its_file(page: Page, api: Api) -> None:
    dataset = api.upload(CODES + "999,1\n", name="stored codes.csv")
    page.goto(f"/#/datasets/{dataset['id']}")
    page.get_by_role("button", name="Read as categories").click()
    expect(
        page.get_by_text("The service keeps the columns that it read, not the file.")
    ).to_be_visible()
    choose(page, "Choose the file", csv_file("copy.csv", CODES + "999,1\n"))
    expect(page.get_by_label("Kind of zip")).to_have_value("categorical")
    again = api.get(f"/v1/datasets/{upload(page)}")
    assert (again["sha256"], again["options"]["kinds"]) == (
        dataset["sha256"],
        {"zip": "categorical"},
    )
    # The file is kept while the tab is open.
    page.get_by_label("Kind of size").select_option("categorical")
    expect(page.get_by_role("button", name="Upload this table")).to_be_visible()


def test_reading_options_are_stated(page: Page) -> None:
    open_new(page, "options.csv", "a;b\n1,5;2\n2,5;3\n")
    page.get_by_role("button", name="Reading options").click()
    page.get_by_label("Decimal mark").select_option("point")
    expect(page.get_by_label("Kind of a")).to_have_value("categorical")
    page.get_by_label("First row", exact=True).select_option("holds values")
    expect(page.get_by_role("columnheader", name="column_1")).to_be_visible()
    page.get_by_label("Separator").select_option(label="tabs")
    expect(
        page.get_by_text("3 rows, 1 column. CSV, separated by tabs, no header, UTF-8.")
    ).to_be_visible()
    assert_accessible(page)


def test_a_marker_that_is_being_typed_stays_when_a_preview_arrives(page: Page) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    open_new(page, "markers.csv", "a;b\n1,5;2\nvoid;3\n2,5;4\n")
    page.get_by_role("button", name="Reading options").click()
    page.route("**/v1/datasets/preview**", hold)
    page.get_by_label("Decimal mark").select_option("comma")
    reading = page.get_by_text("Reading the first rows…")
    expect(reading).to_be_visible()
    field = page.get_by_label("Markers of missing values")
    field.press("Control+a")
    field.press_sequentially("void")
    held[0].continue_()
    page.unroute("**/v1/datasets/preview**")
    expect(reading).to_be_hidden()
    expect(field).to_have_value("void")
    field.press("Tab")
    expect(page.get_by_text("1 missing", exact=True)).to_be_visible()
    expect(field).to_have_value("void")
    # A field that was left empty has what is detected again.
    field.fill("")
    field.press("Tab")
    expect(page.get_by_text("1 missing", exact=True)).to_be_hidden()


def big_file(path: Path) -> Path:
    line = "0.123456789,0.987654321\n"
    path.write_text("one,other\n" + line * (PIECE * 5 // 4 // len(line)))
    return path


def test_an_upload_goes_on_after_a_lost_connection(
    page: Page, guard: Guard, tmp_path: Path
) -> None:
    guard.allow_lost_connection()
    sent: list[int] = []

    def on_patch(route: Route, request: Request) -> None:
        offset = int(request.headers.get("upload-offset", 0))
        if request.method != "PATCH" or len(sent) != 1:
            if request.method == "PATCH":
                sent.append(offset)
            return route.continue_()
        sent.append(offset)
        return route.abort("connectionreset")

    page.route("**/v1/uploads/**", on_patch)
    page.goto("/#/datasets")
    choose(page, "Choose a file", big_file(tmp_path / "big.csv"))
    expect(page.get_by_text("Columns as the first")).to_be_visible()
    upload(page)
    assert sent == [0, PIECE, PIECE]


@pytest.mark.parametrize("status", [429, 503])
def test_an_upload_waits_while_the_service_is_busy(
    page: Page, guard: Guard, tmp_path: Path, status: int
) -> None:
    guard.allow(status)
    refused: list[Route] = []

    def on_patch(route: Route, request: Request) -> None:
        if request.method != "PATCH" or len(refused) == 2:
            return route.continue_()
        refused.append(route)
        return route.fulfill(status=status, headers={"Retry-After": "0"}, json={"status": status})

    page.route("**/v1/uploads/**", on_patch)
    page.goto("/#/datasets")
    choose(page, "Choose a file", big_file(tmp_path / f"busy {status}.csv"))
    expect(page.get_by_text("Columns as the first")).to_be_visible()
    upload(page)
    assert len(refused) == 2


def test_words_in_a_column_of_numbers_are_read_as_missing(page: Page, api: Api) -> None:
    weights = [n if n % 30 else "k.A." for n in range(270)]
    open_new(page, "words.csv", table_of([("weight", "k"), *((w, 1) for w in weights)]))
    expect(page.get_by_text("Most values are numbers.")).to_be_visible()
    options = api.get(f"/v1/datasets/{upload(page)}")["options"]
    assert options["kinds"] == {}
    page.get_by_role("button", name="Read “k.A.” as missing").click()
    expect(page.get_by_label("Kind of weight")).to_have_value("numeric")
    column = api.get(f"/v1/datasets/{upload(page)}")["columns"][0]
    assert (column["kind"], column["missing"]) == ("numeric", 9)


def test_a_word_that_is_no_number_is_read_as_missing(page: Page, guard: Guard) -> None:
    guard.allow(422)
    weights = [n if n % 30 else "k.A." for n in range(270)]
    open_new(page, "word.csv", table_of([("weight", "k"), *((w, 1) for w in weights)]))
    page.get_by_label("Kind of weight").select_option("numeric")
    expect(page.get_by_role("alert")).to_contain_text("'k.A.'")
    assert_accessible(page)
    page.get_by_role("button", name="Read “k.A.” as missing").first.click()
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.get_by_text("9 missing")).to_be_visible()


def test_an_upload_goes_on_after_a_reload(page: Page, tmp_path: Path) -> None:
    file = big_file(tmp_path / "large.csv")
    waiting: list[Route] = []
    page.route(
        "**/v1/uploads/**",
        lambda route, request: (
            waiting.append(route)
            if request.headers.get("upload-offset") == str(PIECE)
            else route.continue_()
        ),
    )
    page.goto("/#/datasets")
    choose(page, "Choose a file", file)
    # Of a large file the preview has the beginning, with whole lines only.
    read = re.compile(r"^First [\d,]+ rows, 2 columns\.")
    expect(page.get_by_role("main").get_by_text(read)).to_be_visible()
    page.get_by_role("button", name="Upload this table").click()
    bar = page.get_by_role("progressbar", name="Upload of large.csv")
    expect(bar).to_have_attribute("value", "79")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    assert_accessible(page)
    page.unroute_all()
    page.goto("/#/datasets")
    page.reload()
    expect(page.get_by_text("The upload of large.csv")).to_be_visible()
    offsets: list[str] = []
    page.on(
        "request",
        lambda request: (
            offsets.append(request.headers["upload-offset"]) if request.method == "PATCH" else None
        ),
    )
    choose(page, "Choose a file", file)
    upload(page)
    assert offsets == [str(PIECE)]


BAD: dict[str, tuple[str | bytes, str]] = {
    "ragged": ("a,b\n1,2\n3,4,5\n6,7\n", "line 3"),
    "binary": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\1\0", "PNG image"),
    "empty": ("", "empty"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_file_that_is_not_a_table(page: Page, guard: Guard, kind: str) -> None:
    text, said = BAD[kind]
    guard.allow(400, 415, 422)
    open_new(page, f"{kind}.csv", text)
    expect(page.get_by_role("alert")).to_contain_text(said)
    expect(page.get_by_role("heading", name=f"{kind}.csv")).to_be_visible()
    expect(page.get_by_label("Format")).to_be_visible()
    assert_accessible(page)


def test_an_error_behind_the_previewed_rows_is_fixed_without_a_second_upload(
    page: Page, guard: Guard, tmp_path: Path
) -> None:
    guard.allow(422)
    file = big_file(tmp_path / "late.csv")
    with file.open("a") as lines:
        lines.write("many,words\n")
    page.goto("/#/datasets")
    choose(page, "Choose a file", file)
    page.get_by_label("Kind of one").select_option("numeric")
    expect(page.get_by_text("Reading the first rows…")).to_have_count(0)
    page.get_by_role("button", name="Upload this table").click()
    expect(page.get_by_role("alert")).to_contain_text("'many'")
    expect(page.get_by_role("alert")).to_contain_text("The service refuses these values")
    patches: list[Request] = []
    page.on(
        "request", lambda request: patches.append(request) if request.method == "PATCH" else None
    )
    page.get_by_label("Kind of one").select_option("text")
    page.get_by_role("button", name="Keep this table").click()
    expect(page.get_by_role("link", name="Train on this table")).to_be_visible()
    assert patches == []


def test_names_from_a_file_are_text(page: Page, api: Api) -> None:
    text = table_of([(HOSTILE, "b"), *((f"{HOSTILE}{n % 2}", n) for n in range(20))])
    open_new(page, f"{HOSTILE}.csv", text)
    expect(page.get_by_role("columnheader", name=HOSTILE)).to_be_visible()
    dataset = api.get(f"/v1/datasets/{upload(page)}")
    assert dataset["columns"][0]["name"] == HOSTILE
    title = page.get_by_role("heading", name=f"{HOSTILE}.csv", exact=True)
    expect(title).to_have_attribute("title", f"{HOSTILE}.csv")
    expect(page.get_by_role("list", name=f"Most frequent values of {HOSTILE}")).to_contain_text(
        f"{HOSTILE}0"
    )
    page.goto("/#/datasets")
    expect(page.get_by_role("link", name=f"{HOSTILE}.csv").first).to_be_visible()
    assert page.locator("img").count() == 0


def test_the_same_bytes_are_said_to_be_here(page: Page, api: Api) -> None:
    text = POINTS_CSV + "9,9,low\n"
    dataset = api.upload(text, name="first.csv")
    open_new(page, "second.csv", text)
    expect(page.get_by_text("This table is here already")).to_be_visible()
    page.get_by_role("link", name="first.csv").click()
    expect(page).to_have_url(f"{page.url.split('#')[0]}#/datasets/{dataset['id']}")


def test_times_have_the_form_of_those_of_jobs(page: Page, api: Api) -> None:
    dataset = api.upload(name="times.csv")
    page.goto("/#/datasets")
    row = page.get_by_role("row", name=re.compile("times.csv"))
    created = row.get_by_role("time")
    expect(created.first).to_have_attribute("datetime", dataset["created_at"])
    expect(created.first).to_have_text(re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d$"))


def test_a_table_is_deleted_after_one_question(page: Page, api: Api, guard: Guard) -> None:
    dataset = api.upload(POINTS_CSV + "8,8,low\n", name="to delete.csv")
    job = api.post_job(dataset, epochs=1_000_000)
    page.goto(f"/#/datasets/{dataset['id']}")
    page.get_by_role("button", name="Delete", exact=True).click()
    guard.allow(409)
    page.get_by_role("button", name="Delete the table").click()
    expect(page.get_by_role("alert")).to_contain_text("job")
    assert_accessible(page)
    api.post(f"/v1/jobs/{job['id']}/cancel", {})
    api.wait_for_end(job)
    page.get_by_role("button", name="Delete the table").click()
    expect(page.get_by_role("heading", name="Datasets")).to_be_visible()
    expect(page.get_by_role("link", name="to delete.csv")).to_have_count(0)
    guard.allow(404)
    page.goto(f"/#/datasets/{dataset['id']}")
    expect(page.get_by_role("alert")).to_contain_text("not found", ignore_case=True)


def test_fixes_of_findings_go_into_the_new_job(page: Page, api: Api) -> None:
    rows = [
        ("id", "size", "kind"),
        *((f"r{n}", n if n % 9 else "", "ab"[n % 2]) for n in range(40)),
    ]
    dataset = api.upload(table_of(rows), name="findings.csv")
    page.goto(f"/#/datasets/{dataset['id']}")
    page.get_by_label("A training on this table predicts").select_option("kind")
    findings = page.get_by_role("region", name="A training on this table")
    expect(findings).to_contain_text("Column 'id'")
    findings.get_by_role("button").first.click()
    link = page.get_by_role("link", name="Train on this table")
    expect(link).to_have_attribute("href", re.compile("target=kind&spec="))
    assert_accessible(page)


@pytest.mark.parametrize("window", [PHONE, DARK])
def test_other_windows(page: Page, api: Api, window: Window) -> None:
    dataset = api.upload(HOUSES, name="a name that is too long for a phone " * 3 + ".csv")
    page.goto("/#/datasets")
    expect(page.get_by_role("table", name="Tables, newest first")).to_be_visible()
    assert_accessible(page)
    assert not page.evaluate(WIDER)
    page.goto(f"/#/datasets/{dataset['id']}")
    expect(page.get_by_role("list", name="Columns")).to_be_visible()
    assert_accessible(page)
    assert not page.evaluate(WIDER)


def test_a_file_is_chosen_by_keyboard(page: Page, api: Api) -> None:
    api.upload(HOUSES)
    # Before the page is opened: without a listener, Chromium cancels the dialog, and listening
    # begins some time after the call.
    page.on("filechooser", lambda _: None)
    page.goto("/#/datasets")
    control = page.get_by_label("Choose a file")
    expect(page.get_by_role("region", name="Tables")).to_be_visible()
    control.focus()
    expect(control).to_be_focused()
    with page.expect_file_chooser() as opened:
        page.keyboard.press("Enter")
    opened.value.set_files(csv_file("keys.csv", HOUSES))
    main = page.get_by_role("button", name="Upload this table")
    expect(main).to_be_visible()
    main.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Train on this table")).to_be_visible()
