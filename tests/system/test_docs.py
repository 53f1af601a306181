"""The pages of docs/ that show commands say what the program does, alone and on three ranks; and no text is archaic."""
import concurrent.futures
import re

import h5py

import pages
import shoal

ELSEWHERE = {"from-scikit-learn"}  # test_from_scikit_learn.py


def write_foreign(folder):
    """Files that take other programs to write: classic NetCDF, and a filter that HDF5 does not bring."""
    (folder / "classic.nc").write_bytes(b"CDF\x01" + bytes(28))
    creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    creation.set_chunk((40, 3))
    creation.set_filter(32015, h5py.h5z.FLAG_OPTIONAL, (3,))
    with h5py.File(folder / "zstd.h5", "w") as file:
        h5py.h5d.create(file.id, b"X", h5py.h5t.IEEE_F64LE, h5py.h5s.create_simple((120, 3)), creation)


class Docs(shoal.ShoalTest):
    def check(self, page, prepare=lambda folder: None):
        """The page is true, and its files are the same bytes on three ranks."""
        readers = [pages.Reader(page, self.path("alone")), pages.Reader(page, self.path("three"), "mpirun -n 3")]
        for reader in readers:
            prepare(reader.folder)
        with concurrent.futures.ThreadPoolExecutor() as pool:
            alone, three = pool.map(pages.Reader.read, readers)
        self.assertEqual(alone.problems, [])
        self.assertEqual(three.problems, [])
        self.assertEqual(three.results, alone.results)
        self.assertEqual(three.files().keys(), alone.files().keys())
        for name, content in alone.files().items():
            self.assertEqual(three.files()[name], content, name)

    def test_data(self):
        self.check("data", write_foreign)

    def test_results(self):
        self.check("results")

    def test_choosing_k(self):
        self.check("choosing-k")

    def test_missing(self):
        self.check("missing")

    def test_noise(self):
        self.check("noise")

    def test_bits(self):
        self.check("bits")

    def test_every_page_is_read(self):
        """One whose examples nobody runs, or a block whose mark is mistyped, would not be noticed."""
        for file in sorted((shoal.ROOT / "docs").glob("*.md")):
            page = file.stem
            fences = [line for line in file.read_text().splitlines() if line.startswith("```")]
            self.assertEqual(len(fences), 2 * len(pages.FENCE.findall(file.read_text())), page)
            self.assertLessEqual({kind for kind, _, _ in pages.blocks(page)}, pages.KINDS, page)
            if pages.blocks(page) and page not in ELSEWHERE:
                self.assertTrue(hasattr(self, "test_" + page.replace("-", "_")), page)

    def test_the_library_page_shows_an_example(self):
        """Which test_install.py compiles: the page has the lines of examples/fit_file.cpp."""
        example = (shoal.ROOT / "examples/fit_file.cpp").read_text()
        code = re.search(r"```cpp \(not run\)\n(.*?)```", pages.text_of("library"), re.DOTALL)[1]
        for line in code.splitlines():
            self.assertIn(line.strip(), example)

    def test_links_lead_somewhere(self):
        """Of pages to each other, to headings, and of the README to pages."""
        for file in [shoal.ROOT / "README.md", *(shoal.ROOT / "docs").glob("*.md")]:
            for target, _, anchor in re.findall(r"\]\((?!https?:)([^)#]*)(#([\w-]+))?\)", file.read_text()):
                page = file.parent / target if target else file
                self.assertTrue(page.exists(), f"{file.name}: {target}")
                if anchor:
                    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
                    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
                    self.assertIn(anchor, anchors, f"{file.name}: {target}#{anchor}")


if __name__ == "__main__":
    shoal.main()
