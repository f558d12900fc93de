#include "library/crosscheck.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "library/tests/streams.h"
#include "testing/fake_clock.h"

namespace lc2::library {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TestContext;

std::string Key(int number) {
  std::string digits = std::to_string(number);
  return "20097/20123/" + std::string(5 - digits.size(), '0') + digits + "/1.0";
}

TEST(CheckEntries, FindsTheWorldOfTheBarByName) {
  std::vector<Reference> references;
  std::vector<Entry> entries;
  std::vector<std::string> removed, orphans, truncated;
  for (int i = 0; i < 5'000; ++i) {
    const bool is_removed = i % 701 == 5 && removed.size() < 7;
    const bool is_orphan = i % 907 == 6 && orphans.size() < 5;
    const bool is_truncated = i % 1301 == 7 && truncated.size() < 3;
    if (is_removed) removed.push_back(Key(i));
    if (is_orphan) orphans.push_back(Key(i));
    if (is_truncated) truncated.push_back(Key(i));
    if (!is_orphan) references.push_back(Row(Key(i), 100, i));
    if (!is_removed) entries.push_back(Listed(Key(i), is_truncated ? 99 : 100));
  }
  BatchedReader<Reference> rows(references, 64);
  BatchedReader<Entry> objects(entries, 100);
  CollectedFindings findings;
  const Verdict verdict =
      CheckEntries(TestContext(), rows, objects, {.findings = &findings}).value();

  EXPECT_EQ(verdict.references, 4'995);
  EXPECT_EQ(verdict.lost_in_backup, 7);
  EXPECT_EQ(verdict.orphans, 5);
  EXPECT_EQ(verdict.size_mismatches, 3);
  EXPECT_EQ(findings.Keys(FindingKind::kLostInBackup), removed);
  EXPECT_EQ(findings.Keys(FindingKind::kOrphan), orphans);
  EXPECT_EQ(findings.Keys(FindingKind::kSizeMismatch), truncated);
  EXPECT_EQ(verdict.named.size(), 10U);
}

TEST(CheckEntries, KnowsWhatTheBackupRecordedAsLost) {
  const std::vector<Reference> rows{Row("a", 1), Row("b", 1), Row("c", 1),
                                    Row("d", 1), Row("e", 1), Row("f", 1)};
  VectorReader<Reference> references(rows);
  VectorReader<Entry> entries({Listed("d", 2), Listed("e", 2)});
  // The skipped name at the end is out of order; it must not disturb.
  BatchedReader<Finding> recorded({Finding{.key = "0", .kind = FindingKind::kOrphan},
                                   MakeFinding(rows[0], FindingKind::kLostAtSource),
                                   MakeFinding(rows[4], FindingKind::kSizeMismatch),
                                   MakeFinding(rows[5], FindingKind::kSizeMismatch),
                                   Finding{.key = "A", .kind = FindingKind::kSkippedName}},
                                  1);
  const KnownLosses known({{.key = "b", .size = 1}, {.key = "c", .size = 7}});
  CollectedFindings findings, unexplained;
  const Verdict verdict = CheckEntries(TestContext(), references, entries,
                                       {.recorded = &recorded,
                                        .known = &known,
                                        .findings = &findings,
                                        .unexplained = &unexplained})
                              .value();
  EXPECT_EQ(verdict.lost_at_source, 2);   // a and b
  EXPECT_EQ(verdict.lost_in_backup, 2);   // c was accepted with another size, f is recorded as held
  EXPECT_EQ(verdict.size_mismatches, 2);  // d and e
  EXPECT_EQ(verdict.known, 3);            // a, b and e
  EXPECT_THAT(findings.Keys(FindingKind::kLostInBackup), ElementsAre("c", "f"));
  EXPECT_THAT(unexplained.Keys(FindingKind::kLostInBackup), ElementsAre("c", "f"));
  EXPECT_THAT(unexplained.Keys(FindingKind::kSizeMismatch), ElementsAre("d"));
  EXPECT_EQ(unexplained.items.size(), 3U);
  EXPECT_THAT(verdict.named,
              ElementsAre("'c' (LostInBackup)", "'d' (SizeMismatch)", "'f' (LostInBackup)"));
}

TEST(CheckEntries, OfALiveLibraryFindsLossesAtTheSource) {
  VectorReader<Reference> references({Row("a", 1)});
  VectorReader<Entry> entries({Listed("b", 1)});
  CollectedFindings unexplained;
  const Verdict verdict =
      CheckEntries(TestContext(), references, entries, {.unexplained = &unexplained, .live = true})
          .value();
  EXPECT_EQ(verdict.lost_at_source, 1);
  EXPECT_EQ(verdict.lost_in_backup, 0);
  EXPECT_THAT(unexplained.Keys(FindingKind::kLostAtSource), ElementsAre("a"));
  EXPECT_EQ(unexplained.items.size(), 1U);  // an orphan speaks against nothing
}

TEST(CheckEntries, OrphansCanBePassedOver) {
  VectorReader<Reference> references({});
  VectorReader<Entry> entries({Listed("a", 1)});
  const Verdict verdict =
      CheckEntries(TestContext(), references, entries, {.report_orphans = false}).value();
  EXPECT_EQ(verdict, Verdict{});
}

TEST(CheckEntries, LooksAtTheFilteredKeysOnly) {
  VectorReader<Reference> references({Row("a/1", 1), Row("b/1", 1)});
  VectorReader<Entry> entries({Listed("a/1", 1), Listed("b/2", 1)});
  const KeyFilter filter = KeyFilter::Make({"a/"}, {}).value();
  EXPECT_EQ(CheckEntries(TestContext(), references, entries, {.only = &filter}).value(),
            Verdict{.references = 1});
}

TEST(CheckEntries, StopsOnErrorAndCancellation) {
  BatchedReader<Reference> references({}, 1);
  references.FailAtEnd({.kind = ErrorKind::kCorrupt, .code = "test.broken"});
  VectorReader<Entry> entries({});
  EXPECT_EQ(CheckEntries(TestContext(), references, entries).error().code, "test.broken");

  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(
      CheckEntries(TestContext().WithStop(stop.get_token()), references, entries).error().kind,
      ErrorKind::kCancelled);
}

TEST(Judge, ToleratesOnlyLossesAtTheSource) {
  struct Case {
    Verdict verdict;
    std::int64_t tolerance;
    bool passes;
  };
  const Case table[] = {
      {{}, 0, true},
      {{.orphans = 9, .recovered = 1, .changed = 2, .left_out = 3, .skipped_names = 4}, 0, true},
      {{.lost_at_source = 1}, 0, false},
      {{.lost_at_source = 1}, 1, true},
      {{.lost_at_source = 1, .size_mismatches = 1}, 1, false},
      {{.lost_at_source = 1, .size_mismatches = 1, .known = 1}, 1, true},
      {{.lost_at_source = 2, .known = 2}, 0, true},
      {{.size_mismatches = 1}, 0, false},
      {{.lost_in_backup = 1}, 100, false},
      {{.unstable = 1}, 100, false},
      {{.unreadable = 1}, 100, false},
  };
  int number = 0;
  for (const Case& c : table) {
    EXPECT_EQ(Judge(c.verdict, c.tolerance).has_value(), c.passes) << "row " << number++;
  }
}

TEST(Judge, NamesTenKeysAndSaysWhatToDo) {
  Verdict verdict{.references = 100};
  for (int i = 0; i < 12; ++i) {
    verdict.Count(MakeFinding(Row(Key(i), 1), FindingKind::kLostAtSource));
  }
  const Result<void> judged = Judge(verdict, 1);
  ASSERT_FALSE(judged.has_value());
  EXPECT_EQ(judged.error().code, "crosscheck.incomplete");
  EXPECT_THAT(judged.error().message,
              HasSubstr("100 references of the database ask for (12 missing at the source; 0 of "
                        "them accepted before, 1 tolerated): '20097/20123/00000/1.0' "
                        "(LostAtSource), '20097/20123/00001/1.0'"));
  EXPECT_THAT(judged.error().message, HasSubstr(Key(9)));
  EXPECT_THAT(judged.error().message, Not(HasSubstr(Key(10))));
  EXPECT_THAT(judged.error().hint, HasSubstr("accept-missing"));

  verdict.Count(MakeFinding(Row("x", 1), FindingKind::kDamaged));
  EXPECT_THAT(Judge(verdict, 1).error().hint, Not(HasSubstr("accept-missing")));
}

TEST(Verdict, CountsEachKindOnce) {
  const Reference row = Row("k", 1);
  Verdict verdict;
  for (const FindingKind kind :
       {FindingKind::kLostAtSource, FindingKind::kLostInBackup, FindingKind::kSizeMismatch,
        FindingKind::kDamaged, FindingKind::kUnstable, FindingKind::kUnreadable,
        FindingKind::kOrphan, FindingKind::kChanged, FindingKind::kVanished,
        FindingKind::kSkippedName}) {
    verdict.Count(MakeFinding(row, kind));
  }
  verdict.Count({.key = "u", .kind = FindingKind::kUnstable});  // no row refers to it
  verdict.Count(MakeFinding(row, FindingKind::kLostAtSource), true);
  EXPECT_EQ(verdict.lost_at_source, 2);
  EXPECT_EQ(verdict.lost_in_backup, 2);
  EXPECT_EQ(verdict.missing(), 4);
  EXPECT_EQ(verdict.size_mismatches, 1);
  EXPECT_EQ(verdict.unstable, 1);
  EXPECT_EQ(verdict.unreadable, 1);
  EXPECT_EQ(verdict.orphans, 1);
  EXPECT_EQ(verdict.changed, 1);
  EXPECT_EQ(verdict.left_out, 2);
  EXPECT_EQ(verdict.skipped_names, 1);
  EXPECT_EQ(verdict.known, 1);
  EXPECT_EQ(verdict.named.size(), 6U);

  Verdict sum = verdict;
  sum.Add(verdict);
  EXPECT_EQ(sum.missing(), 8);
  EXPECT_EQ(sum.left_out, 4);
  EXPECT_EQ(sum.named.size(), 10U);
}

TEST(KnownLosses, CoverTheSameLossOnly) {
  const KnownLosses known({{.key = "b", .kind = FindingKind::kSizeMismatch, .size = 5},
                           {.key = "a", .size = 5},
                           {.key = "a", .size = 5}});
  EXPECT_TRUE(known.Covers(MakeFinding(Row("a", 5), FindingKind::kLostAtSource)));
  EXPECT_FALSE(known.Covers(MakeFinding(Row("a", 6), FindingKind::kLostAtSource)));
  EXPECT_FALSE(known.Covers(MakeFinding(Row("a", 5), FindingKind::kSizeMismatch)));
  EXPECT_FALSE(known.Covers(MakeFinding(Row("a", 5), FindingKind::kLostInBackup)));
  EXPECT_TRUE(known.Covers(MakeFinding(Row("b", 5), FindingKind::kSizeMismatch)));
  EXPECT_FALSE(known.Covers({.key = "a", .kind = FindingKind::kLostAtSource}));
  EXPECT_FALSE(KnownLosses().Covers(MakeFinding(Row("a", 5), FindingKind::kLostAtSource)));
}

}  // namespace
}  // namespace lc2::library
