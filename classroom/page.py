"""What a page shows of a text: the text as it is, whatever signs are in it."""

from html import escape


def literal(text: str) -> str:
    """The text as HTML; between two plain dollar signs Jupyter and GitHub would set mathematics."""
    return escape(text).replace("$", "<span>$</span>")
