#include "library/restore_plan.h"

#include <optional>

namespace lc2::library {

namespace {

constexpr std::size_t kMaxNamed = 10;

// The size of what lies under a key after the restore; nothing: it is gone.
std::optional<std::int64_t> SizeAfter(RestoreAction action, const Entry* wanted,
                                      const Entry& present) {
  switch (action) {
    case RestoreAction::kRemove:
      return std::nullopt;
    case RestoreAction::kWrite:
    case RestoreAction::kReplace:
    case RestoreAction::kCompare:
      return wanted->size;
    case RestoreAction::kKeep:
    case RestoreAction::kIgnore:
      break;
  }
  return present.size;
}

}  // namespace

RestoreAction DecideRestore(const Entry* wanted, const Entry* present, KeyClass key_class,
                            const RestoreScope& scope) {
  const std::string& key = (wanted != nullptr ? wanted : present)->key;
  if (!scope.filter.Takes(key)) return RestoreAction::kIgnore;
  if (wanted == nullptr) {
    if (key_class == KeyClass::kStoreOwn) return RestoreAction::kIgnore;
    return scope.extra_keys == ExtraKeys::kRemove ? RestoreAction::kRemove : RestoreAction::kKeep;
  }
  if (present == nullptr) return RestoreAction::kWrite;
  return present->size == wanted->size ? RestoreAction::kCompare : RestoreAction::kReplace;
}

Result<RestoreJoin::Key*> RestoreJoin::Next() {
  LC2_ASSIGN_OR_RETURN(const bool more, join_.Next());
  if (!more) return nullptr;
  current_ = Key{.wanted = join_.get<0>(), .present = join_.get<1>()};
  current_.action =
      DecideRestore(current_.wanted, current_.present, classifier_.Classify(join_.key()), scope_);
  return &current_;
}

Result<RestorePlan> PlanRestore(const Context& ctx, RestoreJoin& join) {
  constexpr std::int64_t kKeysBetweenChecks = 1'024;
  RestorePlan plan;
  for (std::int64_t keys = 0;; ++keys) {
    if (keys % kKeysBetweenChecks == 0) LC2_RETURN_IF_ERROR(ctx.Check());
    LC2_ASSIGN_OR_RETURN(const RestoreJoin::Key* const key, join.Next());
    if (key == nullptr) return plan;
    switch (key->action) {
      case RestoreAction::kWrite:
        ++plan.write;
        plan.write_bytes += key->wanted->size;
        break;
      case RestoreAction::kReplace:
        ++plan.replace;
        plan.replace_bytes += key->wanted->size;
        break;
      case RestoreAction::kCompare:
        ++plan.compare;
        plan.compare_bytes += key->wanted->size;
        break;
      case RestoreAction::kKeep:
      case RestoreAction::kRemove:
        ++plan.extra;
        plan.extra_bytes += key->present->size;
        break;
      case RestoreAction::kIgnore:
        plan.filtered_out += key->wanted != nullptr ? 1 : 0;
        break;
    }
  }
}

Result<NewLosses> FindNewLosses(const Context& ctx, ReferenceReader& references,
                                EntryReader& backup, EntryReader* target,
                                const RestoreScope& scope) {
  constexpr std::int64_t kKeysBetweenChecks = 1'024;
  MergeJoin<Reference, Entry, Entry> join(&references, &backup, target);
  KeyClassifier classifier;
  NewLosses losses;
  for (std::int64_t keys = 0;; ++keys) {
    if (keys % kKeysBetweenChecks == 0) LC2_RETURN_IF_ERROR(ctx.Check());
    LC2_ASSIGN_OR_RETURN(const bool more, join.Next());
    if (!more) return losses;
    const Reference* const row = join.get<0>();
    const Entry* const wanted = join.get<1>();
    const Entry* const present = join.get<2>();
    if (wanted == nullptr && present == nullptr) continue;
    const KeyClass key_class = classifier.Classify(join.key());
    if (row == nullptr || present == nullptr || present->size != row->size) continue;
    const RestoreAction action = DecideRestore(wanted, present, key_class, scope);
    if (SizeAfter(action, wanted, *present) == row->size) continue;
    ++losses.count;
    if (losses.named.size() < kMaxNamed) losses.named.push_back(join.key());
  }
}

}  // namespace lc2::library
