"""The report page of a finished run: one HTML file that holds all it shows."""

from closedworld.html_report.writing import write_page

__all__ = ["write_page"]
