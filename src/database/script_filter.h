#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/io.h"
#include "database/client_tools.h"

namespace lc2::database {

// Makes a plain dump fit for a psql and a server that may be older than the pg_dump that wrote it,
// and safe for whoever runs it:
// - "\restrict TOKEN" at its head and the "\unrestrict TOKEN" that belongs to it are taken out:
// psql
//   before the minor releases of August 2025 stops there (domain.md 6.4);
// - where psql knows the command, the script starts with a "\restrict" of our own, so that no
//   backslash command that somebody wrote into the dump is run (CVE-2025-8714);
// - "SET transaction_timeout = 0;" at its head is taken out: servers before 17 refuse it.
// All else passes unchanged. Constant memory.
class ScriptFilter final : public ByteSource {
 public:
  // `script` must outlive it. `token`: our own, of letters and digits; empty: no "\restrict".
  ScriptFilter(ByteSource& script, std::string_view token);
  ~ScriptFilter() override;
  Result<std::size_t> Read(std::span<char> buffer) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Whether this psql knows "\restrict".
bool KnowsRestrict(const ToolVersion& psql);

}  // namespace lc2::database
