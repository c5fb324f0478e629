import argparse
import json
import sys
from pathlib import Path

from inflection_of_counts import counted

from tally import count, most_common


def main() -> int:
    parser = argparse.ArgumentParser(prog="tally", description="Counts the words of files.")
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--top", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    try:
        text = "\n".join(path.read_text(encoding="utf-8") for path in arguments.files)
    except OSError as error:
        print(f"tally: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    common = most_common(count(text), arguments.top)
    if arguments.json:
        print(json.dumps(dict(common)))
    else:
        for word, times in common:
            print(f"{word}: {counted(times, 'time')}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
