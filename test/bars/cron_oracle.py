"""When a schedule fires, worked out anew: fields as sets, days one by one, zones by zoneinfo.

The stated rule for days on which clocks change: a time that is skipped fires at the first instant after
the gap, one that comes twice fires the first time; an expression whose hour is `*` takes every hour that
passes, makes nothing up for a gap and fires in both of the hours that are alike.
"""

from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo

MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
DAYS = "sun mon tue wed thu fri sat".split()
SHORTHANDS = {"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@weekly": "0 0 * * 0",
              "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *"}
EPOCH = date(1970, 1, 1)


def values(field, least, most, words=()):
    """(what a field allows, whether it is a plain star)."""
    def number(text):
        return words.index(text.lower()) + least if text.lower() in words else int(text)

    found, star = set(), False
    for entry in field.split(","):
        span, _, step = entry.partition("/")
        if span == "*":
            first, last = least, most
            star = star or step in ("", "1")
        else:
            begin, dash, end = span.partition("-")
            first = number(begin)
            last = number(end) if dash else most if step else first
        found |= set(range(first, last + 1, int(step or 1)))
    return found, star


@lru_cache(maxsize=None)
def offset_of(zone, day):
    """The offset in seconds if it holds all day and a day to either side, else None."""
    info = ZoneInfo(zone)
    midnight = datetime(day.year, day.month, day.day, tzinfo=timezone.utc)
    # Every hour of three days: no clock was ever changed and changed back within one.
    seen = {(midnight + timedelta(hours=hour)).astimezone(info).utcoffset()
            for hour in range(-24, 49)}
    return int(seen.pop().total_seconds()) if len(seen) == 1 else None


def gap_end(info, local):
    """The first instant at which a wall clock shows something later than `local`."""
    low = datetime(local.year, local.month, local.day, tzinfo=timezone.utc) - timedelta(days=2)
    low, high = int(low.timestamp()), int(low.timestamp()) + 5 * 86400

    def passed(second):
        shown = datetime.fromtimestamp(second, timezone.utc).astimezone(info).replace(tzinfo=None)
        return shown > local

    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if passed(middle) else (middle, high)
    return high


def instants(info, local, every_hour):
    """The seconds at which a local time fires, by trying both readings of it."""
    found = []
    for fold in (0, 1):
        at = local.replace(tzinfo=info, fold=fold).astimezone(timezone.utc)
        if at.astimezone(info).replace(tzinfo=None) == local:
            found.append(int(at.timestamp()))
    if not found:
        return [] if every_hour else [gap_end(info, local)]
    return sorted(set(found)) if every_hour else [min(found)]


class Schedule:
    def __init__(self, text):
        minute, hour, month_day, month, week_day = SHORTHANDS.get(text, text).split()
        self.minutes, _ = values(minute, 0, 59)
        self.hours, _ = values(hour, 0, 23)
        self.month_days, any_month_day = values(month_day, 1, 31)
        self.months, _ = values(month, 1, 12, MONTHS)
        week_days, any_week_day = values(week_day, 0, 7, DAYS)
        self.week_days = {day % 7 for day in week_days}
        self.both = any_month_day or any_week_day
        self.every_hour = len(self.hours) == 24
        self.times = sorted(60 * h + m for h in self.hours for m in self.minutes)
        self.days = {}

    def fires_on(self, day):
        if day.month not in self.months:
            return False
        by_month = day.day in self.month_days
        by_week = day.isoweekday() % 7 in self.week_days
        return by_month and by_week if self.both else by_month or by_week

    def on(self, zone, day):
        offset = offset_of(zone, day)
        if offset is not None:
            midnight = (day - EPOCH).days * 86400 - offset
            return [midnight + 60 * minute for minute in self.times]
        info = ZoneInfo(zone)
        start = datetime(day.year, day.month, day.day)
        return [at for minute in self.times
                for at in instants(info, start + timedelta(minutes=minute), self.every_hour)]

    def between(self, zone, first, last):
        """Firings of the local days from `first` to `last` in order, each once."""
        key = (first, last)
        if key not in self.days:
            count = (last - first).days + 1
            self.days[key] = [first + timedelta(days=n) for n in range(count)
                              if self.fires_on(first + timedelta(days=n))]
        return sorted({at for day in self.days[key] for at in self.on(zone, day)})
