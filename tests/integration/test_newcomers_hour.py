"""docs/newcomers-hour.md: its commands of nvqsync, in the order of the page, against the simulated Moodle it starts.

``make rehearse-newcomer`` types the whole page, package and all, on an empty Debian.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.moodle.simulator import Simulator, generate_college
from connectors.moodle.simulator.__main__ import without_id_numbers, write_registrations
from distribution.hour import PAGE, REPORTS, script, sections
from nvqsync.cli import main
from tests.meta.typed_commands import commands_of, ours, shell_lines, words_of

TEXT = PAGE.read_text(encoding="utf-8")
ELSEWHERE = re.compile(r"(?:/var/lib/nvqsync|/etc/nvqsync|/tmp)/")
"""Where the page puts things, and the test does not."""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder in place of the machine's own, with the college that step 2 of the page starts."""
    words = next(line for line in shell_lines(TEXT, "sh") if "connectors.moodle.simulator" in line).split()
    college = generate_college(learners=int(words[words.index("--learners") + 1]))
    without_id_numbers(college, words[words.index("--no-id-numbers") + 1])
    write_registrations(college, tmp_path / "entries.csv")
    monkeypatch.setenv("NVQSYNC_CONFIG", str(tmp_path / "nvqsync.toml"))
    monkeypatch.setenv("NVQSYNC_ACTOR", "j.lister")
    monkeypatch.chdir(tmp_path)
    with Simulator(college) as moodle:
        (tmp_path / "moodle-token").write_text(moodle.token, encoding="utf-8")
        (tmp_path / "moodle-token").chmod(0o600)
        monkeypatch.setenv("NVQSYNC_MOODLE__URL", moodle.url)
        monkeypatch.setenv("NVQSYNC_MOODLE__REQUESTS_PER_SECOND", "1000")
        yield tmp_path


def _here(text: str, place: Path) -> str:
    return ELSEWHERE.sub(f"{place}/", text)


def _run(words: tuple[str, ...]) -> tuple[int, str]:
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        status = main(words)
    return status, said.getvalue()


def test_the_page_leads_from_settings_to_a_keyed_claim_and_a_backup(place: Path) -> None:
    """Every command does what it should, and the rows of two who left are told; at the end, a sheet and a backup."""
    for _, blocks in sections(TEXT):
        for block in blocks:
            if block.file:
                with (place / Path(block.file).name).open("a", encoding="utf-8") as file:
                    file.write(_here(block.body, place))
                continue
            for line in shell_lines(f"```sh\n{block.body}```", "sh"):
                for words in filter(None, map(ours, commands_of(words_of(_here(line, place))))):
                    status, told = _run(words)
                    assert status == 0 or (status == 1 and line.startswith(REPORTS)), f"{line}: {status}\n{told}"
                    if words[0] == "registrations":
                        assert told.count("No learner has this id_number") == 2
    sheet = next((place / "exports").glob("*.html")).read_text(encoding="utf-8")
    assert "Tomasz Smith" in sheet
    assert "FAIL" not in _run(("doctor",))[1]
    assert list((place / "backups").glob("*.db"))
    assert "submitted" in _run(("claims", "list"))[1]


def test_the_script_is_the_page() -> None:
    """Every line that is typed, every file that is written, a time for each numbered section: and nothing else."""
    made = script(TEXT)
    for line in shell_lines(TEXT, "sh"):
        assert re.search(rf"^{re.escape(line)}( \|\| \[ \$\? -eq 1 \])?$", made, re.MULTILINE), line
    assert made.count(">&3") == len(re.findall(r"^## \d+\.", TEXT, re.MULTILINE)) >= 9
    assert made.count("cat > /etc/nvqsync/nvqsync.toml") == 1
    assert made.count("cat >> /etc/nvqsync/nvqsync.toml") == 1


def test_the_day_of_the_page_is_today() -> None:
    """`$TODAY` in a line stands for the day on which it is typed."""
    assert words_of("nvqsync iqa list --on $TODAY")[-1] == dt.datetime.now().astimezone().date().isoformat()
