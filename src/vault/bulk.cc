#include "vault/bulk.h"

#include <latch>
#include <optional>

namespace lc2::vault {

std::vector<Result<std::string>> GetMany(const Context& ctx, ObjectStore& store,
                                         const std::vector<std::string>& keys, std::int64_t limit) {
  std::vector<std::optional<Result<std::string>>> answers(keys.size());
  std::latch all(static_cast<std::ptrdiff_t>(keys.size()));
  for (std::size_t i = 0; i < keys.size(); ++i) {
    store.Submit(ctx, GetOperation{.key = keys[i], .limit = limit},
                 [&answers, &all, i](Result<OperationResult> answer) {
                   if (answer.has_value()) {
                     answers[i].emplace(std::move(answer->body));
                   } else {
                     answers[i].emplace(std::move(answer).error());
                   }
                   all.count_down();
                 });
  }
  all.wait();
  std::vector<Result<std::string>> results;
  results.reserve(keys.size());
  for (auto& answer : answers) results.push_back(*std::move(answer));
  return results;
}

}  // namespace lc2::vault
