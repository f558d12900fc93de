"""What retention does to an environment, worked out anew from docs/retention.md.

Written against the page, not the code: sets of what is kept, and a dictionary of what was asked for.
"""

from datetime import datetime, timezone

RULES = ("hourly", "daily", "weekly", "monthly", "yearly")
RETENTION, PERSON = "retention", "person"


def period(rule, at):
    moment = datetime.fromtimestamp(at, timezone.utc)
    if rule == "hourly":
        return at // 3600
    if rule == "daily":
        return at // 86400
    if rule == "weekly":
        return moment.isocalendar()[:2]
    return (moment.year, moment.month) if rule == "monthly" else moment.year


class Backup:
    def __init__(self, name, at, schedule, expires):
        self.name, self.at, self.schedule, self.expires = name, at, schedule, expires
        self.good = True
        self.held = False
        self.asked = None  # (who, due)
        self.periods = {rule: period(rule, at) for rule in RULES}


class Environment:
    def __init__(self, soft_days, rules):
        """`rules`: {schedule: {"last": 3, "daily": 7, ...}}."""
        self.delay, self.rules = soft_days * 86400, rules
        self.backups = {}

    def add(self, backup):
        self.backups[backup.name] = backup

    def ask(self, name, due):
        """A person wants it gone; what retention wanted gone keeps its day."""
        backup = self.backups.get(name)
        if backup and not backup.held:
            backup.asked = (PERSON, backup.asked[1] if backup.asked else due)

    def by_rule(self, counting):
        """Names of those that a rule of their schedule keeps; `counting` comes newest first."""
        kept = set()
        for schedule, rules in self.rules.items():
            mine = [backup for backup in counting if backup.schedule == schedule]
            kept.update(backup.name for backup in mine[:rules.get("last", 0)])
            for rule in RULES:
                newest = {}
                for backup in mine:
                    if len(newest) == rules.get(rule, 0) and backup.periods[rule] not in newest:
                        break
                    newest.setdefault(backup.periods[rule], backup.name)
                kept.update(list(newest.values())[:rules.get(rule, 0)])
        return kept

    def look(self, now):
        """What is done: a set of words like those of the program."""
        newest_first = sorted(self.backups.values(), key=lambda b: (b.at, b.name), reverse=True)
        counting = [b for b in newest_first
                    if b.good and b.at <= now and not (b.asked and b.asked[0] == PERSON)]
        last_good = counting[0].name if counting else None
        ruled = self.by_rule(counting)
        done = set()
        for backup in newest_first:
            barred = backup.held or backup.at > now
            if backup.asked and backup.asked[0] == PERSON:
                if not barred and backup.asked[1] <= now:
                    done.add("x" + backup.name)
            elif (barred or backup.expires > now or last_good in (None, backup.name)
                  or backup.name in ruled):
                if backup.asked:
                    done.add("-" + backup.name)
            elif not backup.asked:
                done.add("+" + backup.name)
            elif backup.asked[1] <= now:
                done.add("x" + backup.name)
        self.carry_out(done, now)
        return done

    def carry_out(self, done, now):
        for word in done:
            name = word[1:]
            if word[0] == "x":
                del self.backups[name]
            else:
                self.backups[name].asked = (RETENTION, now + self.delay) if word[0] == "+" else None
