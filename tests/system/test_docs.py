"""The pages of docs/ that show commands say what the program does, alone and on three ranks; and no text is archaic."""
import concurrent.futures
import re

import pages
import shoal

ELSEWHERE = {"from-scikit-learn"}  # test_from_scikit_learn.py


class Docs(shoal.ShoalTest):
    def check(self, page):
        """The page is true, and its files are the same bytes on three ranks."""
        with concurrent.futures.ThreadPoolExecutor() as pool:
            readers = [pages.Reader(page, self.path("alone")), pages.Reader(page, self.path("three"), "mpirun -n 3")]
            alone, three = pool.map(pages.Reader.read, readers)
        self.assertEqual(alone.problems, [])
        self.assertEqual(three.problems, [])
        self.assertEqual(three.results, alone.results)
        self.assertEqual(three.files().keys(), alone.files().keys())
        for name, content in alone.files().items():
            self.assertEqual(three.files()[name], content, name)

    def test_data(self):
        self.check("data")

    def test_results(self):
        self.check("results")

    def test_choosing_k(self):
        self.check("choosing-k")

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
