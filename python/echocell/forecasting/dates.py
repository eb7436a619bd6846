"""Dates in a column of text: their format, their regular step, and the dates that follow."""

from __future__ import annotations

import calendar
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from itertools import pairwise

# Formats that could be plain numbers, with the length that their cells must have.
_GUARDED = {"%Y%m%d": 8, "%Y%m": 6, "%Y": 4}
_DAYS = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%d.%m.%y",
    "%m/%d/%Y", "%d/%m/%Y", "%m/%d/%y", "%d/%m/%y", "%d-%m-%Y", "%m-%d-%Y",
    "%d-%b-%Y", "%d-%b-%y", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y",
)  # fmt: skip
_MONTHS = (
    "%Y-%m", "%Y/%m", "%m/%Y", "%m-%Y", "%YM%m", "%b %Y", "%B %Y", "%b-%Y", "%Y-%b",
    "%Y %b", "%Y %B", "%b-%y", "%b %y",
)  # fmt: skip
_TIMES = ("", " %H:%M", " %H:%M:%S", "T%H:%M", "T%H:%M:%S", " %H:%M:%S.%f", "T%H:%M:%S.%f")
# Parts of dates that strptime does not support.
_TEMPLATES = {
    "{year}-Q{quarter}": re.compile(r"(?P<year>\d{4})\s*-?\s*Q(?P<quarter>[1-4])", re.IGNORECASE),
    "Q{quarter} {year}": re.compile(r"Q(?P<quarter>[1-4])\s*-?\s*(?P<year>\d{4})", re.IGNORECASE),
    "{year}-W{week:02d}": re.compile(r"(?P<year>\d{4})\s*-?\s*W(?P<week>\d{2})", re.IGNORECASE),
}
# Ties are resolved in this order.
_PATTERNS = (
    *_TEMPLATES,
    *_GUARDED,
    *_MONTHS,
    *(day + time for day in _DAYS for time in _TIMES),
)
_ZONE = re.compile(r"(?<=\d)\s*(Z|UTC|[+-]\d{2}:?\d{2})$")
_AMBIGUOUS = {
    "%m/%d/%Y": "%d/%m/%Y",
    "%m/%d/%y": "%d/%m/%y",
    "%d-%m-%Y": "%m-%d-%Y",
}
# Other years are more likely to be other numbers, and leave no room for later dates.
_FIRST_YEAR, _LAST_YEAR = 1000, 3000
# Maximum number of missing rows in an otherwise regular series, as a fraction of the existing ones.
_MOST_GAPS = 0.1


@dataclass(frozen=True)
class Step:
    """The regular distance between dates: `months` months, `seconds` seconds or one weekday.

    Attributes:
        unit: the name of the time between two values ("month").
        era: the name of a season ("year").
        season: the number of values in a season; 1 if there is none.
    """

    name: str
    unit: str
    era: str
    season: int
    months: int = 0
    seconds: int = 0
    weekdays: bool = False

    def after(self, last: datetime, count: int, day: int = 0) -> datetime:
        """Returns the date `count` steps after `last`.

        In steps of months it is on `day` (0: the day of `last`), or the last day of a shorter
        month.
        """
        if self.months:
            months = last.year * 12 + last.month - 1 + count * self.months
            year, month = divmod(months, 12)
            longest = calendar.monthrange(year, month + 1)[1]
            return last.replace(year=year, month=month + 1, day=min(day or last.day, longest))
        if self.weekdays:
            return last + timedelta(days=_weekday_span(last, count))
        return last + timedelta(seconds=count * self.seconds)


MONTHLY = Step("monthly", "month", "year", 12, months=1)
QUARTERLY = Step("quarterly", "quarter", "year", 4, months=3)
YEARLY = Step("yearly", "year", "year", 1, months=12)
WEEKLY = Step("weekly", "week", "year", 52, seconds=604800)
DAILY = Step("daily", "day", "week", 7, seconds=86400)
WEEKDAYS = Step("every weekday", "weekday", "week", 5, weekdays=True)
HOURLY = Step("hourly", "hour", "day", 24, seconds=3600)
_KNOWN = (MONTHLY, QUARTERLY, YEARLY, WEEKLY, DAILY, HOURLY)


@dataclass(frozen=True)
class DateFormat:
    """The format of the dates of a column.

    Attributes:
        pattern: for strptime, or a template with {year} and {quarter} or {week}.
        ambiguous: another pattern that reads as many cells, "" if there is none.
    """

    pattern: str
    zoned: bool = False
    ambiguous: str = ""

    @property
    def has_day(self) -> bool:
        """Whether the pattern includes the day of the month."""
        return "%d" in self.pattern

    def read(self, cell: str) -> datetime | None:
        """Returns the date in a cell (in UTC if the cell has a zone), or None if there is none."""
        text = cell.strip()
        if self.pattern in _TEMPLATES:
            return _read_template(_TEMPLATES[self.pattern].fullmatch(text))
        zone = _ZONE.search(text) if self.zoned else None
        try:
            moment = datetime.strptime(text[: zone.start()] if zone else text, self.pattern)
        except ValueError:
            return None
        right_length = len(text) == _GUARDED.get(self.pattern, len(text))
        if not right_length or not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
            return None
        return _to_utc(moment, zone.group(1)) if zone else moment

    def write(self, moment: datetime) -> str:
        """Returns the date in the format of the column."""
        if "{quarter}" in self.pattern:
            return self.pattern.format(year=moment.year, quarter=(moment.month + 2) // 3)
        if "{week" in self.pattern:
            year, week, _ = moment.isocalendar()
            return self.pattern.format(year=year, week=week)
        text = moment.strftime(self.pattern)
        if self.pattern.endswith("%f"):
            text = text[:-3]
        return text + "Z" if self.zoned else text


def find_format(cells: Sequence[str]) -> DateFormat | None:
    """Returns the format that reads the most cells as dates, or None.

    It must read at least two cells and half of them, so a column may have a header, footers and a
    few cells that are not dates.
    """
    texts = [cell.strip() for cell in cells]
    if len(texts) < 2:
        return None
    # A single cell excludes most formats; the middle one is neither header nor footer.
    middle = texts[len(texts) // 2]
    zoned = ":" in middle and bool(_ZONE.search(middle))
    best, most = None, max(1, (len(texts) - 1) // 2)
    for pattern in _PATTERNS:
        reader = DateFormat(pattern, zoned)
        if reader.read(middle) is None:
            continue
        count = sum(reader.read(text) is not None for text in texts)
        if count > most:
            best, most = reader, count
    return _settle(best, texts, most) if best else None


def _settle(reader: DateFormat, texts: Sequence[str], count: int) -> DateFormat:
    """Chooses between day first and month first if both read as many cells.

    The one that gives a regular step is chosen, else the usual one.
    """
    for usual, other in _AMBIGUOUS.items():
        if not reader.pattern.startswith(usual):
            continue
        second = DateFormat(reader.pattern.replace(usual, other), reader.zoned)
        if sum(second.read(text) is not None for text in texts) < count or _is_regular(
            reader, texts
        ):
            return reader
        if _is_regular(second, texts):
            return second
        return DateFormat(reader.pattern, reader.zoned, ambiguous=second.pattern)
    return reader


def _is_regular(reader: DateFormat, texts: Sequence[str]) -> bool:
    moments = [moment for text in texts if (moment := reader.read(text)) is not None]
    if moments[0] > moments[-1]:
        moments.reverse()
    return find_step(moments) is not None


def _read_template(match: re.Match[str] | None) -> datetime | None:
    """Returns the first day of a quarter or an ISO week."""
    if match is None:
        return None
    parts = {name: int(text) for name, text in match.groupdict().items()}
    try:
        if "quarter" in parts:
            return datetime(parts["year"], 3 * parts["quarter"] - 2, 1)
        return datetime.fromisocalendar(parts["year"], parts["week"], 1)
    except ValueError:
        return None


def _to_utc(moment: datetime, zone: str) -> datetime:
    if zone in ("Z", "UTC"):
        return moment
    sign = -1 if zone[0] == "-" else 1
    offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
    try:
        return (
            moment.replace(tzinfo=timezone(sign * offset))
            .astimezone(timezone.utc)
            .replace(tzinfo=None)
        )
    except (ValueError, OverflowError):
        return moment


def find_step(moments: Sequence[datetime]) -> Step | None:
    """Returns the regular step of ascending dates, or None if there is none.

    A few rows may be missing (see `places_of`). At least 3 dates are needed, all different.
    """
    if len(moments) < 3 or any(b <= a for a, b in pairwise(moments)):
        return None
    for candidate in (_month_step(moments), _second_step(moments)):
        if candidate is not None and _gaps(moments, candidate) <= _MOST_GAPS * len(moments):
            return candidate
    if _all_weekdays(moments) and _gaps(moments, WEEKDAYS) <= _MOST_GAPS * len(moments):
        return WEEKDAYS
    return None


def places_of(moments: Sequence[datetime], step: Step) -> list[int]:
    """Returns each date's distance from the first, in steps: 0, 1, 2, ... if no row is missing."""
    first = moments[0]
    if step.months:
        return [_months_between(first, moment) // step.months for moment in moments]
    if step.weekdays:
        return [_weekdays_between(first, moment) for moment in moments]
    return [round((moment - first).total_seconds() / step.seconds) for moment in moments]


def _gaps(moments: Sequence[datetime], step: Step) -> int:
    return places_of(moments, step)[-1] + 1 - len(moments)


def _month_step(moments: Sequence[datetime]) -> Step | None:
    days = {moment.day for moment in moments}
    at_end = all((moment + timedelta(days=1)).day == 1 for moment in moments)
    if (len(days) > 1 and not at_end) or len({moment.time() for moment in moments}) > 1:
        return None
    spans = [_months_between(a, b) for a, b in pairwise(moments)]
    usual = Counter(spans).most_common(1)[0][0]
    if usual < 1 or any(span % usual for span in spans):
        return None
    for step in _KNOWN:
        if step.months == usual:
            return step
    season = 12 // usual if 12 % usual == 0 else 1
    return Step(f"every {usual} months", f"{usual} months", "year", season, months=usual)


def _second_step(moments: Sequence[datetime]) -> Step | None:
    spans = [(b - a).total_seconds() for a, b in pairwise(moments)]
    usual = int(Counter(spans).most_common(1)[0][0])
    if usual < 1 or any(span % usual for span in spans):
        return None
    for step in _KNOWN:
        if step.seconds == usual:
            return step
    name = f"{timedelta(seconds=usual)}" if usual < 86400 else f"{usual / 86400:g} days"
    season = 86400 // usual if usual < 86400 and 86400 % usual == 0 else 1
    return Step(f"every {name}", "value", "day", season, seconds=usual)


def _all_weekdays(moments: Sequence[datetime]) -> bool:
    same_time = len({moment.time() for moment in moments}) == 1
    return same_time and all(moment.weekday() < 5 for moment in moments)


def _months_between(first: datetime, moment: datetime) -> int:
    return (moment.year - first.year) * 12 + moment.month - first.month


def _weekdays_between(first: datetime, moment: datetime) -> int:
    """Returns the number of weekdays from one weekday to a later one."""
    return _weekday_number(moment.date()) - _weekday_number(first.date())


def _weekday_number(day: date) -> int:
    weeks, weekday = divmod(day.toordinal() - 1, 7)  # 0001-01-01 was a Monday
    return weeks * 5 + min(weekday, 4)


def _weekday_span(last: datetime, count: int) -> int:
    """Returns the number of days from a weekday to the `count`-th weekday after it."""
    weeks, weekday = divmod(_weekday_number(last.date()) + count, 5)
    return weeks * 7 + weekday + 1 - last.date().toordinal()
