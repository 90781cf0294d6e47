"""What a reader of the report can do in a browser: with a mouse, with keys alone, on a phone."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from reports.document.content import Addresses
from reports.document.files import write_html
from tests.browser.axe import find_faults
from tests.browser.compare_view import BROWSER, DRIVER, browser, wait_for
from tests.browser.report_page import (
    TABLE,
    choose,
    colours_of,
    find_header,
    list_shown,
    name_focus,
    press,
    read_box,
    read_colours,
    read_column,
    read_heads,
    read_state,
    stays,
    wait_for_no_box,
)
from tests.browser.table_page import find_overflow, open_page, width_of
from tests.reports.document.factories import assemble_report, write_everything

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (BROWSER and DRIVER), reason="needs Debian's packages chromium and chromium-driver"
    ),
]

PHONE_PX, DESK_PX = 390, 1280
KEY = "depth-iemocap-0-0"
RECORD, RUN = f"../trials/{KEY}/record.json", "http://127.0.0.1:5000/#/experiments/1/runs/2"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the report of three studies; the first one is on two corpora."""
    storage = tmp_path_factory.mktemp("storage")
    write_everything(storage)
    addresses = Addresses(records={KEY: RECORD}, runs={KEY: RUN})
    return write_html(replace(assemble_report(storage), addresses=addresses), storage / "report")


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with browser(tmp_path_factory.mktemp("profile")) as window:
        yield window


@pytest.fixture
def page(window: Chrome, file: Path) -> Iterator[Chrome]:
    """Open the report anew, on a desk."""
    with width_of(window, DESK_PX):
        open_page(window, file)
        window.execute_script("localStorage.clear()")
        open_page(window, file)
        yield window


def test_script_runs_under_its_policy_without_a_word(page: Chrome) -> None:
    assert read_state(page) == "Shown: studies 3 of 3, columns 22 of 22, claims 1 of 1."
    assert page.get_log("browser") == []


def test_policy_stops_what_is_not_the_pages_own(page: Chrome) -> None:
    page.execute_script(
        "const script = document.createElement('script');"
        "script.textContent = 'window.foreign = true';"
        "document.body.append(script); document.body.append(Object.assign(new Image(), "
        "{src: 'file:///etc/logo.png'}));"
    )
    assert page.execute_script("return window.foreign") is None
    messages = [entry["message"] for entry in page.get_log("browser")]
    assert any("script-src" in message for message in messages)
    assert any("img-src" in message for message in messages)


def test_header_sorts_up_down_and_back(page: Chrome) -> None:
    head = find_header(page, 1)
    before = read_column(page, 0)
    assert before == ["1-1-1-1", "2-2-2-2", "ours"]
    states = []
    for _ in range(3):
        head.find_element(By.TAG_NAME, "button").send_keys(Keys.ENTER)
        states.append((head.get_attribute("aria-sort"), read_column(page, 0)))
    assert states == [("ascending", before), ("descending", before[::-1]), (None, before)]


def test_what_is_not_there_is_sorted_to_the_end(page: Chrome) -> None:
    head = find_header(page, 3)  # published: 83.79, 85.92 and nothing
    for expected in (["83.79", "85.92", ""], ["85.92", "83.79", ""]):
        head.find_element(By.TAG_NAME, "button").click()
        assert read_column(page, 3) == expected


def test_rows_are_sorted_by_name_and_only_one_header_says_so(page: Chrome) -> None:
    for number in (1, 0):
        find_header(page, number).find_element(By.TAG_NAME, "button").click()
    press(page, Keys.ENTER)
    assert read_column(page, 0) == ["ours", "2-2-2-2", "1-1-1-1"]
    sorted_by = page.find_elements(By.CSS_SELECTOR, "[id='tab:depth'] [aria-sort]")
    assert [one.get_attribute("aria-sort") for one in sorted_by] == ["descending"]


def test_filter_by_corpus_leaves_its_columns_figures_and_trials(page: Chrome) -> None:
    choose(page, "corpus", "IEMOCAP")
    titles, heads = read_heads(page)
    assert titles[1:] == [("IEMOCAP ours, tiny scale", 2), ("IEMOCAP published", 2)]
    assert [text for text, _ in heads] == ["Acc", "F1", "Acc", "F1"]
    assert list_shown(page, ".chapter") == ["study-depth"]
    trials = list_shown(page, "#trials tbody tr")
    assert len(trials) == 8
    assert all(trial.startswith("trial-depth-iemocap-") for trial in trials)
    corpora = "return [...document.querySelectorAll('.picture')].filter(one => !one.hidden)"
    assert page.execute_script(f"{corpora}.every(one => one.dataset.corpus === 'IEMOCAP')")


def test_filter_by_metric_narrows_the_titles_above(page: Chrome) -> None:
    choose(page, "metric", "F1")
    titles, heads = read_heads(page)
    assert [width for _, width in titles[1:]] == [1, 1, 1, 1]
    assert [text for text, _ in heads] == ["F1"] * 4
    choose(page, "metric", "all")
    assert [width for _, width in read_heads(page)[0][1:]] == [2, 2, 2, 2]


def test_filter_by_study_and_paper_leaves_their_chapters_and_trials(page: Chrome) -> None:
    choose(page, "study", "all 2 of them")
    assert list_shown(page, ".chapter") == ["study-never", "study-own"]
    choose(page, "study", "Depth of the model")
    assert list_shown(page, ".chapter") == ["study-depth"]
    assert len(list_shown(page, "#trials tbody tr")) == 8 + 5
    assert len(list_shown(page, "nav [data-study]")) == 1
    assert read_state(page).startswith("Shown: studies 1 of 3")


def test_filter_by_verdict_leaves_the_studies_that_have_it(page: Chrome) -> None:
    choose(page, "verdict", "HOLDS")
    assert list_shown(page, ".chapter") == ["study-own"]
    assert read_state(page).endswith("claims 1 of 1.")
    page.find_element(By.CSS_SELECTOR, "[type=reset]").click()
    # The page filters right after the browser has reset the choices.
    wait_for(lambda: len(list_shown(page, ".chapter")) == 3 or None, limit_s=10)


def test_link_to_what_a_filter_hides_shows_it_again(page: Chrome) -> None:
    choose(page, "study", "Depth of the model")
    page.execute_script("location.hash = '#study-own'")
    assert list_shown(page, ".chapter") == ["study-depth", "study-never", "study-own"]


def test_pointing_at_a_number_shows_what_is_behind_it(page: Chrome) -> None:
    number = page.find_element(By.ID, TABLE).find_element(By.CSS_SELECTOR, "tbody td")
    ActionChains(page).move_to_element(number).perform()
    assert read_box(page).split("\n") == [
        "1-1-1-1, IEMOCAP ours, tiny scale, Acc",
        "78.33 ± 2.89",
        "n = 3 of 3; 95 % t interval 71.16 to 85.50",
        "80.00: seed 0 (trial, record, MLflow)",
        "75.00: seed 1 (trial)",
        "80.00: seed 2 (trial)",
        "Device: cpu",
        "Code: 0.1.0+abc1234",
    ]
    box = page.find_element(By.ID, "details")
    ActionChains(page).move_to_element(box).perform()
    assert stays(page)
    links = {one.text: one.get_dom_attribute("href") for one in box.find_elements(By.TAG_NAME, "a")}
    assert links == {"trial": "#trial-depth-iemocap-0-2", "record": RECORD, "MLflow": RUN}
    ActionChains(page).move_to_element(page.find_element(By.TAG_NAME, "h1")).perform()
    wait_for_no_box(page)


def test_difference_leads_to_both_trials(page: Chrome) -> None:
    table = page.find_element(By.ID, "tab:depth-minus-baseline")
    table.find_element(By.CSS_SELECTOR, "button.value").send_keys(Keys.ENTER)
    told = "-10.00: seed 0 minus that of the other row (trial, record, MLflow)"
    assert told in read_box(page)
    links = page.find_element(By.ID, "details").find_elements(By.TAG_NAME, "a")
    assert [one.get_dom_attribute("href") for one in links[:2]] == [
        *("#trial-depth-iemocap-1-0", f"#trial-{KEY}"),
    ]


def test_keys_alone_lead_to_a_number_its_details_and_back(page: Chrome) -> None:
    find_header(page, -1).find_element(By.TAG_NAME, "button").send_keys(Keys.TAB)
    assert name_focus(page) == "78.33 ± 2.89"
    assert read_box(page).startswith("1-1-1-1, IEMOCAP ours, tiny scale, Acc")
    focused = page.switch_to.active_element
    assert focused.get_attribute("aria-describedby") == "details"
    press(page, Keys.ARROW_RIGHT, Keys.ARROW_DOWN)
    assert name_focus(page) == "81.60 ± 5.15 (2/3)"
    press(page, Keys.HOME, Keys.ARROW_UP, Keys.ENTER)
    assert name_focus(page).startswith("1-1-1-1, IEMOCAP")
    press(page, Keys.TAB)
    assert name_focus(page) == "trial"
    press(page, Keys.ESCAPE)
    assert (name_focus(page), read_box(page)) == ("78.33 ± 2.89", "")
    press(page, Keys.TAB)
    assert "78.33" not in name_focus(page)  # one number of each table is a stop


def test_tab_does_not_end_in_the_box(page: Chrome) -> None:
    number = page.find_element(By.ID, TABLE).find_element(By.CSS_SELECTOR, "button.value")
    number.send_keys(Keys.ENTER)
    press(page, *[Keys.TAB] * 6)  # five links, then back
    assert name_focus(page) == "78.33 ± 2.89"


def test_arrows_pass_hidden_columns(page: Chrome) -> None:
    choose(page, "metric", "F1")
    first = page.find_element(By.CSS_SELECTOR, "[id='tab:depth'] button.value[tabindex='0']")
    assert first.text == "71.18 ± 2.64"
    first.send_keys(Keys.ARROW_RIGHT)
    assert name_focus(page) == "58.58"


def test_colours_follow_the_system_until_the_reader_chooses(page: Chrome, file: Path) -> None:
    light = read_colours(page)
    with colours_of(page, "dark"):
        dark = read_colours(page)
        page.find_element(By.ID, "theme").click()
        assert read_colours(page) == light
        open_page(page, file)
        assert read_colours(page) == light
    page.find_element(By.ID, "theme").click()
    assert page.find_element(By.ID, "theme").get_attribute("aria-pressed") == "true"
    assert read_colours(page) == dark != light


def test_paper_is_light_whatever_the_screen_is(page: Chrome) -> None:
    light = read_colours(page)
    page.find_element(By.ID, "theme").click()
    assert read_colours(page) != light
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert read_colours(page) == light
        assert not page.find_element(By.ID, "tools").is_displayed()
    finally:
        page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_skip_link_is_the_first_stop_and_leads_to_the_results(page: Chrome) -> None:
    press(page, Keys.TAB)
    assert name_focus(page) == "Skip to the results"
    press(page, Keys.ENTER)
    assert page.switch_to.active_element.get_attribute("id") == "results"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE_PX, DESK_PX])
def test_axe_finds_no_fault(page: Chrome, width: int, scheme: str) -> None:
    with width_of(page, width), colours_of(page, scheme):
        assert find_overflow(page) == 0
        assert find_faults(page) == []
        page.find_element(By.CSS_SELECTOR, "button.value").send_keys(Keys.ENTER)
        assert read_box(page)
        assert find_overflow(page) == 0
        assert find_faults(page) == []


def test_axe_would_find_a_fault(page: Chrome) -> None:
    page.execute_script("document.querySelector('.picture img').removeAttribute('alt')")
    assert [fault.partition(" at ")[0] for fault in find_faults(page)] == ["critical: image-alt"]


def test_page_without_script_shows_all_there_is(page: Chrome, file: Path) -> None:
    page.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        open_page(page, file)
        assert not page.find_element(By.ID, "tools").is_displayed()
        assert len(page.find_elements(By.CSS_SELECTOR, ".chapter")) == 3
        number = page.find_element(By.ID, TABLE).find_element(By.CSS_SELECTOR, "tbody td")
        assert number.get_dom_attribute("title") == "n = 3 of 3; 95 % t interval 71.16 to 85.50"
    finally:
        page.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
