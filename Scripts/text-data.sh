#!/usr/bin/env bash
# Fetches the texts of the guide Documentation/Text.md and of the experiments characters and gpt-small, which are no part of this repository.
#
#     Scripts/text-data.sh                # into data/
#     Scripts/text-data.sh FOLDER
#
# They are test data of Brotli 1.2.1, a source archive for pip (7 MB), and in the public domain:
#
# | file | what it is |
# | alice.txt | “Alice's Adventures in Wonderland” by Lewis Carroll, 1865 (148 kB) |
# | authors.csv | the lines of it, of “As You Like It” by Shakespeare and of “Paradise Lost” by Milton, each with its author (15718 rows) |
#
# A file whose SHA-256 is not the one below is an error, and is not kept. What is there and right is not fetched again. pip runs the
# setup.py of the archive, as it does for all such archives.
set -euo pipefail

home=${1:-data}
alice=alice.txt
alice_sha256=99e53cbb0aeb274344a254733db996ca2d05d5fcd10fc0ca02d6966f2b2bc961
authors=authors.csv
authors_sha256=4e418aa3129c127edbcd6f580fa30f39c361c3b2cb6177b9eda3307c5589c537

digest() { sha256sum "$1" | cut -d ' ' -f 1; }

there() { # name, SHA-256
    [ -f "$home/$1" ] && [ "$(digest "$home/$1")" = "$2" ]
}

# Keeps what was made, if it is what was expected.
keep() { # name, SHA-256
    local received
    received=$(digest "$temporary/$1")
    if [ "$received" != "$2" ]; then
        echo "text-data: $1 has SHA-256 $received instead of $2: not kept" >&2
        exit 1
    fi
    mkdir -p "$home"
    mv "$temporary/$1" "$home/$1"
    echo "  $home/$1 (SHA-256 as expected)"
}

if there "$alice" "$alice_sha256" && there "$authors" "$authors_sha256"; then
    echo "$alice and $authors: there already, in $home"
    exit
fi
if ! command -v python3 >/dev/null || ! python3 -m pip --version >/dev/null 2>&1; then
    echo "text-data: python3 with pip is missing; install python3-pip" >&2
    exit 1
fi
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT
if ! python3 -m pip download --quiet --disable-pip-version-check --retries 1 --timeout 10 --no-deps --no-binary :all: \
    --dest "$temporary" Brotli==1.2.1 2>"$temporary/log"; then
    tail -n 5 "$temporary/log" >&2
    echo "text-data: the texts could not be fetched; the lines above say why" >&2
    exit 1
fi
python3 - "$temporary" <<'PYTHON'
import csv
import sys
import tarfile

folder = sys.argv[1]
archive = tarfile.open(f"{folder}/brotli-1.2.1.tar.gz")


def book(name):
    """The text of a file without what old systems wrote: CR at the end of lines, a byte 26 at the end."""
    data = archive.extractfile(f"brotli-1.2.1/tests/testdata/{name}").read()
    return data.decode("ascii").replace("\r", "").replace("\x1a", "")


carroll = book("alice29.txt")
with open(f"{folder}/alice.txt", "w", newline="") as file:
    file.write(carroll)
with open(f"{folder}/authors.csv", "w", newline="") as file:
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow(["line", "author"])
    for author, text in [("Carroll", carroll), ("Shakespeare", book("asyoulik.txt")), ("Milton", book("plrabn12.txt"))]:
        for line in text.splitlines():
            # Titles and names of speakers would tell too much.
            if len(line.split()) >= 4:
                rows.writerow([line.strip(), author])
PYTHON
keep "$alice" "$alice_sha256"
keep "$authors" "$authors_sha256"
