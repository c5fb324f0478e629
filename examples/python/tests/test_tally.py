import json
import subprocess
import sys
from pathlib import Path

from tally import count, most_common

FABLE = Path(__file__).parent.parent / "texts" / "fable.txt"


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "tally", *words], capture_output=True, text=True, check=False)


def test_words_are_counted_in_lower_case() -> None:
    assert count("The fox, the FOX's grapes: 3") == {"the": 2, "fox": 1, "fox's": 1, "grapes": 1}


def test_equal_counts_are_in_the_order_of_the_alphabet() -> None:
    assert most_common(count("c b a c"), 3) == [("c", 2), ("a", 1), ("b", 1)]


def test_the_library_of_the_wheel_writes_the_plural() -> None:
    result = run("--top", "2", str(FABLE))
    assert (result.stdout, result.returncode) == ("the: 6 times\nand: 5 times\n", 0)


def test_json_is_for_programs() -> None:
    assert json.loads(run("--json", "--top", "1", str(FABLE)).stdout) == {"the": 6}


def test_a_missing_file_is_told() -> None:
    result = run("no-such-file")
    assert result.returncode == 1
    assert result.stderr == "tally: no-such-file: No such file or directory\n"
