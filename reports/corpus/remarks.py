"""The list of all utterances of a prepared corpus that have a remark, or that were rejected."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from corpora.source.rejects import Remark
from corpora.store.manifest import Manifest
from corpora.store.remarked import Remarked
from reports.corpus.cautions import count_of


def remarks_view(manifest: Manifest, remarked: Sequence[Remarked]) -> RenderableType:
    """List the utterances below each remark, then all that were rejected."""
    title = f"corpus '{manifest.name}', recipe '{manifest.recipe.name}'"
    return Group(
        Text(title, style="bold"),
        *_remarks(remarked),
        Text(f"rejected: {count_of(len(manifest.rejects), 'utterance')}"),
        *(
            Text(f"  {each.utterance} ({each.split or 'no split'}): {each.reason}, {each.detail}")
            for each in manifest.rejects
        ),
    )


def _remarks(remarked: Sequence[Remarked]) -> Iterator[Text]:
    for remark in Remark:
        found = [each for each in remarked if each.remark == remark]
        yield Text(f"{remark.replace('_', ' ')}: {count_of(len(found), 'utterance')}")
        for each in found:
            detail = f": {each.detail}" if each.detail else ""
            yield Text(f"  {each.utterance} ({each.split}){detail}")
