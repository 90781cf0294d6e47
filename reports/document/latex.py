r"""The report as one LaTeX article.

The article includes figures under plain names; `picture_files` maps these to the files. The name of
a corpus may contain characters that `\includegraphics` cannot read.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from reports.document import words
from reports.document.content import Chapter, Picture, Report
from reports.document.trial_line import HEADERS, TrialLine
from reports.forms import latex as table_form
from reports.forms import verdicts as verdicts_form
from reports.forms.latex_text import breakable, escape
from reports.forms.verdict_words import show_evidence, summarise

PREAMBLE = (
    *table_form.PREAMBLE,
    *(package for package in verdicts_form.PREAMBLE if package not in table_form.PREAMBLE),
    r"\usepackage[font=footnotesize, labelfont=bf]{caption} % as large as the letters in figures",
    r"\usepackage{pdflscape}",
    r"\usepackage{placeins}",
    r"\usepackage[hidelinks]{hyperref}",
)
SETUP = (
    r"\setlength{\parindent}{0pt}\setlength{\parskip}{4pt plus 1pt}",
    r"\setlength{\LTleft}{0pt}\setlength{\emergencystretch}{3em}\raggedbottom",
    r"\renewcommand{\topfraction}{.9}\renewcommand{\bottomfraction}{.9}",
    r"\renewcommand{\textfraction}{.05}\renewcommand{\floatpagefraction}{.8}",
    r"\setcounter{topnumber}{5}\setcounter{bottomnumber}{5}\setcounter{totalnumber}{10}",
    r"\newcommand{\fitted}[1]{\sbox0{\includegraphics{#1}}%",
    r"  \ifdim\wd0>\linewidth\sbox0{\includegraphics[width=\linewidth]{#1}}\fi",
    r"  \ifdim\ht0>.8\textheight\sbox0{\includegraphics[height=.8\textheight]{#1}}\fi\usebox0}",
    r"\makeatletter\def\fps@table{!htbp}\makeatother",
)
MARGIN_CM = 1.6
"""So narrow that figures of the full width stand in the text as large as they are."""

LEFT = r">{\raggedright\arraybackslash}"

TRIAL_COLUMNS = (
    *(rf"{LEFT}p{{{width}\linewidth}}" for width in (0.13, 0.24, 0.08)),
    *(r"r" * 6),
    *(rf"{LEFT}p{{{width}\linewidth}}" for width in (0.1, 0.1)),
)


def to_latex(report: Report) -> str:
    """Write the report; `picture_files` says which files it includes."""
    names = {path: name for name, path in picture_files(report).items()}
    lines = [
        r"\documentclass[a4paper]{article}",
        r"\IfFileExists{lmodern.sty}{\usepackage{lmodern}\usepackage[T1]{fontenc}}{}",
        rf"\usepackage[a4paper, hmargin={MARGIN_CM}cm, vmargin=2cm]{{geometry}}",
        *PREAMBLE,
        *SETUP,
        *_metadata(report),
        r"\begin{document}",
        rf"{{\LARGE\bfseries {escape(words.TITLE)}\par}}\bigskip",
        *_summary(report),
        r"\tableofcontents",
    ]
    for chapter in report.chapters:
        lines += _chapter(chapter, names)
    lines += _models(report, names)
    lines += [*_papers(report), *_environment(report), *_trials(report.trials), r"\end{document}"]
    return "\n".join(lines) + "\n"


def picture_files(report: Report) -> dict[str, Path]:
    """Name the files that the article includes."""
    pictures = [picture for chapter in report.chapters for picture in chapter.pictures]
    paths = [picture.files["pdf"] for picture in (*pictures, *report.model_pictures)]
    return {f"figure-{number}.pdf": path for number, path in enumerate(paths, start=1)}


def _metadata(report: Report) -> Iterator[str]:
    """Say what the PDF is about, and open its bookmarks."""
    told = {
        "pdftitle": words.TITLE,
        "pdfsubject": next(words.write_opening(report)),
        "pdfkeywords": ", ".join(chapter.study.name for chapter in report.chapters),
        "pdfcreator": "mmer-sweep",
        "pdflang": "en",
    }
    entries = ", ".join(f"{name}={{{escape(text)}}}" for name, text in told.items())
    yield rf"\hypersetup{{{entries}, pdfdisplaydoctitle, bookmarksnumbered, bookmarksopen}}"


def _summary(report: Report) -> Iterator[str]:
    for sentence in words.write_opening(report):
        yield rf"{escape(sentence)}\par"
    yield r"\section*{Verdicts on claims}\pdfbookmark[1]{Verdicts on claims}{verdicts}"
    yield rf"{escape(summarise(report.judged))}\par"
    yield r"\begingroup\small"
    yield from _long_table(
        (0.36, 0.33, 0.25),
        ("Study", "Finished trials", "Claims"),
        [
            (
                rf"\hyperref[study-{chapter.name}]{{{breakable(chapter.study.title)}}}",
                r"\newline ".join(escape(progress.text) for progress in chapter.progress),
                escape(words.list_verdicts(chapter)),
            )
            for chapter in report.chapters
        ],
    )
    if words.has_verdicts(report):
        yield r"\subsection*{What the trials say}"
        yield from _long_table(
            (0.38, 0.13, 0.13, 0.3),
            ("Claim", "On this split", "Beyond it", "What it rests on"),
            [line for chapter in report.chapters for line in _decided(chapter)],
        )
    yield r"\endgroup"


def _decided(chapter: Chapter) -> Iterator[tuple[str, ...]]:
    """Write a line for each claim that has a verdict, below the study's title."""
    decided = words.list_decided(chapter)
    if decided:
        title = breakable(chapter.study.title)
        yield (rf"\multicolumn{{4}}{{@{{}}p{{\linewidth}}@{{}}}}{{\textbf{{{title}}}}}",)
    for one in decided:
        yield (
            breakable(f"{one.claim.id}: {one.claim.text}"),
            rf"\textbf{{{breakable(one.verdict)}}}",
            breakable(one.beyond or ""),
            breakable(show_evidence(one)),
        )


def _chapter(chapter: Chapter, names: Mapping[Path, str]) -> Iterator[str]:
    yield r"\clearpage"
    yield rf"\section{{{escape(chapter.study.title)}}}\label{{study-{chapter.name}}}"
    yield rf"Study \texttt{{{breakable(chapter.study.name)}}}. "
    yield rf"{escape(words.describe_source(chapter.study))}\par"
    for progress in chapter.progress:
        yield rf"{escape(progress.text)} trials are finished.\par"
    yield from (table_form.to_latex(table) for table in words.shown_tables(chapter))
    yield r"\subsection*{Verdicts}"
    if chapter.judged:
        yield verdicts_form.to_latex(chapter.judged)
    else:
        yield r"The study states no claims.\par"
    for picture in chapter.pictures:
        yield from _picture(picture, names)
    yield r"\FloatBarrier"


def _picture(picture: Picture, names: Mapping[Path, str]) -> Iterator[str]:
    yield r"\begin{figure}[!htbp]\centering"
    yield rf"\fitted{{{names[picture.files['pdf']]}}}"
    yield rf"\caption[{escape(picture.title)}]{{{breakable(picture.caption)}}}"
    yield r"\end{figure}"


def _models(report: Report, names: Mapping[Path, str]) -> Iterator[str]:
    if report.model_pictures or report.not_drawn:
        yield r"\clearpage\section{Inside the trained models}"
        for picture in report.model_pictures:
            yield from _picture(picture, names)
        yield r"\FloatBarrier"
        for reason in report.not_drawn:
            yield rf"{breakable(reason)}\par"


def _papers(report: Report) -> Iterator[str]:
    if report.lint is None:
        return
    yield r"\clearpage\section{The papers' own numbers}"
    yield rf"{escape(words.PAPERS_ABOUT)}\par"
    for group in words.list_findings(report.lint):
        yield rf"\subsection*{{{escape(group.heading)}}}"
        yield r"\begin{description}\small"
        for where, text in group.entries:
            yield rf"\item[\normalfont\ttfamily {escape(where)}] {escape(text)}"
        yield r"\end{description}"


def _environment(report: Report) -> Iterator[str]:
    environment = report.environment
    yield r"\clearpage\section{Environment}"
    yield rf"{escape(words.describe_training(environment))}\par"
    yield from _long_table(
        (0.3, 0.5, 0.1),
        ("Circumstance", "Value", "Trials"),
        [
            (escape(fact.name), breakable(value), str(number))
            for fact in environment.facts
            for value, number in fact.values
        ],
    )
    yield r"\subsection*{Corpora}"
    for used in environment.corpora:
        about = f", recipe {used.corpus.recipe}, {words.count(used.num_trials, 'trial')}"
        yield rf"\textbf{{{breakable(used.corpus.name)}}}{escape(about)}; fingerprint "
        yield rf"\texttt{{{breakable(used.corpus.fingerprint)}}}\par"
        settings = "; ".join(f"{name} = {value}" for name, value in used.settings.items())
        if settings:
            yield rf"{{\footnotesize\ttfamily {breakable(settings)}\par}}"
    if environment.weights:
        yield r"\subsection*{Pretrained weights}"
        for name, sha256 in environment.weights.items():
            yield rf"\texttt{{{breakable(name)}}}: SHA-256 \texttt{{{breakable(sha256)}}}\par"


def _trials(trials: Sequence[TrialLine]) -> Iterator[str]:
    yield r"\begin{landscape}"
    yield r"\section{All trials}"
    yield rf"{escape(words.TRIALS_ABOUT)}\par"
    yield r"\begingroup\scriptsize\setlength{\tabcolsep}{3pt}"
    yield from _long_table_of(
        "".join(TRIAL_COLUMNS),
        HEADERS,
        [
            (rf"\texttt{{{breakable(key)}}}", *map(breakable, others))
            for key, *others in (line.texts for line in trials)
        ],
    )
    yield r"\endgroup"
    yield r"\end{landscape}"


def _long_table(
    widths: Sequence[float], heads: Sequence[str], rows: Sequence[Sequence[str]]
) -> Iterator[str]:
    """Write a table that may continue on the next page; widths are shares of the line."""
    columns = "".join(rf"{LEFT}p{{{width}\linewidth}}" for width in widths)
    yield from _long_table_of(columns, heads, rows)


def _long_table_of(
    columns: str, heads: Sequence[str], rows: Sequence[Sequence[str]]
) -> Iterator[str]:
    yield rf"\begin{{longtable}}{{@{{}}{columns}@{{}}}}"
    yield rf"\toprule {' & '.join(map(escape, heads))} \\ \midrule \endhead"
    yield r"\bottomrule \endfoot"
    yield from (rf"{' & '.join(row)} \\" for row in rows)
    yield r"\end{longtable}\addtocounter{table}{-1}"
