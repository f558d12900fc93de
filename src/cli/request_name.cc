#include "cli/request_name.h"

#include <fmt/core.h>

#include "api/backup_request.h"
#include "api/restore_request.h"
#include "vault/request_record.h"

namespace lc2::cli {

namespace {

// As many requests as may be made within one second before a person has to name them.
constexpr int kSeconds = 60;

bool IsMissing(const Error& error) { return error.kind == ErrorKind::kNotFound; }

}  // namespace

Result<std::string> FreshName(Session& session, vault::RunKind kind, const std::string& name_space,
                              const std::function<std::string(Time)>& name_at) {
  LC2_ASSIGN_OR_RETURN(Home* const home, session.home());
  const bool backup = kind == vault::RunKind::kBackup;
  const std::string resource(backup ? api::BackupRequest::kKind : api::RestoreRequest::kKind);
  // Without a vault nothing in it is taken; what is wrong with it is said when the request is run.
  const auto at = session.OpenVault(provider::VaultAccess::kRead);
  const Time now = session.ctx().clock().Now();
  for (int second = 0; second < kSeconds; ++second) {
    std::string name = name_at(now + std::chrono::seconds(second));
    const auto here = home->deps().resources.Get(session.ctx(), {resource, name_space, name});
    if (here.has_value()) continue;
    if (!IsMissing(here.error())) return here.error();
    if (!at.has_value()) return name;
    const auto accepted =
        vault::ReadRequestRecord(session.ctx(), at->session->store(), at->id(), kind, name);
    // A record that cannot be read is no name that is taken: running the request says what is
    // wrong.
    if (!accepted.has_value()) return name;
  }
  return Error{.kind = ErrorKind::kAlreadyExists,
               .code = "cli.no_free_name",
               .message = fmt::format("the names '{}' to '{}' are taken", name_at(now),
                                      name_at(now + std::chrono::seconds(kSeconds - 1))),
               .hint = "choose a name with `--name`, or try again in a minute"};
}

}  // namespace lc2::cli
