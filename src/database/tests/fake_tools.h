#pragma once

#include <fmt/core.h>
#include <signal.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/file.h"
#include "database/client_tools.h"

namespace lc2::database {

// Client programs that are shell scripts in a folder of their own, which is also their "$here".
class FakeTools {
 public:
  FakeTools() : folder_(TemporaryFolder::Create("lc2-fake-tools").value()) {}

  // `script` runs unless the version is asked for.
  ClientTool Add(const std::string& name, ToolVersion version, const std::string& script) const {
    const std::filesystem::path path = folder_.path() / name;
    std::ofstream(path) << fmt::format(
        "#!/bin/sh\nif [ \"$1\" = --version ]; then echo '{} (PostgreSQL) {}'; exit; fi\n"
        "here='{}'\n{}\n",
        name, version.str(), folder_.path().native(), script);
    ::chmod(path.c_str(), 0755);
    return {.path = path, .name = name, .version = version};
  }
  void AddFile(const std::string& name, std::string_view bytes) const {
    std::ofstream(folder_.path() / name, std::ios::binary) << bytes;
  }
  // What a script left behind; empty if nothing.
  std::string File(const std::string& name) const {
    const Result<std::string> text = ReadFile(folder_.path() / name, 1 << 30);
    return text.has_value() ? *text : std::string();
  }
  bool Has(const std::string& name) const { return std::filesystem::exists(folder_.path() / name); }
  // A script wrote its process id to file `name`, and that process is gone.
  bool HasEnded(const std::string& name) const {
    const int pid = std::atoi(File(name).c_str());
    return pid > 0 && ::kill(pid, 0) != 0;
  }
  ToolSearch Search() const { return {.folders = {folder_.path()}}; }

 private:
  const TemporaryFolder folder_;
};

}  // namespace lc2::database
