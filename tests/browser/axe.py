"""The rules of accessibility that axe-core checks in a browser (WCAG and good practice)."""

from selenium.webdriver import Chrome
from selenium_axe_python import Axe

LIMIT_S = 120


def find_faults(page: Chrome) -> list[str]:
    """List what axe-core finds wrong on a page as it is shown now: how bad, which rule, where."""
    page.set_script_timeout(LIMIT_S)
    axe = Axe(page)
    axe.inject()
    return [
        f"{fault['impact']}: {fault['id']} at {node['target']}"
        for fault in axe.run()["violations"]
        for node in fault["nodes"]
    ]
