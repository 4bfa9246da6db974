"""A message to the vendor about the rows of a file that could not be read, ready to be sent.

It names the file, and for each row its line, column, value and rule; never where the file came from or a credential.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from autoholdings_assets.reports.job_report import File, JobReport
from autoholdings_assets.reports.wording import counted, shortened

_LONGEST_VALUE = 200


def letters(report: JobReport) -> list[tuple[File, str]]:
    """For each file that the run was brought and that has rejected rows, the file and the text."""
    by_profile = groupby(report.rejected_rows, key=lambda fault: fault["profile"])
    faults = {profile: list(found) for profile, found in by_profile}
    return [(file, _letter(report, file, faults[file.profile])) for file in report.files if file.profile in faults]


def _letter(report: JobReport, file: File, faults: Sequence[dict[str, Any]]) -> str:
    rejected = file.rejected_rows or 0
    dated = f", dated {file.file_date:%Y-%m-%d}" if file.file_date else ""
    lines = [
        f"Subject: KBART file {file.file_name}: {counted(rejected, 'row')} that cannot be read",
        "",
        "Dear colleagues,",
        "",
        f"in your KBART file {file.file_name}{dated}, {rejected:,} of {counted(file.total_rows or 0, 'row')} cannot be "
        "used. They are listed here by their line in the file (the header is line 1), with the column, the value as it "
        "stands there, and what is wrong with it. Could you please correct them in the next file?",
        "",
    ]
    shown = 0
    for row_number, found in groupby(faults, key=lambda fault: fault["row_number"]):
        of_row = list(found)
        shown += 1
        lines.append(f"Line {row_number}: {_title(of_row[0])}")
        lines += [
            f"    {fault['column_name']}: {_quoted(fault['value']) if fault['value'] else '(blank)'}\n"
            f"    {fault['message']} (rule: {fault['rule']})"
            for fault in of_row
        ]
    if shown < rejected:
        lines += ["", f"These are the first {shown:,} of {rejected:,} rows; we can send you the others too."]
    return "\n".join([*lines, "", "Thank you, and kind regards,", report.institution])


def _title(fault: dict[str, Any]) -> str:
    named = [fault[name] for name in ("online_identifier", "print_identifier", "title_id") if fault[name]]
    return f"{_quoted(fault['publication_title'])}" + (f" ({named[0]})" if named else "")


def _quoted(text: str | None) -> str:
    return f'"{shortened(" ".join((text or "(no title)").split()), _LONGEST_VALUE)}"'
