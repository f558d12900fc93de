// The S3 simulator as a program. Its first line of output is the address that it listens on; it
// ends at once on SIGTERM and SIGINT. README.md has the options.
#include <pthread.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "s3sim/sim_server.h"
#include "s3sim/text_internal.h"

namespace {

using namespace lc2::s3sim;  // NOLINT(google-build-using-namespace): the program is of this
                             // namespace

constexpr const char* kUsage =
    "usage: s3sim --listen 127.0.0.1:PORT [--seed N] [--faults FILE] [--key ID:SECRET]...\n"
    "             [--region NAME] [--virtual-host SUFFIX] [--threads N]\n"
    "             [--bucket NAME[:versioned][:lock]]... [--fill BUCKET/PREFIX:COUNT:SIZE]...\n"
    "             [--digests yes|no]\n";

struct Arguments {
  SimulatorOptions simulator;
  SimServerOptions server;
  std::vector<std::pair<std::string, BucketOptions>> buckets;
  std::vector<FillOptions> fills;
  bool digests = true;  // of filled objects
};

[[noreturn]] void Fail(const std::string& why) {
  std::cerr << "error: " << why << '\n' << kUsage;
  std::exit(2);
}

std::int64_t Number(const std::string& text) {
  const auto number = NumberOf(text);
  if (!number) Fail("'" + text + "' is no number");
  return *number;
}

// "a:b:c"; the last `count - 1` colons part it.
std::vector<std::string> SplitFromBehind(std::string text, std::size_t count) {
  std::vector<std::string> parts;
  while (parts.size() + 1 < count) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string::npos) Fail("'" + text + "' has too few parts");
    parts.insert(parts.begin(), text.substr(colon + 1));
    text.resize(colon);
  }
  parts.insert(parts.begin(), text);
  return parts;
}

std::pair<std::string, BucketOptions> BucketOf(const std::string& text) {
  std::stringstream words(text);
  std::string name;
  std::getline(words, name, ':');
  BucketOptions options;
  for (std::string word; std::getline(words, word, ':');) {
    if (word == "versioned") {
      options.versioned = true;
    } else if (word == "lock") {
      options.locked = true;
    } else {
      Fail("'" + word + "' means nothing for a bucket");
    }
  }
  return {name, options};
}

FillOptions FillOf(const std::string& text) {
  const std::vector<std::string> parts = SplitFromBehind(text, 3);
  const std::size_t slash = parts[0].find('/');
  FillOptions fill{
      .bucket = parts[0].substr(0, slash), .count = Number(parts[1]), .size = Number(parts[2])};
  if (slash != std::string::npos) fill.prefix = parts[0].substr(slash + 1);
  return fill;
}

SimulatorOptions ReadFaults(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) Fail("cannot read '" + path + "'");
  std::stringstream text;
  text << file.rdbuf();
  auto options = ParseSimulatorOptions(text.str());
  if (!options.has_value()) Fail(lc2::Describe(options.error()));
  return std::move(options).value();
}

Arguments ReadArguments(const std::vector<std::string>& words) {
  Arguments read;
  // The file first: other options may come before it.
  for (std::size_t i = 0; i + 1 < words.size(); i += 2) {
    if (words[i] == "--faults") read.simulator = ReadFaults(words[i + 1]);
  }
  if (words.size() % 2 != 0) Fail("each option has a value");
  for (std::size_t i = 0; i < words.size(); i += 2) {
    const std::string& name = words[i];
    const std::string& value = words[i + 1];
    if (name == "--listen") {
      read.server.address = value;
    } else if (name == "--seed") {
      read.simulator.faults.seed = static_cast<std::uint64_t>(Number(value));
    } else if (name == "--key") {
      const std::size_t colon = value.find(':');
      if (colon == std::string::npos) Fail("a key is ID:SECRET");
      read.simulator.service.keys.push_back(
          {.id = value.substr(0, colon), .secret = value.substr(colon + 1)});
    } else if (name == "--region") {
      read.simulator.service.region = value;
    } else if (name == "--virtual-host") {
      read.simulator.service.virtual_host_suffix = value;
    } else if (name == "--threads") {
      read.server.threads = static_cast<int>(Number(value));
    } else if (name == "--bucket") {
      read.buckets.push_back(BucketOf(value));
    } else if (name == "--fill") {
      read.fills.push_back(FillOf(value));
    } else if (name == "--digests") {
      if (value != "yes" && value != "no") Fail("--digests is yes or no");
      read.digests = value == "yes";
    } else if (name != "--faults") {
      Fail("unknown option '" + name + "'");
    }
  }
  return read;
}

}  // namespace

int main(int argc, char** argv) {
  // Before any thread begins: each inherits it, and the signal waits for sigwait().
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);

  const Arguments arguments = ReadArguments({argv + 1, argv + argc});
  const lc2::SystemClock clock;
  Simulator simulator(arguments.simulator, clock);
  for (const auto& [name, options] : arguments.buckets) {
    simulator.service().CreateBucket(name, options);
  }
  for (FillOptions fill : arguments.fills) {
    fill.digests = arguments.digests;
    if (!simulator.service().Fill(fill)) Fail("there is no bucket '" + fill.bucket + "' to fill");
  }
  const auto server = SimServer::Start(simulator, arguments.server);
  if (!server.has_value()) Fail(lc2::Describe(server.error()));
  std::cout << (*server)->address() << std::endl;
  int signal = 0;
  sigwait(&ends, &signal);
  // Millions of objects take their time to free, for nothing.
  std::_Exit(0);
}
