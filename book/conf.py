"""How Sphinx makes the book of the pages that `build.py` puts this file beside. No page needs a network."""

project = "Herd Fiber"
html_title = "Herd Fiber"
language = "en"
copyright = ""
extensions = ["myst_nb"]
exclude_patterns = ["**/solutions/*.py"]

nb_execution_mode = "off"  # what a chapter shows was kept when it was run
nb_ipywidgets_js = {}  # a live picture is played by player.js; no widget manager from elsewhere
nb_mime_priority_overrides = [("html", "text/html", 10), ("html", "image/png", 20)]
myst_heading_anchors = 3
suppress_warnings = ["mystnb.unknown_mime_type"]

html_theme = "furo"
html_static_path = ["_static"]
html_extra_path = ["_extra"]
html_css_files = ["live.css", "book.css"]
html_js_files = [("live.js", {"defer": ""}), ("player.js", {"defer": ""})]
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
html_show_search_summary = False  # a page that is read from a disk may not fetch another
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"
