#include "library/restore_plan.h"

namespace lc2::library {

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

}  // namespace lc2::library
