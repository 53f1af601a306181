"""The layers: which module may include which, and who alone may include a library. Usage: check_includes.py ROOT"""
import pathlib
import re
import sys

MAY = {
    "core": set(),
    "math": {"core"},
    "data": {"core", "math"},
    "comm": {"core", "math"},
    "pass": {"core", "math", "data", "comm"},
    "model": {"core", "math", "data", "pass"},
    "init": {"core", "math", "data", "comm", "pass", "model"},
    "fit": {"core", "math", "data", "comm", "pass", "model"},
    "search": {"core", "math", "data", "comm", "pass", "model", "init", "fit"},
    "io": {"core", "math", "data", "comm", "model"},
    "run": {"core", "math", "data", "comm", "pass", "model", "init", "fit", "search", "io"},
    "app": {"core", "math", "data", "comm", "pass", "model", "init", "fit", "search", "io", "run", "app"},
}
INNER = {r"shoal/io/(hdf5_file|hdf5_handle|row_writer)\.hpp": "io"}  # what hands out a library's handles
OWNERS = {
    r"mpi\.h": {"comm"}, r"hdf5\.h|H5\w+\.h": {"io"}, r"boost/(archive|serialization)/.*": {"comm", "io"}, r"boost/math/.*": {"model"}, r"hwy/.*": {"math"},
    r"Eigen/.*": {"math"}, r"Random123/.*": {"core"}, r"omp\.h": {"pass"}, r"CLI/.*": {"app"}, r"toml\+\+/.*": {"io"}, r"nlohmann/.*": {"app"},
    r"xxhash\.h|csv\.h|libdeflate\.h|lzf\.h": {"io"},
}


def problems(root):
    files = [*root.glob("include/shoal/**/*.hpp"), *root.glob("src/**/*.hpp"), *root.glob("src/**/*.cpp")]
    if len(files) < 50:
        yield f"only {len(files)} sources found below {root}"
    for file in sorted(files):
        parts = file.relative_to(root).parts
        module = parts[2] if parts[0] == "include" else parts[1]
        for number, line in enumerate(file.read_text().splitlines(), 1):
            where = f"{file.relative_to(root)}:{number}"
            ours = re.match(r'#include "shoal/(\w+)/', line)
            if ours and ours[1] != module and ours[1] not in MAY[module]:
                yield f"{where}: {module} may not include {ours[1]}"
            if line.startswith('#include "app/') and module != "app":
                yield f"{where}: nobody includes app"
            for pattern, owner in INNER.items():
                if re.match(f'#include "{pattern}"', line) and module != owner:
                    yield f"{where}: only {owner} may include what hands out handles: {line}"
            theirs = re.match(r"#include <([^>]+)>", line)
            for pattern, owners in OWNERS.items():
                if theirs and re.fullmatch(pattern, theirs[1]) and module not in owners:
                    yield f"{where}: only {', '.join(sorted(owners))} may include <{theirs[1]}>"


found = list(problems(pathlib.Path(sys.argv[1])))
print("\n".join(found) or "every include obeys the layers")
sys.exit(bool(found))
