import pytest

from reports.scores.names import corpus_title, name_corpus


@pytest.mark.parametrize(
    ("corpus", "title", "within_a_sentence"),
    [
        ("iemocap", "IEMOCAP", "IEMOCAP"),
        ("synthetic", "Synthetic corpus", "the synthetic corpus"),
        ("synthetic-multiclass", "Synthetic multiclass corpus", "the synthetic multiclass corpus"),
        ("mine", "mine", "mine"),
    ],
)
def test_corpus_is_named_as_papers_do(corpus: str, title: str, within_a_sentence: str) -> None:
    assert corpus_title(corpus) == title
    assert name_corpus(corpus) == within_a_sentence
