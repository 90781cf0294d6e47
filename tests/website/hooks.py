"""What mkdocs calls while it builds the site, named by `mkdocs.yml`.

The pages of `docs/` are also read where the repository is shown, so they link to files outside of
`docs/` by relative paths. On the site such a link leads to the repository's page of that file.
"""

import os
import re
from pathlib import Path
from posixpath import join, normpath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from tests.website.api_page import ROOT, api_page
from tests.website.commands_page import commands_page
from tests.website.json_page import json_page

MADE = {
    "reference/commands.md": commands_page,
    "reference/json.md": json_page,
    "reference/python.md": api_page,
}
LINK = re.compile(r"\[((?:[^\[\]]|\[[^\]]*\])*)\]\((\.\.?/[^)\s#]*)(#[^)\s]*)?\)")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Take the addresses of the repository and of the site from what GitHub says of itself."""
    if repository := os.environ.get("GITHUB_REPOSITORY"):
        owner, _, name = repository.partition("/")
        config.repo_url = (
            f"{os.environ.get('GITHUB_SERVER_URL', 'https://github.com')}/{repository}"
        )
        config.site_url = f"https://{owner.lower()}.github.io/{name}/"
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made from the code."""
    for place, make in MADE.items():
        files.append(File.generated(config, place, content=make()))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Lead links out of `docs/` to the repository; without one, only their text stays."""
    folder = (Path(config.docs_dir) / page.file.src_uri).parent.relative_to(ROOT).as_posix()

    def lead(found: re.Match[str]) -> str:
        text, target, anchor = found.groups()
        place = normpath(join(folder, target))
        if place.startswith(f"{Path(config.docs_dir).name}/"):
            return found[0]
        if not config.repo_url:
            return text
        kind = "tree" if (ROOT / place).is_dir() else "blob"
        return f"[{text}]({config.repo_url.rstrip('/')}/{kind}/HEAD/{place}{anchor or ''})"

    return LINK.sub(lead, markdown)
