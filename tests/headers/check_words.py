"""Plain modern English where people read: pages, scripts, configs, public headers, and what the program says.
Usage: check_words.py ROOT"""
import pathlib
import re
import sys

ARCHAIC = re.compile(r"\b(lest|but for(?! (every|each|all)\b)|so many|be it|as yet|thereof|whereof|therein|thereto|whilst|unto|"
                     r"amid|naught|ere|shall|for ever|in vain|of late|anew)\b", re.IGNORECASE)
# "per" where a rate is meant: "nats per row".
RATE = re.compile(r"\b(nats|bytes|memory|seconds|milliseconds|threads|numbers?|one|entry|entries|lines?) a "
                  r"(row|rank|host|second|pass|iteration|reduction|feature|component|cluster|thread|level|call)\b"
                  r"(?! (adds|has|holds|needs|takes|writes))")
PAGES = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs/*.md", "tests/benchmark/README.md", "tests/attack/README.md",
         "jobs/*.sh", "configs/*.toml", "include/shoal/**/*.hpp"]
LITERAL = re.compile(r'"((?:[^"\\\n]|\\.)*)"')


def spoken(line):
    """What a line of a source may say: its literals, without comments."""
    return " ".join(LITERAL.findall(line.split("//")[0])) if not line.startswith("#include") else ""


def problems(root):
    files = [(file, text) for pattern in PAGES for file in sorted(root.glob(pattern)) for text in [file.read_text()]]
    if len(files) < 100:
        yield f"only {len(files)} texts found below {root}"
    for file, text in files:
        for number, line in enumerate(text.splitlines(), 1):
            for found in (ARCHAIC.search(line), RATE.search(line)):
                if found:
                    yield f"{file.relative_to(root)}:{number}: {found[0]}: {line.strip()}"
    for file in sorted(root.glob("src/**/*.[ch]pp")):
        for number, line in enumerate(file.read_text().splitlines(), 1):
            for found in filter(None, (ARCHAIC.search(spoken(line)), RATE.search(spoken(line)))):
                yield f"{file.relative_to(root)}:{number}: {found[0]}: {line.strip()}"


found = list(problems(pathlib.Path(sys.argv[1])))
print("\n".join(found) or "no archaic words")
sys.exit(bool(found))
