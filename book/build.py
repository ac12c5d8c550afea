"""Builds the book: its pages into a folder of their own, from there by Sphinx into the site.

The front end of the live pictures is the one that notebooks have. A page that is read from a disk may load
no module and fetch no file, so it comes as a plain script, and so does each recording.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat

from book import pages
from book.pages import BookError
from book.recording import RECORDINGS, is_of
from classroom.place import NOTEBOOKS, ROOT

BOOK, FRONT_END = Path(__file__).parent, ROOT / "classroom/live"
EXPORT = "export default { render };"


def build(site: Path) -> None:
    """Leave the site in this folder, which is made anew. Raises BookError; what is no book is not touched."""
    if site.exists() and any(site.iterdir()) and not (site / "_static/player.js").exists():
        raise BookError(f"{site} holds something else than a book.\nNext: name an empty folder")
    with tempfile.TemporaryDirectory() as folder:
        source, made = Path(folder, "source"), Path(folder, "site")
        shutil.copytree(BOOK / "static", source / "_static")
        shutil.copy(BOOK / "conf.py", source)
        write_pages(source)
        write_scripts(source / "_static")
        command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q"]
        ran = subprocess.run([*command, source, made], capture_output=True, text=True)
        if ran.returncode:
            raise BookError(f"Sphinx made no book:\n{ran.stderr}\nNext: mend the page that it names")
        shutil.rmtree(site, ignore_errors=True)
        shutil.copytree(made, site, ignore=shutil.ignore_patterns(".doctrees", ".buildinfo"))


def write_pages(source: Path) -> None:
    """Write every page, at its place in the repository."""
    for folder in ("notebooks/solutions", "data/contracts", "trainer", "_extra"):
        (source / folder).mkdir(parents=True)
    shutil.copytree(ROOT / "pictures", source / "pictures")
    (source / "_extra/.nojekyll").touch()  # GitHub Pages would leave out folders that begin with _
    texts = {"index.md": pages.start(), "README.md": pages.running()}
    texts["notebooks/solutions/all.md"] = pages.solutions()
    for name in pages.AS_THEY_ARE:
        texts[name] = (ROOT / name).read_text(encoding="utf-8")
    for file in pages.CONTRACTS.glob("*.json"):
        shutil.copy(file, source / "data/contracts")
        texts[f"data/contracts/{file.stem}.md"] = pages.contract(file)
    for name, text in texts.items():
        (source / name).write_text(text, encoding="utf-8")
    for file in NOTEBOOKS.glob("*.ipynb"):
        write_chapter(file, source / "notebooks")


def write_chapter(file: Path, folder: Path) -> None:
    """Write the chapter's page. Raises BookError if its recording is of another live picture."""
    notebook, number = nbformat.read(file, as_version=4), file.stem.partition("-")[0]
    recording = RECORDINGS / f"{number}.json"
    if recording.exists() and not is_of(recording, notebook):
        raise BookError(f"{recording.name} is of another cell.\nNext: python3 lab.py book --record {number}")
    page = pages.chapter(notebook, number if recording.exists() else "")
    nbformat.write(page, folder / file.name)


def write_scripts(static: Path) -> None:
    """Write what plays: the front end, its style, and the recordings."""
    (static / "recordings").mkdir()
    shutil.copy(FRONT_END / "live.css", static)
    module = (FRONT_END / "live.js").read_text(encoding="utf-8")
    if EXPORT not in module:
        raise BookError(f"live.js does not end with {EXPORT!r}.\nNext: say in book/build.py how it is loaded")
    script = module.replace(EXPORT, "return { render };")
    (static / "live.js").write_text(f"const live = (() => {{\n{script}\n}})();\n", encoding="utf-8")
    for file in RECORDINGS.glob("*.json"):
        text = file.read_text(encoding="utf-8")
        script = f"(window.recordings ??= {{}})[{file.stem!r}] = {text};\n"
        (static / f"recordings/{file.stem}.js").write_text(script, encoding="utf-8")
