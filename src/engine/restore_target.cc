#include "engine/restore_target.h"

namespace lc2::engine {

Result<library::RestoreScope> ScopeOf(const api::RestoreLibrary& library) {
  LC2_ASSIGN_OR_RETURN(KeyFilter filter, KeyFilter::Make(library.include, library.exclude));
  return library::RestoreScope{.filter = std::move(filter),
                               .extra_keys = library.extra_keys == api::ExtraKeys::kRemove
                                                 ? library::ExtraKeys::kRemove
                                                 : library::ExtraKeys::kKeep};
}

Result<std::unique_ptr<ObjectStore>> OpenIfThere(provider::Provider& provider,
                                                 const api::LiferayEnvironment& environment) {
  auto store = provider.OpenLibrary(environment, provider::LibraryAccess::kRead);
  if (store.has_value() || store.error().kind != ErrorKind::kNotFound) return store;
  return std::unique_ptr<ObjectStore>();
}

Result<std::unique_ptr<EntryReader>> ListTarget(const Context& ctx, ObjectStore* target) {
  if (target != nullptr) return target->List(ctx, {});
  return std::unique_ptr<EntryReader>(std::make_unique<VectorReader<Entry>>(std::vector<Entry>()));
}

}  // namespace lc2::engine
