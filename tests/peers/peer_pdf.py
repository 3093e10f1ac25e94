"""The three reports of the sample company, as others read them: veraPDF finds PDF/A-2a and PDF/UA-1 kept, and every block
of the HTML stands in the PDF, word for word, as poppler reads it."""

import html
import html.parser
import pathlib
import re
import subprocess

import verapdf
from harness import BACKPROOF, check, need

# Elements that hold the text of one block, cell or item.
BLOCKS = {"h1", "h2", "h3", "h4", "h5", "p", "li", "dt", "dd", "td", "th", "figcaption"}
# CPU seconds for all files and profiles together.
MOST = 90


class Texts(html.parser.HTMLParser):
    """Texts of the blocks of a page's content, without what is drawn."""

    def __init__(self):
        super().__init__()
        self.inside, self.drawn, self.open, self.texts = False, 0, [], []

    def handle_starttag(self, tag, attributes):
        self.inside |= tag == "main"
        # Labels of charts are set by hand in the PDF, and days of calendars where there is room for them.
        self.drawn += tag == "svg" or dict(attributes).get("aria-hidden") == "true" and tag == "div" or self.drawn and tag == "div"
        if tag in BLOCKS:
            self.open.append([])
        if tag == "br" and self.open:
            self.open[-1].append(" ")

    def handle_endtag(self, tag):
        if self.drawn and tag in ("svg", "div"):
            self.drawn -= 1
        if tag in BLOCKS and self.open:
            self.texts.append("".join(self.open.pop()))
        if tag == "main":
            self.inside = False

    def handle_data(self, data):
        if self.inside and not self.drawn and self.open:
            self.open[-1].append(data)


def dense(text):
    return re.sub(r"\s+", "", text)


def parted(word, pages):
    """True where a word goes on over a page, or over a line of a row so tall that its columns are set line by line."""
    pairs = list(zip(pages, pages)) + list(zip(pages, pages[1:]))
    return any(word[:i] in a and word[i:] in b for a, b in pairs for i in range(4, len(word) - 3))


def compare(name, folder):
    page = Texts()
    page.feed((folder / f"{name}.html").read_text(encoding="utf-8"))
    told = subprocess.run(["pdftotext", "-raw", folder / f"{name}.pdf", "-"], capture_output=True, text=True, check=True)
    # Running headers stand between the halves of a text that goes on over a page: its words are compared.
    pages = [dense(p) for p in told.stdout.split("\f")]
    whole = "".join(pages)
    texts = [t for t in page.texts if t.strip()]
    lacking = [w for t in texts for w in t.split() if dense(w) not in whole and not parted(dense(w), pages)]
    check(f"pdf: {name} has every word of its HTML", len(texts) > 200 and not lacking, (len(texts), lacking[:20]))
    broken = [t for t in texts if not any(dense(t) in p for p in pages)]
    check(f"pdf: {name} has the blocks of its HTML whole, but for those that a page parts",
          len(broken) <= len(pages), (len(broken), len(pages), broken[:5]))
    print(f"pdf: {name}: {len(texts)} texts compared, {len(broken)} on two pages", flush=True)


def test(root):
    if not need("java", "pdftotext", "qpdf"):
        return
    folder = pathlib.Path(root) / "pdf"
    subprocess.run([BACKPROOF, "demo", "--dir", folder], capture_output=True, check=False)
    reports = {name: next(folder.glob(f"reports/**/{name}.pdf")).parent for name in ("monthly", "review", "packet")}
    for name, where in reports.items():
        compare(name, where)
    # A review is short enough to decide from, whatever its period.
    for period in ("2026-Q3", "2026-Q4", "2026"):
        review = folder / f"reports/{period}"
        subprocess.run([BACKPROOF, "report", "review", "--config", folder / "backproof.toml", "--period", period, "--out", review],
                       capture_output=True, check=False)
        info = subprocess.run(["pdfinfo", review / "review.pdf"], capture_output=True, text=True, check=False).stdout
        pages = re.search(r"Pages: +(\d+)", info)
        check(f"pdf: the review of {period} is six pages at most", pages and int(pages[1]) <= 6, info)
    asked = [(name, profile) for name in reports for profile in verapdf.PROFILES]
    told = verapdf.validate(*((profile, reports[name] / f"{name}.pdf") for name, profile in asked))
    for (name, profile), seen in zip(asked, told, strict=True):
        standard, places = verapdf.PROFILES[profile], seen["places"]
        check(f"pdf: veraPDF finds {name} to be {standard}", places > 10_000 and not seen["faults"], (places, seen["faults"][:5]))
        print(f"pdf: {name}, {standard}: {places} assertions", flush=True)
    spent = sum(seen["seconds"] for seen in told)
    check(f"pdf: veraPDF takes at most {MOST} s of CPU", spent <= MOST, spent)
    # It does see what is wrong.
    plain = folder / "plain.pdf"
    subprocess.run(["qpdf", "--qdf", "--object-streams=disable", reports["review"] / "review.pdf", plain], check=True)
    changes = {"2a": (b"/OutputIntents", b"/OutputIntentz"), "ua1": (b"/S /H2", b"/S /H5")}
    for profile, (good, bad) in changes.items():
        text = plain.read_bytes()
        check(f"pdf: there is something to break for {profile}", good in text)
        (folder / f"broken-{profile}.pdf").write_bytes(text.replace(good, bad))
    told = verapdf.validate(*((profile, folder / f"broken-{profile}.pdf") for profile in changes))
    for (good, _), seen in zip(changes.values(), told, strict=True):
        check(f"pdf: veraPDF sees {good.decode()} gone", bool(seen["faults"]))
