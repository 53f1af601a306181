"""What is written, and what is never written over: inputs by whatever name, files of others, devices, permissions."""
import json
import os
import pathlib
import socket
import stat
import subprocess
import sys

import h5py
import numpy as np

import shoal

FIT = ("-k", 2, "--max-iterations", 3, "-q")


class Outputs(shoal.ShoalTest):
    def setUp(self):
        super().setUp()
        rng = np.random.default_rng(3)
        self.data = self.write("data.h5", rng.normal(size=(60, 2)))
        self.weights = self.write("weights.h5", np.zeros(1), w=np.ones(60))
        self.fit("gaussian", self.data, *FIT, output="start.h5").close()
        self.path("c.toml").write_text("[fit]\nseed = 3\n")
        self.inputs = {"data": self.data, "weights": self.weights, "start": self.path("start.h5"),
                       "config": self.path("c.toml")}

    def state(self):
        """Of all files but links: content, inode, permissions."""
        return {path.name: (path.read_bytes(), path.stat().st_ino, path.stat().st_mode)
                for path in self.folder.iterdir() if path.is_file() and not path.is_symlink()}

    def reading_all(self, *more):
        return ["fit", "gaussian", self.data, *FIT, "--row-weights", f"{self.weights}:/w", "--init",
                self.path("start.h5"), "--mixing", self.path("start.h5"), "--config", self.path("c.toml"),
                "--overwrite", *more]

    def test_no_input_is_an_output(self):
        (self.folder / "linked").symlink_to(self.folder)
        for name, file in self.inputs.items():
            self.path("soft").unlink(missing_ok=True), self.path("hard").unlink(missing_ok=True)
            self.path("soft").symlink_to(file.name)
            os.link(file, self.path("hard"))
            spellings = [file, self.path("soft"), self.path("hard"), self.folder / "linked" / file.name]
            for option, spelling in zip(("-o", "--labels", "--log", "--checkpoint"), spellings):
                with self.subTest(input=name, option=option, spelling=spelling):
                    before = self.state()
                    more = [option, spelling] + (["-o", self.path("m.h5")] if option != "-o" else [])
                    self.fails(64, ["is the same file as"], *self.reading_all(*more))
                    self.assertEqual(self.state(), before)

    def test_no_input_of_the_other_commands_either(self):
        model, data = self.path("start.h5"), self.data
        os.link(data, self.path("hard.h5"))
        self.path("t.csv").write_text("1,2\n3,4\n")
        self.path("t.h5").symlink_to("t.csv")
        before = self.state()
        self.fails(64, ["same file"], "predict", model, data, "-o", self.path("hard.h5"), "--overwrite")
        self.fails(64, ["same file"], "predict", model, data, "-o", model, "--overwrite")
        self.fails(64, ["same file"], "sample", model, "-n", 5, "-o", model, "--overwrite")
        self.fails(64, ["same file"], "convert", self.path("t.csv"), self.path("t.h5"), "--overwrite")
        self.assertEqual(self.state(), before)

    def virtual(self, name, sources, path="X"):
        layout = h5py.VirtualLayout((60, 2), "f8")
        rows = 60 // len(sources)
        for i, source in enumerate(sources):
            layout[i * rows:(i + 1) * rows] = h5py.VirtualSource(source, path, shape=(rows, 2))
        with h5py.File(self.path(name), "w") as file:
            file.create_virtual_dataset("X", layout)
        return self.path(name)

    def test_no_file_behind_an_input_either(self):
        """Sources of virtual data sets and theirs, files behind links, in data and in models."""
        for i in range(2):
            self.write(f"part-{i}.h5", np.random.default_rng(i).normal(size=(30, 2)))
        self.virtual("one.h5", ["data.h5"]), self.virtual("two.h5", ["one.h5"])
        with h5py.File(self.path("link.h5"), "w") as file:
            file["X"] = h5py.ExternalLink("data.h5", "/X")
        with h5py.File(self.path("model-link.h5"), "w") as file:
            file["parameters"] = h5py.ExternalLink("start.h5", "/parameters")
            with h5py.File(self.path("start.h5")) as model:
                file.attrs.update(model.attrs)
        self.virtual("link-virtual.h5", ["link.h5"])
        space = h5py.h5s.create_simple((60, 2), (h5py.h5s.UNLIMITED, 2))
        layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        space.select_hyperslab((0, 0), (h5py.h5s.UNLIMITED, 1), (30, 1), (30, 2))
        layout.set_virtual(space, b"part-%b.h5", b"X", h5py.h5s.create_simple((30, 2)))
        with h5py.File(self.path("pattern.h5"), "w") as file:
            h5py.h5d.create(file.id, b"X", h5py.h5t.IEEE_F64LE, h5py.h5s.create_simple((60, 2), (h5py.h5s.UNLIMITED, 2)),
                            dcpl=layout)
        before = self.state()
        for data, source in (("one.h5", "data.h5"), ("two.h5", "data.h5"), ("two.h5", "one.h5"), ("link.h5", "data.h5"),
                             ("link-virtual.h5", "data.h5"), ("link-virtual.h5", "link.h5"), ("pattern.h5", "part-1.h5")):
            for option in ("-o", "--log"):
                with self.subTest(data=data, source=source, option=option):
                    more = ["-o", self.path("m.h5")] if option != "-o" else []
                    self.fails(64, [source, "same file"], "fit", "kmeans", self.path(data), *FIT, *more, option,
                               self.path(source), "--overwrite")
                    self.assertEqual(self.state(), before)
        linked, start = self.path("model-link.h5"), self.path("start.h5")
        for command in (["fit", "gaussian", self.data, *FIT, "--init", linked, "-o", start],
                        ["fit", "gaussian", self.data, *FIT, "--mixing", linked, "-o", self.path("m.h5"), "--log", start],
                        ["predict", linked, self.data, "-o", start], ["sample", linked, "-n", 5, "-o", start]):
            self.fails(64, ["start.h5", "same file"], *command, "--overwrite")
            self.assertEqual(self.state(), before)

    def test_long_names_that_end_differently(self):
        name = "n" * 235
        self.ok("fit", "gaussian", self.data, *FIT, "-o", self.path(name + "-m.h5"), "--labels", self.path(name + "-l.h5"),
                "--checkpoint", self.path(name + "-c"), "--checkpoint-every", 1)
        self.assertEqual({path.name[-5:] for path in self.folder.glob("nnn*")}, {"-m.h5", "-l.h5", "nnn-c", "vious"})
        self.fails(73, ["too long"], "fit", "gaussian", self.data, *FIT, "-o", self.path("m.h5"), "--checkpoint",
                   self.path("n" * 250))

    def test_two_outputs_are_two_files(self):
        self.path("a.h5").symlink_to("b.h5")
        for options in (["-o", "m.h5", "--labels", "./m.h5"], ["-o", "a.h5", "--labels", "b.h5", "--overwrite"],
                        ["-o", "c.previous", "--checkpoint", "c"], ["--log", "c.lease", "--checkpoint", "c"]):
            self.fails(64, ["same file"], "fit", "kmeans", "data.h5", *FIT, *options, cwd=self.folder)

    def test_devices_pipes_and_sockets_are_no_outputs(self):
        os.mkfifo(self.path("pipe"))
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(self.path("socket")))
        kinds = ["pipe", "socket", "."]
        try:
            os.mknod(self.path("device"), stat.S_IFCHR | 0o666, os.makedev(1, 3))
            kinds.append("device")
        except PermissionError:
            print("\nNOT TESTED: a device as output. Only root can make one to try it with.", file=sys.stderr)
        for kind in kinds:
            for option in ("-o", "--labels", "--log", "--checkpoint"):
                with self.subTest(kind=kind, option=option):
                    inode = self.path(kind).lstat().st_ino
                    more = ["-o", self.path("m.h5")] if option != "-o" else []
                    self.fails(73, [], "fit", "kmeans", self.data, *FIT, "--overwrite", *more, option, self.path(kind))
                    self.assertEqual(self.path(kind).lstat().st_ino, inode)

    def test_links_are_followed(self):
        self.path("scratch").mkdir()
        for name, option in (("m.h5", "-o"), ("l.h5", "--labels"), ("run.log", "--log"), ("c.ckpt", "--checkpoint")):
            with self.subTest(option=option):
                self.path(name).symlink_to(f"scratch/{name}")
                arguments = ["fit", "kmeans", self.data, *FIT, "--starts", 1, option, self.path(name)]
                arguments += ["-o", self.path(f"other-{name}")] if option != "-o" else []
                self.fails(73, [name, "points nowhere", "--overwrite"], *arguments)
                self.ok(*arguments, "--overwrite")
                self.assertTrue(self.path(name).is_symlink())
                self.assertGreater((self.path("scratch") / name).stat().st_size, 0)
        self.assertEqual({path.name for path in self.path("scratch").iterdir()}, {"m.h5", "l.h5", "run.log", "c.ckpt"})

    def test_permissions_are_kept(self):
        command = [shoal.PROGRAM, "fit", "kmeans", self.data, *FIT, "-o", "m.h5", "--labels", "l.h5", "--log", "g.log"]
        command = [str(word) for word in command]
        for umask, new in ((0o022, 0o644), (0o077, 0o600), (0o002, 0o664)):
            subprocess.run(command, check=True, cwd=self.folder, umask=umask)
            for name in ("m.h5", "l.h5", "g.log"):
                self.assertEqual(stat.S_IMODE(self.path(name).stat().st_mode), new, name)
                self.path(name).chmod(0o640)
            subprocess.run([*command, "--overwrite"], check=True, cwd=self.folder, umask=umask)
            for name in ("m.h5", "l.h5", "g.log"):
                self.assertEqual(stat.S_IMODE(self.path(name).stat().st_mode), 0o640, name)
                self.path(name).unlink()

    def test_a_planted_lease_removes_nothing(self):
        (self.path("private")).mkdir()
        victims = {self.path("private") / "thesis.txt": b"a life's work", self.path("other.h5"): b"x"}
        for file, content in victims.items():
            file.write_bytes(content)
        arguments = ["fit", "kmeans", self.data, *FIT, "-o", self.path("m.h5"), "--checkpoint", self.path("c.ck")]
        for lease in ("mark\n%s\n" % (self.path("c.ck.x") / "../private/thesis.txt"), f"mark\n{self.path('other.h5')}\n",
                      "shoal-lease ../../private/thesis.txt\n", "", "x" * 10**6):
            self.path("c.ck.lease").write_text(lease)
            self.fails(73, ["c.ck.lease", "not a lease"], *arguments)
            self.assertEqual(self.path("c.ck.lease").read_text(), lease)
        self.path("c.ck.lease").unlink()
        self.path("c.ck.lease").symlink_to(self.path("other.h5"))
        self.fails(73, ["c.ck.lease", "not a lease"], *arguments)
        self.path("c.ck.lease").unlink()
        self.ok(*arguments)
        self.assertEqual({file: file.read_bytes() for file in victims}, victims)


class Logs(shoal.ShoalTest):
    def setUp(self):
        super().setUp()
        self.data = self.write("data.h5", np.random.default_rng(3).normal(size=(60, 2)))
        self.log = self.path("run.log")

    def arguments(self, *more, iterations=3):
        return ["fit", "gaussian", self.data, "-k", 2, "--starts", 1, "--max-iterations", iterations, "--tolerance", 0, "-q", "-o",
                self.path("m.h5"), "--log", self.log, *more]

    def lines(self):
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def test_only_its_own_is_continued(self):
        checkpoint = ["--checkpoint", self.path("c.ckpt")]
        for other in (b"Dear diary\n", b'{"event": "iteration", "fit": "another"}\n', b'{"event": "run"}\n', b"\0" * 99):
            self.log.write_bytes(other)
            self.fails(73, ["run.log", "exists already"], *self.arguments(*checkpoint))
            self.assertEqual(self.log.read_bytes(), other)
        self.log.unlink()
        self.ok(*self.arguments(*checkpoint))
        first = self.log.read_bytes()
        self.fails(73, ["exists already"], *self.arguments())  # without a checkpoint nothing goes on
        self.log.write_bytes(first + b'{"event": "itera')  # a crash within a line
        self.ok(*self.arguments(*checkpoint, iterations=5))
        self.assertTrue(self.log.read_bytes().startswith(first))
        self.assertEqual([line.get("iteration", line["event"]) for line in self.lines()],
                         ["start", 0, 1, 2, 3, "run", "start", 3, 4, 5, "run"])
        self.path("m.h5").unlink()
        self.fails(73, ["run.log", "exists already"], *self.arguments("--checkpoint", self.path("d.ckpt"), "--seed", 7))

    def test_of_other_data_is_another(self):
        self.ok(*self.arguments("--checkpoint", self.path("c.ckpt")))
        before = self.log.read_bytes()
        self.data = self.write("other.h5", np.random.default_rng(4).normal(size=(60, 2)))
        self.path("m.h5").unlink()
        self.fails(73, ["run.log", "other data"], *self.arguments("--checkpoint", self.path("d.ckpt")))
        self.assertEqual(self.log.read_bytes(), before)

    def test_a_full_disk_costs_one_warning(self):
        run = ('mkdir disk && mount -t tmpfs -o size=4k tmpfs disk && head -c 3500 /dev/zero >disk/ballast && "$@"; '
               'code=$?; cat disk/run.log; exit $code')
        self.log = pathlib.Path("disk/run.log")
        command = ["unshare", "--mount", "sh", "-c", run, "sh", shoal.PROGRAM, *map(str, self.arguments(iterations=40))]
        command.remove("-q")
        result = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=60)
        if "unshare" in result.stderr or "mount:" in result.stderr:
            print("\nNOT TESTED: a full disk. This machine does not let its root mount one.", file=sys.stderr)
            return
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stderr.count("a line could not be written"), 1, result.stderr)
        for line in result.stdout.splitlines():
            json.loads(line)


if __name__ == "__main__":
    shoal.main()
