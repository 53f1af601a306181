"""Makes the references of the Poisson mixture: data, starts, and what R's flexmix makes of them (in reference.json).

Needs R with flexmix (Debian: r-base-core, r-cran-flexmix); the tests read only what it left here. `python3 make_poisson.py`
"""
import json
import pathlib
import subprocess
import tempfile

import h5py
import numpy as np

HERE = pathlib.Path(__file__).parent


def simulated():
    """Three components that overlap, and starting clusters that are right for two thirds of the rows."""
    rng = np.random.default_rng(20)
    rates = np.array([[2.0, 9.0, 0.4, 5.0], [5.0, 4.0, 1.5, 5.5], [3.0, 6.0, 3.0, 11.0]])
    y = rng.choice(3, 300, p=[0.5, 0.3, 0.2])
    X = rng.poisson(rates[y]).astype(np.uint8)
    start = np.where(rng.random(300) < 0.5, y, rng.integers(0, 3, 300))
    return X, np.eye(3)[start], rng.integers(0, 4, 300)


def write(name, **arrays):
    with h5py.File(HERE / name, "w") as file:
        for key, value in arrays.items():
            file[key.replace("__", "/")] = value


def flexmix(X, shares, w):
    """The values of poisson.R, by name; its entry t + 1 is the history's entry t."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        np.savetxt(folder / "x.csv", X, fmt="%d", delimiter=",")
        np.savetxt(folder / "s.csv", shares, fmt="%.17g", delimiter=",")
        if w is not None:
            np.savetxt(folder / "w.csv", w, fmt="%d")
        subprocess.run(["Rscript", HERE / "poisson.R", folder / "x.csv", folder / "s.csv",
                        "none" if w is None else folder / "w.csv", folder / "out"], check=True)
        found, history = {}, {}
        for name, *values in map(str.split, (folder / "out").read_text().splitlines()):
            if name == "after":
                history[int(values[0]) - 1] = float(values[1])
            else:
                found[name] = values
    return found, history


def case(data, X, start_name, shares, w=None, last=50, agree=1e-9, note=""):
    """Starts where the M-step from the shares leads, as flexmix does, and takes down how it goes on until `last`."""
    ones = np.ones(len(X)) if w is None else w.astype(float)
    r = ones[:, None] * shares
    k = r.shape[1]
    write(start_name, parameters__weights=r.sum(0) / r.sum(), parameters__rates=(r.T @ X) / r.sum(0)[:, None])
    found, history = flexmix(X, shares, w)
    rates = np.array(found["rates"], float).reshape(k, -1)
    return {"model": "poisson", "data": data, "start": start_name, "k": k, "row_weights": None if w is None else "/w",
            "mixing": "learned", "missing": "error", "log_likelihood_start": history.pop(0),
            "log_likelihood": {t: value for t, value in history.items() if t <= last},
            "iterations": int(found["iterations"][0]), "log_likelihood_converged": float(found["log_likelihood"][0]),
            "n_parameters": int(found["n_parameters"][0]), "bic": float(found["bic"][0]), "aic": float(found["aic"][0]),
            "weights": [float(v) for v in found["weights"]], "rates": rates.tolist(), "rates_agree_to": agree,
            "labels": [int(v) for v in found["labels"]] if len(X) <= 300 else None,
            "note": f"R {'.'.join(found['version'][:2])}, flexmix {found['version'][2]}{note}"}


def main():
    X, shares, w = simulated()
    write("poisson.h5", X=X, w=w.astype(np.uint8))
    with h5py.File(HERE / "../digits.h5") as file:
        digits, digit = file["X"][:], file["labels"][:]
    cases = [case("poisson.h5", X, "poisson.plain-start.h5", shares),
             case("poisson.h5", X, "poisson.weighted-start.h5", shares, w),
             # rates that tend to zero fall below 1e-15, where shoal's logarithms stay: later the paths differ in the 9th digit
             case("../digits.h5", digits, "digits.poisson-start.h5", 0.9 * np.eye(10)[digit] + 0.01, last=5, agree=1e-6,
                  note="; the columns that are 0 in all rows have rates of exactly 0; others come near")]
    path = HERE / "reference.json"
    reference = json.loads(path.read_text())
    reference["conventions"]["poisson"] = (
        "R's flexmix with FLXMCmvpois from given shares of the rows (tolerance 1e-15, minprior 0, no floor of logarithms); the "
        "start is the M-step from them, which is flexmix's first iteration; rates, labels and criteria are those of its last, "
        "weights those of the M-step after it")
    reference["cases"] = [c for c in reference["cases"] if c["model"] != "poisson"] + cases
    path.write_text(json.dumps(reference, indent=0) + "\n")


main()
